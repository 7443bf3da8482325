import type { Socket } from "node:net";

/** Calls `onLine` with every whole line that arrives, without its end. */
export function readLines(socket: Socket, onLine: (line: string) => void): void {
  let parts: string[] = [];
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    const [first = "", ...rest] = chunk.split("\n");
    parts.push(first);
    for (const next of rest) {
      const line = parts.join("");
      parts = [next];
      onLine(line);
    }
  });
}
