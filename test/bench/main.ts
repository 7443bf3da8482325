import { messageOf } from "../../kube/errors.js";
import { benchAgent } from "./agent.js";
import { describeMachine } from "./machine.js";
import { benchImage } from "./image.js";
import { benchJoin } from "./join.js";
import { type Figure, figureTable, isMet } from "./figure.js";

/**
 * `npm run bench [-- NAME …]`: measures in labs of its own and prints figures beside their targets. Ends by itself, with
 * exit status 1 where a target is missed, 2 on wrong usage.
 */
const BENCHES: Readonly<Record<string, Bench>> = { agent: benchAgent, join: benchJoin, image: benchImage };

type Bench = (progress: (line: string) => void) => Promise<readonly Figure[]>;

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
    const figures = await bench((line) => console.error(`${name}: ${line}`));
    console.log(`\n${name}\n${figureTable(figures)}`);
    met &&= figures.every(isMet);
  }
  console.log(`\n${describeMachine()}`);
  return met ? 0 : 1;
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(`error: ${messageOf(error)}`);
    process.exit(1);
  },
);
