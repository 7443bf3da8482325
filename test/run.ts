import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TierResult } from "./tier.js";

/**
 * `npm test [-- TIER …]`: runs tiers one after the other, each in a process of its own, and ends with the line
 * `N passed, N failed`. What they run and the machine lacks is got before. A tier that runs no test, skips one or ends
 * early counts as failed: nothing is passed by silence.
 *
 * Some tiers run beside the hardware's, which mostly waits for an emulated machine, one after the other, and are printed
 * after it.
 */
const TIER = join(__dirname, "tier.js");
const PREPARE = join(__dirname, "prepare.js");
const DEFAULT_TIERS = ["unit", "integration", "e2e", "hardware"];
const BESIDE_HARDWARE = ["engine", "faults"];
const ALL_TIERS = [...DEFAULT_TIERS, ...BESIDE_HARDWARE];

async function main(): Promise<void> {
  const given = process.argv.slice(2);
  const unknown = given.filter((name) => name !== "all" && !ALL_TIERS.includes(name));
  if (unknown.length > 0) {
    console.error(`no such tier: ${unknown.join(", ")}; there are ${ALL_TIERS.join(", ")}, and all`);
    process.exit(2);
  }
  const tiers = given.includes("all") ? ALL_TIERS : given.length > 0 ? given : DEFAULT_TIERS;
  await once(fork(PREPARE, tiers), "exit");
  const failures: string[] = [];
  let passed = 0;
  let failed = 0;
  let beside: ReadonlyMap<string, Promise<Captured>> = new Map();
  for (const tier of tiers) {
    if (tier === "hardware") beside = captureInTurn(BESIDE_HARDWARE.filter((name) => tiers.includes(name)));
    console.log(`\n=== ${tier}`);
    const captured = await beside.get(tier);
    const result = captured === undefined ? await runTier(fork(TIER, [tier])) : print(captured);
    passed += result.passed;
    failed += result.failed.length;
    failures.push(...result.failed.map((title) => `${tier}: ${title}`));
  }
  if (failures.length > 0) console.log(`\nFailed:\n${failures.map((title) => `  ${title}`).join("\n")}`);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

interface Captured {
  readonly result: TierResult;
  /** A file, since a pipe that a test's leftover holds open would never end. */
  readonly output: string;
}

function captureInTurn(tiers: readonly string[]): ReadonlyMap<string, Promise<Captured>> {
  let before: Promise<unknown> = Promise.resolve();
  return new Map(
    tiers.map((tier) => {
      const captured = before.then(() => captureTier(tier));
      before = captured;
      return [tier, captured];
    }),
  );
}

async function captureTier(tier: string): Promise<Captured> {
  const output = join(mkdtempSync(join(tmpdir(), "pulumi-sriov-tier-")), "output");
  const file = openSync(output, "w");
  const result = await runTier(fork(TIER, [tier], { stdio: ["ignore", file, file, "ipc"] }));
  closeSync(file);
  return { result, output };
}

function print({ result, output }: Captured): TierResult {
  process.stdout.write(readFileSync(output));
  rmSync(dirname(output), { recursive: true });
  return result;
}

function runTier(child: ChildProcess): Promise<TierResult> {
  return new Promise((resolve) => {
    let result: TierResult | undefined;
    child.on("message", (message) => (result = message as TierResult));
    child.on("exit", (code, signal) => {
      const early = `ended early (${signal ?? `status ${code ?? "unknown"}`})`;
      resolve(result ?? { passed: 0, failed: [early] });
    });
  });
}

void main();
