import { BlockList, isIP } from "node:net";

/** Is it an address of the machine to itself, IPv4 or IPv6? */
export function isLoopback(address: string): boolean {
  return contains(LOOPBACK, plain(address));
}

/** One address, however each is written: `FD00::1` and `fd00:0:0::1`, `::ffff:10.0.0.5` and `10.0.0.5`. */
export function isSameAddress(a: string, b: string): boolean {
  const [first, second] = [plain(a), plain(b)];
  if (first === second) return true;
  if (isIP(first) !== 6) return false;
  const only = new BlockList();
  only.addAddress(first, "ipv6");
  return contains(only, second);
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

function contains(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? "ipv6" : "ipv4");
}

/** Without the zone of a link-local address; IPv4 as such where a socket for both families shows it as IPv6. */
function plain(address: string): string {
  return address.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
}
