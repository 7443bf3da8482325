/**
 * What test pods run: `--listen=HOST:PORT` serves what it was told at `/told`, and 200 at every other path until a request for
 * `/break/PATH` says otherwise and `/mend/PATH` again. `--crash` ends at once with status 3; `--done` with 0; `--stubborn` does
 * not heed SIGTERM.
 */
import { createServer } from "node:http";

export interface Told {
  readonly pid: number;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

if (require.main === module) main(process.argv.slice(2));

function main(args: readonly string[]): void {
  if (args.includes("--crash")) process.exit(3);
  if (args.includes("--done")) process.exit(0);
  process.on("SIGTERM", () => args.includes("--stubborn") || process.exit(0));
  const told = JSON.stringify({ pid: process.pid, args, env: process.env });
  const broken = new Set<string>();
  const server = createServer(({ url = "" }, response) => {
    const [, verb, path = ""] = /^\/(break|mend)(\/.*)/.exec(url) ?? [];
    if (verb === "break") broken.add(path);
    if (verb === "mend") broken.delete(path);
    response.writeHead(broken.has(url) ? 500 : 200).end(url === "/told" ? told : "");
  });
  const [, host, port] = /--listen=(.+):(\d+)/.exec(args.join("\n")) ?? [];
  server.listen(Number(port), host);
}
