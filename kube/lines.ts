import type { Readable } from "node:stream";

/**
 * The lines of a stream as they come, the last one only if it is ended by a newline. Ends when the stream ends, when
 * nothing has come for `idleMs`, or when `signal` aborts; the stream is destroyed then.
 */
export async function* readLines(
  stream: Readable,
  options: { readonly signal: AbortSignal; readonly idleMs: number },
): AsyncGenerator<string> {
  const idle = setTimeout(() => stream.destroy(), options.idleMs);
  const abort = (): void => void stream.destroy();
  options.signal.addEventListener("abort", abort, { once: true });
  if (options.signal.aborted) abort();
  stream.setEncoding("utf8");
  let rest = "";
  try {
    for await (const chunk of stream) {
      idle.refresh();
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") yield line;
    }
  } catch (error) {
    // A watch ends in many ways, most of them by a broken connection; what matters is that it ended.
    if (!stream.destroyed) throw error;
  } finally {
    clearTimeout(idle);
    options.signal.removeEventListener("abort", abort);
    stream.destroy();
  }
}
