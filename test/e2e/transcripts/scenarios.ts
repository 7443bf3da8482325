import { countInUse } from "./scenarios/count-in-use.js";
import { drift } from "./scenarios/drift.js";
import { gone } from "./scenarios/gone.js";
import { imported } from "./scenarios/imported.js";
import { lookups } from "./scenarios/lookups.js";
import { names } from "./scenarios/names.js";
import { network } from "./scenarios/network.js";
import { partial } from "./scenarios/partial.js";
import { passthrough } from "./scenarios/passthrough.js";
import { policy } from "./scenarios/policy.js";
import { silence } from "./scenarios/silence.js";
import type { Scenario } from "./scenario.js";

/** Those that take long first. */
export const SCENARIOS: readonly Scenario[] = [
  ...[countInUse, policy, drift, names, passthrough, silence],
  ...[imported, network, gone, partial, lookups],
];
