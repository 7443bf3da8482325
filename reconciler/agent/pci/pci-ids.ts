import { createReadStream, existsSync } from "node:fs";
import type { PciNames, PciNumbers } from "../../../api/pci-device-names.js";
import { messageOf } from "../../../kube/errors.js";

/** Where distributions put the database. */
const USUAL_PLACES = ["/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids", "/usr/share/pci.ids"];

/** The first of the usual places that has a pci.ids; undefined where none has. */
export function findPciIds(): string | undefined {
  return USUAL_PLACES.find((file) => existsSync(file));
}

/**
 * Names from a pci.ids database. The file has tens of thousands of lines and a node a few kinds of devices, so that it
 * is read through for those that were not asked for before, and of it their names alone are kept: while the process
 * runs, so that a newer file counts from the next start.
 */
export class PciIds {
  /** By key; undefined where the database has no such entry. */
  private readonly names = new Map<Key, string | undefined>();
  private reading: Promise<void> = Promise.resolve();
  private failed = false;

  constructor(
    /** Undefined: everything is without a name. */
    private readonly file: string | undefined,
    /** Told once for each run of failures; the next call tries again. */
    private readonly onError: (message: string) => void = () => undefined,
  ) {}

  /** What the functions are called, in their order. Never fails: what cannot be read has no names. */
  async namesOf(functions: readonly PciNumbers[]): Promise<PciNames[]> {
    if (this.unseen(functions).size > 0) {
      this.reading = this.reading.then(() => this.learn(functions));
      await this.reading;
    }
    return functions.map((pciFunction) => this.known(pciFunction));
  }

  private known(pciFunction: PciNumbers): PciNames {
    const keys = keysOf(pciFunction);
    const parts = (Object.keys(keys) as (keyof PciNames)[]).map((part) => [part, this.names.get(keys[part])] as const);
    return Object.fromEntries(parts.filter(([, name]) => name !== undefined));
  }

  private unseen(functions: readonly PciNumbers[]): Set<Key> {
    return new Set(functions.flatMap((it) => Object.values(keysOf(it))).filter((key) => !this.names.has(key)));
  }

  private async learn(functions: readonly PciNumbers[]): Promise<void> {
    // Another call may have read them meanwhile.
    const unseen = this.unseen(functions);
    if (this.file === undefined || unseen.size === 0) return;
    try {
      const found = await readEntries(this.file, unseen);
      for (const key of unseen) this.names.set(key, found.get(key));
      this.failed = false;
    } catch (error) {
      if (!this.failed) {
        this.onError(
          `${this.file} cannot be read, so PCI devices are told by their numbers: ${messageOf(error)}. ` +
            `Install pci.ids, or say with --pci-ids where it is.`,
        );
      }
      this.failed = true;
    }
  }
}

/** `8086`, `8086:10ed`, `C 02`, `C 02:00`: a line's path in the database. */
type Key = string;

function keysOf({ vendorId, deviceId, classId }: PciNumbers): Record<keyof PciNames, Key> {
  const base = `C ${classId.slice(0, 2)}`;
  return {
    vendor: vendorId,
    device: `${vendorId}:${deviceId}`,
    class: base,
    subclass: `${base}:${classId.slice(2, 4)}`,
  };
}

/**
 * The entries of pci.ids among `wanted`. A vendor or class stands at the beginning of a line, its devices or subclasses
 * behind one tab, what is below those behind two.
 */
async function readEntries(file: string, wanted: ReadonlySet<Key>): Promise<ReadonlyMap<Key, string>> {
  const entries = new Map<Key, string>();
  let section = "";
  let rest = "";
  // Not line by line from the stream: that takes several times as long.
  for await (const chunk of createReadStream(file, "utf8")) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) readLine(line);
    if (entries.size === wanted.size) return entries;
  }
  readLine(rest);
  return entries;

  function readLine(line: string): void {
    // What stands behind two tabs is more than half of the file.
    if (line.startsWith("\t\t") || line.startsWith("#")) return;
    const below = line.startsWith("\t");
    const end = line.indexOf("  ");
    const id = line.slice(below ? 1 : 0, Math.max(end, 0));
    if (!below) section = id;
    const key = below ? `${section}:${id}` : id;
    if (wanted.has(key)) entries.set(key, line.slice(end).trim());
  }
}
