import type { EngineExecutable } from "../../../lab/engine/executable.js";
import type { Lab } from "../../../lab/lab.js";
import type { Scenario } from "./scenario.js";
import { play } from "./stage.js";

/** As many as run well side by side: what takes long is the start of processes. */
const AT_ONCE = 4;

/** Plays scenarios, several at once; the transcript of each by the scenario. */
export function playAll(
  scenarios: readonly Scenario[],
  lab: Lab,
  engine: EngineExecutable,
): ReadonlyMap<Scenario, Promise<string>> {
  const lanes: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
  return new Map(
    scenarios.map((scenario, i) => {
      const transcript = Promise.resolve(lanes[i % AT_ONCE]).then(() => play(scenario, lab, engine));
      // Who wants the transcript hears of what went wrong; the next one in the lane is played all the same.
      lanes[i % AT_ONCE] = transcript.catch(() => undefined);
      return [scenario, transcript] as const;
    }),
  );
}
