import { parseArgs } from "node:util";
import { settingsOf } from "../deploy/settings.js";
import { reconcilerImage } from "./archive.js";
import { reconcilerTree } from "./tree.js";

const USAGE = `usage: npm run image -- --tree DIR
       npm run image -- --archive FILE [--tag NAME:TAG]…

Makes the reconciler's image: its files, as a container's root, in a folder that is not there yet, or an archive that
"docker load", "podman load" and "ctr images import" take. The image's name is by default ${settingsOf().image}.
`;

/** Exit status 0; 1 where it cannot be made; 2 on wrong usage. */
async function main(): Promise<number> {
  const given = parse();
  if (given === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const log = (line: string): void => console.error(line);
  if (given.tree !== undefined) {
    await reconcilerTree(given.tree, { log });
  } else {
    console.log(await reconcilerImage({ out: given.archive, tags: given.tags, log }));
  }
  return 0;
}

type Given =
  { readonly tree: string } | { readonly tree: undefined; readonly archive: string; readonly tags: string[] };

function parse(): Given | undefined {
  const options = {
    tree: { type: "string" },
    archive: { type: "string" },
    tag: { type: "string", multiple: true },
  } as const;
  try {
    const { tree, archive, tag } = parseArgs({ options }).values;
    if (tree !== undefined) return archive === undefined && tag === undefined ? { tree } : undefined;
    return archive === undefined ? undefined : { tree, archive, tags: tag ?? [settingsOf().image] };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

main().then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);
