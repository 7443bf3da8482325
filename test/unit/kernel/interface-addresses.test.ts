import { expect } from "chai";
import {
  connectedNetworks,
  interfaceAddresses,
  ipv6Addresses,
} from "../../../reconciler/kernel/linux/interface-addresses.js";
import { ipv4Route } from "./sysfs-tree.js";

describe("connected networks in /proc/net/route", () => {
  const networks = (...rows: string[]) => connectedNetworks(["Iface\tDestination\tGateway", ...rows].join("\n"));

  it("are networks with their prefix lengths", () => {
    expect(
      networks(ipv4Route("ens1", "000200C0", "00FFFFFF"), ipv4Route("ens2", "0000000A", "0000F0FF")),
    ).to.deep.equal([
      ["ens1", "192.0.2.0/24"],
      ["ens2", "10.0.0.0/12"],
    ]);
  });

  for (const [what, row] of [
    ["a route through a gateway", ipv4Route("ens1", "000200C0", "00FFFFFF", "0003")],
    ["a route that is down", ipv4Route("ens1", "000200C0", "00FFFFFF", "0000")],
    ["a route that rejects", ipv4Route("*", "000200C0", "00FFFFFF", "0201")],
    ["a default route", ipv4Route("ens1", "00000000", "00000000")],
    ["the link-local network", ipv4Route("ens1", "0000FEA9", "0000FFFF")],
  ] as const) {
    it(`are not ${what}`, () => {
      expect(networks(row)).to.be.empty;
    });
  }
});

describe("addresses in /proc/net/if_inet6", () => {
  const row = (digits: string, scope: string, name: string) => `${digits} 03 40 ${scope} 80     ${name}\n`;

  it("are written as people write them", () => {
    expect(ipv6Addresses(row("20010db8000000000000000000000001", "00", "ens1"))).to.deep.equal([
      ["ens1", "2001:db8::1"],
    ]);
  });

  it("are not link-local ones", () => {
    expect(ipv6Addresses(row("fe80000000000000505400fffea95301", "20", "ens1"))).to.be.empty;
  });

  it("are not the loopback's", () => {
    expect(ipv6Addresses(row("00000000000000000000000000000001", "10", "lo"))).to.be.empty;
  });

  it("are none in an empty table", () => {
    expect(ipv6Addresses("")).to.be.empty;
  });
});

describe("addresses of interfaces", () => {
  it("are had of any name that Linux lets an interface have", () => {
    const table = "fd000000000000000000000000000001 02 40 00 80 constructor\n";
    expect(interfaceAddresses({}, "", table)["constructor"]).to.deep.equal(["fd00::1"]);
    expect(interfaceAddresses({}, "", "")["constructor"]).to.equal(undefined);
  });
});
