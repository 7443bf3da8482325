import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../project.js";
import type { Scenario } from "./scenario.js";

/** What Pulumi's engine printed for the scenario, without the header. */
export function recorded({ name }: Scenario): string {
  const text = readFileSync(fileOf(name), "utf8");
  return text.slice(text.indexOf(HEADER_END) + HEADER_END.length);
}

/** Keeps a transcript. `version`: of the engine that printed it. */
export function keep({ name }: Scenario, transcript: string, version: string): void {
  const header = `Recorded from Pulumi's own engine (pulumi version: ${version}) by \`node dist/test/e2e/transcripts/record.js ${name}\`.`;
  writeFileSync(fileOf(name), header + HEADER_END + transcript);
}

const HEADER_END = "\n\n";

function fileOf(name: string): string {
  return join(REPOSITORY, "test", "fixtures", "transcripts", `${name}.txt`);
}
