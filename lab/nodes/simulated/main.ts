import { readFileSync } from "node:fs";
import { lstat, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { parseArgs } from "node:util";
import { defaultHardware, type HardwareSpec } from "./hardware.js";
import { SimulatedNode } from "./node.js";
import { serve } from "./server.js";

const USAGE = "usage: node dist/lab/nodes/simulated/main.js --socket PATH [--hardware FILE.json | --total-vfs N]";

/** Hardware as a process of its own, so that it outlives the agents that use it. Prints `ready` once it listens. */
async function main(): Promise<void> {
  const {
    socket,
    hardware,
    "total-vfs": totalVfs,
  } = parseArgs({
    options: { socket: { type: "string" }, hardware: { type: "string" }, "total-vfs": { type: "string" } },
  }).values;
  if (socket === undefined) throw new Error(`--socket is missing; ${USAGE}`);

  const spec =
    hardware === undefined
      ? defaultHardware(totalVfs === undefined ? {} : { totalVfs: Number(totalVfs) })
      : readHardware(hardware);
  await removeStale(socket);
  const server = await serve(new SimulatedNode(spec), socket);

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      server.close(); // Which removes the socket from the file system.
      process.exit(0);
    });
  }
  process.stdout.write("ready\n");
}

function readHardware(file: string): HardwareSpec {
  return JSON.parse(readFileSync(file, "utf8")) as HardwareSpec;
}

/** A process that was killed leaves its socket behind; one that still answers keeps it. */
async function removeStale(socketPath: string): Promise<void> {
  const found = await lstat(socketPath).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${socketPath} is there already and is no socket; choose another --socket`);
  if (await isServed(socketPath)) {
    throw new Error(`another simulated node is served at ${socketPath}; stop it or choose another --socket`);
  }
  await rm(socketPath, { force: true });
}

function isServed(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(socketPath, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`simulated node: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
