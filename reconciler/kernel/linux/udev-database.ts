import { readFileSync } from "node:fs";

/**
 * The names that udev's rules found for an interface, which systemd gives it as alternative names, sorted. They are read
 * from udev's own record of it, since the kernel tells them by netlink alone. None where there is no such record: a host
 * without udev, or whose `/run/udev` is not mounted here.
 */
export function alternativeNames(folder: string, interfaceIndex: string): string[] {
  const names = readRecord(`${folder}/n${interfaceIndex}`)
    .split("\n")
    .map((line) => NAME.exec(line)?.[1])
    .filter((name) => name !== undefined);
  return [...new Set(names)].sort();
}

/** One of the names by place: the board's firmware, the slot, the path of buses; or by MAC address. */
const NAME = /^E:ID_NET_NAME_(?:ONBOARD|SLOT|PATH|MAC)=(\S+)$/;

/** udev replaces a record as a whole, so that no half of one is read. */
function readRecord(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
