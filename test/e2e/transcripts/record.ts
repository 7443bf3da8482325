import { findEngine } from "../../../lab/engine/executable.js";
import { sharedLab, stopSharedLab } from "../../shared-lab.js";
import { keep } from "./fixture.js";
import { playAll } from "./play-all.js";
import { SCENARIOS } from "./scenarios.js";

/**
 * Plays scenarios on Pulumi's own engine, the `pulumi` on PATH, and keeps what it printed as fixtures.
 *
 * @param names Of the scenarios; all where none is given.
 * @throws {Error} There is no such engine, or no such scenario.
 */
async function record(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown.length > 0) throw new Error(`no such scenario: ${unknown.join(", ")}`);
  const lab = await sharedLab();
  const engine = await findEngine(lab.run);
  if (engine.kind === "stand-in") throw new Error("transcripts are recorded from Pulumi's own engine: put it on PATH");
  const wanted = SCENARIOS.filter(({ name }) => names.length === 0 || names.includes(name));
  await Promise.all(
    [...playAll(wanted, lab, engine)].map(async ([scenario, transcript]) => {
      keep(scenario, await transcript, engine.version);
      console.log(`recorded ${scenario.name}`);
    }),
  );
}

record(process.argv.slice(2))
  .finally(stopSharedLab)
  .then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : String(error));
      process.exit(1);
    },
  );
