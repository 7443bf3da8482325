import { homedir } from "node:os";
import { join } from "node:path";

/** Where the project keeps what it can do without: `$XDG_CACHE_HOME/pulumi-sriov`, `~/.cache` where that is not set. */
export function cacheDirectory(): string {
  const base = process.env["XDG_CACHE_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "pulumi-sriov");
}
