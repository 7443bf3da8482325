import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../../image/cache-directory.js";
import type { ProcessIdentity } from "./process-identity.js";

/** What is known of a run on disk, so that whoever finds it can end it. Only the run's owner writes it. */
export interface RunRecord {
  readonly id: string;
  readonly label: string;
  /** Since when, ISO 8601. */
  readonly began: string;
  readonly owner: ProcessIdentity;
  /** The run is meant to outlive its owner. */
  readonly keep: boolean;
  /** In the order of their start. */
  readonly processes: readonly RecordedProcess[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface RecordedProcess extends ProcessIdentity {
  readonly name: string;
}

export function runDirectory(id: string): string {
  return join(runsDirectory(), id);
}

/** Makes the run's directory. It appears with its record in it, so nobody finds one without an owner. */
export function createRunDirectory(record: RunRecord): string {
  const dir = runDirectory(record.id);
  const unfinished = join(runsDirectory(), unfinishedPrefix + record.id);
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  mkdirSync(join(unfinished, "logs"), { mode: 0o700 });
  write(unfinished, record);
  renameSync(unfinished, dir);
  return dir;
}

export function writeRecord(record: RunRecord): void {
  write(runDirectory(record.id), record);
}

/** `undefined` where the run is gone, or its record was cut short when the machine was. */
export function readRecord(id: string): RunRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(runDirectory(id), recordFile), "utf8")) as RunRecord;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

export function readAllRecords(): RunRecord[] {
  return entries()
    .filter((name) => !isUnfinished(name))
    .flatMap((name) => readRecord(name) ?? [])
    .sort((a, b) => a.began.localeCompare(b.began));
}

export function removeRunDirectory(id: string): void {
  rmSync(runDirectory(id), { recursive: true, force: true, maxRetries: 5 });
}

/** Removes directories without a record. To make one takes a moment, so one a minute old is nobody's work. */
export function removeRemnants(): void {
  for (const name of entries().filter((entry) => readRecord(entry) === undefined || isUnfinished(entry))) {
    const dir = join(runsDirectory(), name);
    const age = Date.now() - (statSync(dir, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > 60_000) rmSync(dir, { recursive: true, force: true });
  }
}

function isUnfinished(entry: string): boolean {
  return entry.startsWith(unfinishedPrefix);
}

const recordFile = "run.json";
const unfinishedPrefix = ".new-";

function runsDirectory(): string {
  return join(cacheDirectory(), "runs");
}

function entries(): string[] {
  try {
    return readdirSync(runsDirectory());
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

function write(dir: string, record: RunRecord): void {
  const file = join(dir, recordFile);
  writeFileSync(`${file}.new`, JSON.stringify(record, undefined, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
