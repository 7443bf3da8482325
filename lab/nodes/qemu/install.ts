import { rmSync } from "node:fs";
import { openPrivateApt, osRelease, type PrivateApt } from "../../../image/packages/apt.js";
import { guestModules } from "./initramfs.js";
import { onPath } from "../../../image/packages/dynamic-program.js";
import { locateParts, qemuCache, unpackedParts, type QemuParts } from "./locate.js";

type Log = (line: string) => void;

let search: Promise<QemuParts> | undefined;

/**
 * Finds QEMU (8 or later, for the `igb` device), a kernel with its modules, busybox, iproute2 and `pci.ids`. What is not
 * there is fetched with apt and unpacked into the cache, which needs no root and changes nothing else on the machine.
 *
 * @throws an error that says what is missing and how to install it
 */
export function findQemuParts(log: Log = () => undefined): Promise<QemuParts> {
  // Several nodes that start at once fetch things once.
  search ??= findOrFetch(log).catch((error: unknown) => {
    search = undefined;
    throw error;
  });
  return search;
}

async function findOrFetch(log: Log): Promise<QemuParts> {
  const found = locateParts();
  if (isComplete(found)) return found;
  const fetched = await fetchWithApt(found, log);
  if (isComplete(fetched)) return fetched;
  throw new Error(howToInstall(fetched));
}

function isComplete(parts: Partial<QemuParts>): parts is QemuParts {
  const names = Object.keys(unpackedParts) as (keyof QemuParts)[];
  return names.every((part) => parts[part] !== undefined);
}

/** QEMU's first major version with the device `igb`. */
const firstWithIgb = 8;

async function fetchWithApt(found: Partial<QemuParts>, log: Log): Promise<Partial<QemuParts>> {
  if (process.arch !== "x64" || onPath("apt-get") === undefined || onPath("dpkg-deb") === undefined) return found;
  log(`Fetching what the QEMU node needs with apt, into ${qemuCache()} …`);
  let apt: PrivateApt | undefined;
  try {
    apt = await openPrivateApt(qemuCache());
    if (majorVersion(await apt.candidate("qemu-system-x86")) < firstWithIgb) apt.preferBackports();
    await fetchPart(apt, "qemu", "qemu-system-x86", log);
    await fetchPart(apt, "busybox", "busybox-static", log);
    await fetchPart(apt, "pciIds", "pci.ids", log);
    await fetchPart(apt, "iproute2", "iproute2", log);
    await fetchPart(apt, "kernel", await apt.current("linux-image-amd64"), log);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${howToInstall(locateParts())}\nFetching it with apt was tried: ${reason}`, { cause: error });
  } finally {
    apt?.close();
  }
  return locateParts();
}

async function fetchPart(apt: PrivateApt, part: keyof QemuParts, name: string, log: Log): Promise<void> {
  if (locateParts()[part] !== undefined) return;
  log(`  ${name} ${await apt.candidate(name)}`);
  const target = unpackedParts[part]();
  // What lies there does not work, or it would have been found: an upgraded machine may lack what it was linked to.
  rmSync(target, { recursive: true, force: true });
  await apt.unpack(name, target, { dependencies: part === "qemu" || part === "iproute2" });
}

function majorVersion(version: string): number {
  return Number(/^(?:\d+:)?(\d+)/.exec(version)?.[1] ?? 0);
}

/** What the node needs, which of it is there, and what to do about the rest. */
export function howToInstall(found: Partial<QemuParts>, release = osRelease()): string {
  const state = (part: keyof QemuParts) => (found[part] === undefined ? "not found" : "found");
  const codename = release["VERSION_CODENAME"] ?? "";
  const commands =
    release["ID"] === "debian"
      ? [
          `  apt-get install -t ${codename}-backports qemu-system-x86`,
          `    (where ${codename}'s own QEMU is older; the suite ${codename}-backports must be among apt's sources)`,
          "  apt-get install busybox-static iproute2 pci.ids linux-image-amd64",
        ]
      : [
          "  QEMU with x86-64 emulation (Ubuntu 24.04: qemu-system-x86; Fedora: qemu-system-x86-core; Arch: qemu-system-x86)",
          "  a busybox (Debian, Ubuntu: busybox-static; Fedora, Arch: busybox)",
          "  the command ip of iproute2 (Debian, Ubuntu, Arch: iproute2; Fedora: iproute)",
          "  the database pci.ids (Debian, Ubuntu, Arch: pci.ids or hwdata; Fedora: hwdata)",
          "  the distribution's usual kernel, with its image readable by you",
        ];
  return [
    "The QEMU node needs, on an x86-64 Linux:",
    `  qemu-system-x86_64 with the device igb, that is QEMU ${firstWithIgb} or later: ${state("qemu")}`,
    `  a kernel image with the modules ${guestModules.join(", ")}: ${state("kernel")}`,
    `  a busybox with init, insmod, ip and xz: ${state("busybox")}`,
    `  the ip of iproute2: ${state("iproute2")}`,
    `  the database pci.ids: ${state("pciIds")}`,
    `Install what was not found, as root on ${release["PRETTY_NAME"] ?? "this system"}:`,
    ...commands,
    "or name it: PULUMI_SRIOV_QEMU=…/qemu-system-x86_64, PULUMI_SRIOV_BUSYBOX=…/busybox, PULUMI_SRIOV_IP=…/ip,",
    "PULUMI_SRIOV_PCI_IDS=…/pci.ids, PULUMI_SRIOV_KERNEL=…/vmlinuz with PULUMI_SRIOV_MODULES=…/lib/modules/<version>.",
  ].join("\n");
}
