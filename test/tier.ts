import { config } from "chai";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import Mocha from "mocha";
import { stopSharedLab } from "./shared-lab.js";

/** One tier's tests in one process: `tier.js TIER`. Reports to the parent process by message. */
export interface TierResult {
  readonly passed: number;
  /** Titles of what failed, skipped tests included. */
  readonly failed: readonly string[];
}

function run(tier: string): void {
  const folder = join(__dirname, tier);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".test.js"));
  const mocha = new Mocha({ reporter: "spec", timeout: 60_000, forbidOnly: true });
  // What a command has said begins with words of the Automation API, and would be cut off behind them.
  config.truncateThreshold = 0;
  for (const file of files.sort()) mocha.addFile(join(folder, file));
  mocha.rootHooks({ afterAll: stopSharedLab });
  const failed: string[] = [];
  let passed = 0;
  const runner = mocha.run(() => {
    if (passed + failed.length === 0) failed.push("no test ran");
    const result: TierResult = { passed, failed };
    if (process.send) process.send(result, () => process.exit());
    else process.exit(failed.length === 0 ? 0 : 1);
  });
  runner.on("pass", () => passed++);
  runner.on("fail", (test) => failed.push(test.fullTitle()));
  runner.on("pending", (test) => failed.push(`skipped: ${test.fullTitle()}`));
}

const [tier] = process.argv.slice(2);
if (tier === undefined) throw new Error("usage: tier.js TIER");
run(tier);
