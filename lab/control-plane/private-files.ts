import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes files (name to content) that only this user may read. */
export function writePrivateFiles(dir: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content, { mode: 0o600 });
}
