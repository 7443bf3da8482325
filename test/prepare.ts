import { findSystemParts } from "../image/packages/parts.js";
import { messageOf } from "../kube/errors.js";
import { findBinaries, findScheduler } from "../lab/control-plane/find-binaries.js";
import { findNodePrograms } from "../lab/nodes/kubelet/programs.js";
import { findQemuParts } from "../lab/nodes/qemu/install.js";
import { beginRun, type LabRun } from "../lab/processes/lab-run.js";

/**
 * `prepare.js TIER …`: gets what the tests of these tiers run and this machine lacks, so that no test's time goes into a build
 * of minutes. What cannot be had is told, and told again by the tests that need it.
 */
async function prepare(tiers: readonly string[]): Promise<void> {
  const log = (line: string): void => console.log(line);
  const run = await beginRun({ label: "prepare", log });
  run.stopOnSignals();
  try {
    if (tiers.some((tier) => tier !== "unit"))
      await get([findBinaries, findScheduler, () => findSystemParts(log)], run);
    if (tiers.includes("hardware")) await get([() => findQemuParts(log), findNodePrograms], run);
  } finally {
    await run.stop();
  }

  async function get(parts: readonly Find[], of: LabRun): Promise<void> {
    for (const find of parts) {
      try {
        await find(of, log);
      } catch (error) {
        of.signal.throwIfAborted();
        log(messageOf(error));
      }
    }
  }
}

type Find = (run: LabRun, log: (line: string) => void) => Promise<unknown>;

void prepare(process.argv.slice(2)).then(() => process.exit(0));
