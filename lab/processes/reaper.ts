/**
 * Ends a run when its owner is gone, however that came about: the owner holds the other end of this process's standard
 * input, and the kernel closes it with the owner. Started by `beginRun`, in a session of its own; where it is killed as
 * well, the next `beginRun` does its work.
 *
 * Usage: reaper.js RUN-ID
 */
import { endRun } from "./end-run.js";
import { readRecord } from "./run-record.js";

const id = process.argv[2] ?? "";
process.stdin.resume().on("close", () => {
  if (readRecord(id)?.keep === false) void endRun(id, 3_000);
});
process.stdin.on("error", () => undefined); // "close" follows
