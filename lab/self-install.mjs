/**
 * Puts the built package where a program finds it by name: node_modules/pulumi-sriov. A copy, not a link, because
 * Pulumi serializes a provider module as `require("pulumi-sriov/…")` only where its real path lies under node_modules;
 * anything else it inlines by value.
 */
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, "node_modules", "pulumi-sriov");
const { bin, files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const file of ["package.json", ...files]) cpSync(join(root, file), join(target, file), { recursive: true });

// As npm does it, so that `npx pulumi-sriov` here is this one.
const commands = join(root, "node_modules", ".bin");
for (const [name, file] of Object.entries(bin)) {
  const link = join(commands, name);
  rmSync(link, { force: true });
  symlinkSync(relative(commands, join(target, file)), link);
  chmodSync(join(target, file), 0o755);
}
