/**
 * Puts the built package where a program finds it by name: node_modules/pulumi-sriov. A copy, not a link, because
 * Pulumi serializes a provider module as `require("pulumi-sriov/…")` only where its real path lies under node_modules;
 * anything else it inlines by value.
 */
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, "node_modules", "pulumi-sriov");
const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const file of ["package.json", ...files]) cpSync(join(root, file), join(target, file), { recursive: true });
