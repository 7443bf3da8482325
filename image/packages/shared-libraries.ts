import { execFileSync } from "node:child_process";
import { basename } from "node:path";
import { type DynamicProgram, environmentOf, MULTIARCH } from "./dynamic-program.js";

/** A library that an executable needs: where it is on this machine, and where a guest or an image has it. */
export interface SharedLibrary {
  readonly source: string;
  readonly path: string;
}

/** What the dynamic linker would load for the given executables, itself included; of two with one path there the first. */
export function sharedLibraries(executables: readonly DynamicProgram[]): SharedLibrary[] {
  const byPath = new Map<string, SharedLibrary>();
  for (const library of executables.flatMap(librariesOf)) {
    if (!byPath.has(library.path)) byPath.set(library.path, library);
  }
  return [...byPath.values()];
}

function librariesOf(program: DynamicProgram): SharedLibrary[] {
  try {
    const listing = execFileSync("ldd", [program.executable], {
      encoding: "utf8",
      env: environmentOf(program),
      stdio: ["ignore", "pipe", "ignore"],
    });
    const sources = [...listing.matchAll(/(?:^|\s)(\/\S+) \(0x/gm)].flatMap(([, library]) => library ?? []);
    return sources.map((source) => ({ source, path: pathInImage(source, program.libraries) }));
  } catch {
    return []; // Status 1: the executable is static.
  }
}

/** Unpacked libraries lie where no linker would look: guest and image have them where Debian, which they are from, keeps them. */
function pathInImage(source: string, unpacked: readonly string[] = []): string {
  const isUnpacked = unpacked.some((folder) => source.startsWith(`${folder}/`));
  return isUnpacked ? `/usr/lib/${MULTIARCH}/${basename(source)}` : source;
}
