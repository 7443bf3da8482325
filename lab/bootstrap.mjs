/**
 * Entry of the npm scripts on a machine that may have nothing yet but some Node and npm: installs the dependencies and
 * builds, where that is not done, then runs the command on the Node of node_modules, whatever PATH has.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, "node_modules", ".bin");
const commands = {
  start: ["dist/lab/main.js", "demo"],
  lab: ["dist/lab/main.js"],
  test: ["dist/test/run.js"],
  bench: ["dist/test/bench/main.js"],
  mutate: ["node_modules/@stryker-mutator/core/bin/stryker.js", "run"],
  bundle: ["dist/image/bundle-reconciler.js"],
  image: ["dist/image/main.js"],
};

const [command, ...args] = process.argv.slice(2);
for (const flag of ["keep", "node", "nodes"]) {
  // npm takes what stands before "--" for its own, and goes on without it.
  if (command === "start" && process.env[`npm_config_${flag}`] !== undefined) {
    console.error(`write the flags after "--": npm start -- --${flag}`);
    process.exit(2);
  }
}
if (command === "build") {
  process.chdir(root);
  install();
  build();
  process.exit(0);
}
if (!Object.hasOwn(commands, command)) {
  console.error(`unknown command ${command}: one of ${Object.keys(commands).join(", ")}`);
  process.exit(2);
}
process.chdir(root);
install();
build();
run();

function install() {
  const wanted = createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
  const mark = join("node_modules", ".installed-from");
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted && existsSync(join(bin, "node"))) return;
  console.log("Installing dependencies (npm ci) …");
  must("npm", ["ci", "--loglevel=error", "--no-fund", "--no-audit"]);
  writeFileSync(mark, wanted);
}

function build() {
  const mark = join("dist", ".built");
  if (existsSync(mark) && existsSync(join("node_modules", "pulumi-sriov")) && newestSource() < statSync(mark).mtimeMs)
    return;
  console.log("Building …");
  removeOrphans("dist");
  must(join(bin, "node"), [join("node_modules", "typescript", "bin", "tsc"), "-p", "."]);
  must(join(bin, "node"), [join("lab", "self-install.mjs")]);
  writeFileSync(mark, "");
}

/** What the compiler once made of sources that are gone: it would go on running, as a test for one. */
function removeOrphans(folder) {
  if (!existsSync(folder)) return;
  for (const file of readdirSync(folder, { recursive: true }).map(String)) {
    const source = /\.(js|js\.map|d\.ts)$/.test(file) ? file.replace(/\.(js|js\.map|d\.ts)$/, ".ts") : undefined;
    if (source !== undefined && !existsSync(source)) rmSync(join(folder, file));
  }
}

function newestSource() {
  const { include: rooms } = JSON.parse(readFileSync("tsconfig.json", "utf8"));
  const files = rooms.flatMap((room) =>
    readdirSync(room, { recursive: true }).map((file) => join(room, file.toString())),
  );
  return Math.max(...["package.json", "tsconfig.json", ...files].map((file) => statSync(file).mtimeMs));
}

function run() {
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const child = spawn(join(bin, "node"), [...commands[command], ...args], { stdio: "inherit", env });
  // The terminal sends ^C to the child as well; this process only waits for what the child makes of it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => signal !== "SIGINT" && child.kill(signal));
  }
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

function must(file, arguments_) {
  const { status, error } = spawnSync(file, arguments_, { stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
