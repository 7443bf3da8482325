import { join } from "node:path";

/** Folder beside the bundle. A copy of both keeps the bundle's name, since the cache goes by it. */
export const compileCacheName = "compile-cache";

/**
 * Flags of Node for the bundle. V8's two optimizing compilers are for code that runs hot, and the agent rests: without them
 * one with 256 VFs takes a fifth less memory and no more processor time. More room for new objects would only let garbage
 * of hours pile up.
 */
export const bundleFlags = ["--no-opt", "--no-maglev", "--max-semi-space-size=1"] as const;

/** Of the allocator, whose default is eight for each core; what is freed in one is of no use in another. */
const ONE_ARENA = "1";

/**
 * Environment in which the bundle in `directory` is to run: Node uses the cache beside it, where it is the same Node with
 * the same flags that made it, and keeps its memory small.
 */
export function bundleEnv(directory: string): Readonly<Record<string, string>> {
  return {
    NODE_COMPILE_CACHE: join(directory, compileCacheName),
    NODE_COMPILE_CACHE_PORTABLE: "1",
    MALLOC_ARENA_MAX: ONE_ARENA,
  };
}
