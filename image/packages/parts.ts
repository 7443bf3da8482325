import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../cache-directory.js";
import { openPrivateApt } from "./apt.js";
import { type DynamicProgram, isReadable, libraryFolders, onPath } from "./dynamic-program.js";

/** What the image has that is neither Node nor this project's. */
export interface SystemParts {
  /** kmod's, which loads modules for whichever kernel the node has. */
  readonly modprobe: DynamicProgram;
  /** The database of PCI names. */
  readonly pciIds: string;
}

/** The Debian package of each. */
const PACKAGES = { modprobe: "kmod", pciIds: "pci.ids" } as const;

/**
 * Finds kmod's `modprobe` and `pci.ids`: named in the environment (`PULUMI_SRIOV_MODPROBE`, `PULUMI_SRIOV_PCI_IDS`),
 * installed, or unpacked in the cache; what is nowhere is fetched there with apt.
 *
 * @throws {Error} One is missing; says how to install it
 */
export async function findSystemParts(log: (line: string) => void = () => undefined): Promise<SystemParts> {
  const found = locate();
  if (isComplete(found)) return found;
  const failure = await fetchWithApt(missingFrom(found), log).then(
    () => undefined,
    (error: unknown) => error,
  );
  const fetched = locate();
  if (isComplete(fetched)) return fetched;
  throw new Error(howToInstall(missingFrom(fetched), failure), { cause: failure });
}

function locate(): Partial<SystemParts> {
  const [modprobe, pciIds] = [findModprobe(), findPciIds()];
  return { ...(modprobe && { modprobe }), ...(pciIds !== undefined && { pciIds }) };
}

function findModprobe(): DynamicProgram | undefined {
  const executable = process.env["PULUMI_SRIOV_MODPROBE"] ?? onPath("modprobe");
  if (executable !== undefined) return { executable };
  const root = unpacked("modprobe");
  // Another name of kmod's, which does what it is called.
  const kmod = ["usr/bin/kmod", "bin/kmod"].map((path) => join(root, path)).find(existsSync);
  return kmod === undefined ? undefined : { executable: kmod, libraries: libraryFolders(root) };
}

function findPciIds(): string | undefined {
  const folders = ["/usr/share/misc", "/usr/share/hwdata", join(unpacked("pciIds"), "usr/share/misc")];
  return [process.env["PULUMI_SRIOV_PCI_IDS"], ...folders.map((folder) => join(folder, "pci.ids"))]
    .flatMap((path) => path ?? [])
    .find(isReadable);
}

function unpacked(part: keyof SystemParts): string {
  return join(cacheDirectory(), "packages", PACKAGES[part]);
}

function missingFrom(found: Partial<SystemParts>): (keyof SystemParts)[] {
  return (["modprobe", "pciIds"] as const).filter((part) => found[part] === undefined);
}

function isComplete(found: Partial<SystemParts>): found is SystemParts {
  return missingFrom(found).length === 0;
}

async function fetchWithApt(parts: readonly (keyof SystemParts)[], log: (line: string) => void): Promise<void> {
  if (onPath("apt-get") === undefined || onPath("dpkg-deb") === undefined) return;
  const apt = await openPrivateApt(cacheDirectory());
  try {
    for (const part of parts) {
      const name = PACKAGES[part];
      log(`Fetching ${name} ${await apt.candidate(name)} with apt, into ${cacheDirectory()} …`);
      rmSync(unpacked(part), { recursive: true, force: true });
      await apt.unpack(name, unpacked(part), { dependencies: part === "modprobe" });
    }
  } finally {
    apt.close();
  }
}

function howToInstall(missing: readonly (keyof SystemParts)[], failure: unknown): string {
  const said = failure instanceof Error ? [`Fetching them with apt was tried: ${failure.message}`] : [];
  return [
    `The reconciler's image needs ${missing.map((part) => PACKAGES[part]).join(" and ")}, which this machine has not.`,
    "Install them (Debian, Ubuntu: kmod and pci.ids; Fedora, Arch: kmod and hwdata),",
    "or name them: PULUMI_SRIOV_MODPROBE=…/modprobe, PULUMI_SRIOV_PCI_IDS=…/pci.ids.",
    ...said,
  ].join("\n");
}
