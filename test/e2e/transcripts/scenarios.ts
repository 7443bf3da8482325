import { countInUse } from "./scenarios/count-in-use.js";
import { drift } from "./scenarios/drift.js";
import { gone } from "./scenarios/gone.js";
import { lookups } from "./scenarios/lookups.js";
import { names } from "./scenarios/names.js";
import { passthrough } from "./scenarios/passthrough.js";
import { policy } from "./scenarios/policy.js";
import { silence } from "./scenarios/silence.js";
import type { Scenario } from "./scenario.js";

export const SCENARIOS: readonly Scenario[] = [countInUse, policy, drift, gone, names, silence, passthrough, lookups];
