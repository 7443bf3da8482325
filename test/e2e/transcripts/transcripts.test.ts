import { expect } from "chai";
import { standInEngine } from "../../../lab/engine/executable.js";
import { sharedLab } from "../../shared-lab.js";
import { recorded } from "./fixture.js";
import { SCENARIOS } from "./scenarios.js";
import type { Scenario } from "./scenario.js";
import { play } from "./stage.js";

/** As many as run well side by side: what takes long is the start of processes. */
const AT_ONCE = 3;

/** The fixtures are what Pulumi's own engine printed; the stand-in prints the same. */
describe("the transcript of", function () {
  this.timeout(240_000);
  const played = new Map<Scenario, Promise<string>>();

  before(async () => {
    const lab = await sharedLab();
    const engine = standInEngine(lab.run.dir);
    const lanes: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
    for (const [i, scenario] of SCENARIOS.entries()) {
      const transcript = Promise.resolve(lanes[i % AT_ONCE]).then(() => play(scenario, lab, engine));
      lanes[i % AT_ONCE] = transcript.catch(() => undefined);
      played.set(scenario, transcript);
    }
  });

  for (const scenario of SCENARIOS) {
    it(`${scenario.name} is as Pulumi's engine printed it`, async () => {
      expect(await played.get(scenario)).to.equal(recorded(scenario));
    });
  }
});
