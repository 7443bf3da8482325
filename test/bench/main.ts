import { beginRun } from "../../lab/processes/lab-run.js";
import { messageOf } from "../../kube/errors.js";
import { benchAgent } from "./agent.js";
import { describeMachine } from "./machine.js";
import type { Figure } from "./figure.js";
import { figureTable } from "./figure.js";
import type { LabRun } from "../../lab/processes/lab-run.js";

/**
 * `npm run bench [-- NAME …]`: measures in a lab of its own and prints figures beside their targets. Ends by itself, with
 * exit status 1 where a target is missed, 2 on wrong usage.
 */
const BENCHES: Readonly<Record<string, (run: LabRun) => Promise<readonly Figure[]>>> = { agent: benchAgent };

async function main(): Promise<number> {
  const given = process.argv.slice(2);
  const unknown = given.filter((name) => !(name in BENCHES));
  if (unknown.length > 0) {
    console.error(`no such bench: ${unknown.join(", ")}; there is ${Object.keys(BENCHES).join(", ")}`);
    return 2;
  }
  let met = true;
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (given.length > 0 && !given.includes(name)) continue;
    const figures = await measure(bench);
    console.log(`\n${name}\n${figureTable(figures)}`);
    met &&= figures.every((figure) => figure.target === undefined || figure.value <= figure.target);
  }
  console.log(`\n${describeMachine()}`);
  return met ? 0 : 1;
}

async function measure(bench: (run: LabRun) => Promise<readonly Figure[]>): Promise<readonly Figure[]> {
  const run = await beginRun({ label: "bench" });
  run.stopOnSignals();
  try {
    return await bench(run);
  } finally {
    await run.stop();
  }
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(`error: ${messageOf(error)}`);
    process.exit(1);
  },
);
