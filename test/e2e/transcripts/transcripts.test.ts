import { expect } from "chai";
import { standInEngine } from "../../../lab/engine/executable.js";
import { sharedLab } from "../../shared-lab.js";
import { recorded } from "./fixture.js";
import { playAll } from "./play-all.js";
import type { Scenario } from "./scenario.js";
import { SCENARIOS } from "./scenarios.js";

/** The fixtures are what Pulumi's own engine printed; the stand-in prints the same. */
describe("the transcript of", function () {
  this.timeout(240_000);
  let played: ReadonlyMap<Scenario, Promise<string>>;

  before(async () => {
    const lab = await sharedLab();
    played = playAll(SCENARIOS, lab, standInEngine(lab.run.dir));
  });

  for (const scenario of SCENARIOS) {
    it(`${scenario.name} is as Pulumi's engine printed it`, async () => {
      expect(await played.get(scenario)).to.equal(recorded(scenario));
    });
  }
});
