/**
 * Loaded into the program and its provider before their own code: ends the process when its standard input closes, that
 * is when the engine that started it has died, however it died.
 */
process.stdin.on("end", () => process.exit(1));
process.stdin.on("error", () => process.exit(1));
process.stdin.resume();
(process.stdin as unknown as { unref?: () => void }).unref?.();
