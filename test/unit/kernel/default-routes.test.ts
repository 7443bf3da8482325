import { expect } from "chai";
import { defaultRoutesIPv4, defaultRoutesIPv6 } from "../../../reconciler/kernel/linux/default-routes.js";

describe("default routes", () => {
  describe("in /proc/net/route", () => {
    const table = (...rows: string[]): string =>
      ["Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT", ...rows, ""].join("\n");
    const row = (name: string, destination: string, flags: string, mask: string): string =>
      `${name}\t${destination}\t0100000A\t${flags}\t0\t0\t100\t${mask}\t0\t0\t0`;

    it("are those to 0.0.0.0/0", () => {
      const routes = table(row("ens1", "00000000", "0003", "00000000"), row("ens2", "0000000A", "0001", "00FFFFFF"));
      expect(defaultRoutesIPv4(routes)).to.deep.equal(["ens1"]);
    });

    it("are not the halves 0.0.0.0/1 of a VPN", () => {
      expect(defaultRoutesIPv4(table(row("tun0", "00000000", "0003", "00000080")))).to.be.empty;
    });

    it("are all of several", () => {
      const routes = table(row("ens1", "00000000", "0003", "00000000"), row("ens2", "00000000", "0003", "00000000"));
      expect(defaultRoutesIPv4(routes)).to.deep.equal(["ens1", "ens2"]);
    });

    it("are not those that are down", () => {
      expect(defaultRoutesIPv4(table(row("ens1", "00000000", "0002", "00000000")))).to.be.empty;
    });

    it("are not those that reject", () => {
      expect(defaultRoutesIPv4(table(row("*", "00000000", "0201", "00000000")))).to.be.empty;
    });

    it("are none in an empty table", () => {
      expect(defaultRoutesIPv4("")).to.be.empty;
    });
  });

  describe("in /proc/net/ipv6_route", () => {
    const ANY = "0".repeat(32);
    const row = (destination: string, prefix: string, flags: string, name: string): string =>
      `${destination} ${prefix} ${ANY} 00 fe80000000000000000000000000001 00000400 00000001 00000000 ${flags} ${name}\n`;

    it("are those to ::/0", () => {
      const routes =
        row("20010db8000000000000000000000000", "40", "00000001", "ens2") + row(ANY, "00", "00000003", "ens1");
      expect(defaultRoutesIPv6(routes)).to.deep.equal(["ens1"]);
    });

    it("are not the one of lo, which every kernel has", () => {
      expect(defaultRoutesIPv6(row(ANY, "00", "00200200", "lo") + row(ANY, "00", "00000001", "lo"))).to.be.empty;
    });

    it("are not the route to ::/128", () => {
      expect(defaultRoutesIPv6(row(ANY, "80", "00000001", "ens1"))).to.be.empty;
    });
  });
});
