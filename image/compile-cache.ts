import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bundleEnv, bundleFlags, compileCacheName } from "./runtime.js";

/**
 * Has the reconciler's bundle start once, so that Node keeps beside it what it compiled, which saves a good part of each
 * start. The same bundle gives the same bytes in whatever folder and on whatever machine.
 *
 * @param name The bundle's, in `directory`
 */
export function makeCompileCache(directory: string, name: string): void {
  rmSync(join(directory, compileCacheName), { recursive: true, force: true });
  const machine = mkdtempSync(join(tmpdir(), "no-machine-"));
  try {
    start(directory, name, machine);
  } finally {
    rmSync(machine, { recursive: true });
  }
}

/** The folder by a name that is the same everywhere: the cache has the bundle's path in it. */
const HERE = "/proc/self/cwd";

function start(directory: string, name: string, machine: string): void {
  const kubeconfig = join(machine, "kubeconfig");
  writeFileSync(kubeconfig, JSON.stringify(NOBODY_SERVES));
  const { sysRoot, procRoot } = emptyMachine(machine);
  const roots = ["--sys-root", sysRoot, "--proc-root", procRoot];
  // Ends at once, since nobody serves; until then it has run through most of what a start runs through.
  const args = ["agent", "--node-name", "none", "--once", "--kubeconfig", kubeconfig, ...roots];
  // Else the order of what is in the cache would be another each time. Of V8's flags this one may differ when it is used.
  const flags = [...bundleFlags, "--random-seed=1", "--preserve-symlinks-main"];
  spawnSync(process.execPath, [...flags, join(HERE, name), ...args], {
    cwd: directory,
    env: bundleEnv(HERE),
    stdio: "ignore",
  });
}

/** What of a machine an agent must see to start, so that it does not see which machine this is. */
function emptyMachine(directory: string): { readonly sysRoot: string; readonly procRoot: string } {
  const [sysRoot, procRoot] = [join(directory, "sys"), join(directory, "proc")];
  const routes = join(procRoot, "1", "net", "route");
  for (const folder of [join(sysRoot, "class", "net"), dirname(routes)]) mkdirSync(folder, { recursive: true });
  writeFileSync(routes, "");
  return { sysRoot, procRoot };
}

const NOBODY_SERVES = {
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "none", cluster: { server: "https://127.0.0.1:1" } }],
  users: [{ name: "nobody", user: { token: "none" } }],
  contexts: [{ name: "none", context: { cluster: "none", user: "nobody" } }],
  "current-context": "none",
};
