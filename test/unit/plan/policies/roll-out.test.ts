import { expect } from "chai";
import { type RollOutDevice, planRollOut } from "../../../../plan/policies/roll-out.js";

type State = RollOutDevice["state"];

/** One device a node, `n0` with the first state and so on, all of one policy. */
function devices(...states: readonly State[]): RollOutDevice[] {
  return states.map((state, i) => ({ device: `d${i}`, nodeName: `n${i}`, policies: ["p1"], state }));
}

const limit = (text: string | undefined) => new Map([["p1", text]]);
const pending = (count: number) => devices(...Array.from({ length: count }, (): State => "pending"));
const admitted = (all: readonly RollOutDevice[], limits: ReadonlyMap<string, string | undefined>) => [
  ...planRollOut(all, limits),
];

describe("a roll-out", () => {
  it("changes all that wait at once where there is no limit", () => {
    expect(admitted(devices("pending", "busy", "pending"), new Map())).to.deep.equal(["d0", "d2"]);
    expect(admitted(devices("pending", "busy", "pending"), limit(undefined))).to.deep.equal(["d0", "d2"]);
  });

  it("changes as many nodes as the limit says, by name", () => {
    expect(admitted(pending(5).reverse(), limit("2"))).to.deep.equal(["d0", "d1"]);
  });

  it("waits for nodes that are busy", () => {
    expect(admitted(devices("busy", "pending", "pending"), limit("2"))).to.deep.equal(["d1"]);
    expect(admitted(devices("busy", "busy", "pending"), limit("2"))).to.deep.equal([]);
  });

  it("stops at nodes that failed", () => {
    expect(admitted(devices("failed", "pending"), limit("1"))).to.deep.equal([]);
  });

  it("does not count nodes that are done", () => {
    expect(admitted(devices("done", "done", "pending"), limit("1"))).to.deep.equal(["d2"]);
  });

  const shares: readonly (readonly [string, number, number])[] = [
    ["10%", 20, 2],
    ["10%", 29, 2],
    ["33%", 10, 3],
    ["30%", 1, 1],
    ["1%", 5, 1],
    ["100%", 4, 4],
  ];
  for (const [share, nodes, atOnce] of shares) {
    it(`changes ${atOnce} of ${nodes} nodes at ${share}, rounded down but at least one`, () => {
      expect(admitted(pending(nodes), limit(share)).length).to.equal(atOnce);
    });
  }

  it("takes its share of the policy's nodes, whatever others there are, and of nodes rather than devices", () => {
    const others = pending(50).map((device) => ({ ...device, device: `other-${device.device}`, policies: ["p2"] }));
    const twice = pending(20).flatMap((device) => [device, { ...device, device: `${device.device}b` }]);
    const both = admitted([...others, ...twice], limit("10%"));
    expect(both.filter((name) => !name.startsWith("other"))).to.deep.equal(["d0", "d0b", "d1", "d1b"]);
    expect(both.length).to.equal(54);
  });

  it("goes on with the other devices of a node that is busy", () => {
    const all: RollOutDevice[] = [
      { device: "a1", nodeName: "a", policies: ["p1"], state: "pending" },
      { device: "b1", nodeName: "b", policies: ["p1"], state: "busy" },
      { device: "b2", nodeName: "b", policies: ["p1"], state: "pending" },
    ];
    expect(admitted(all, limit("1"))).to.deep.equal(["b2"]);
  });

  it("waits on each device for the limits of all its policies", () => {
    const all: RollOutDevice[] = [
      { device: "a", nodeName: "a", policies: ["p1"], state: "busy" },
      { device: "b", nodeName: "b", policies: ["p1", "p2"], state: "pending" },
      { device: "c", nodeName: "c", policies: ["p2"], state: "pending" },
      { device: "d", nodeName: "d", policies: ["p2"], state: "pending" },
    ];
    const limits = new Map([
      ["p1", "1"],
      ["p2", "1"],
    ]);
    expect(admitted(all, limits)).to.deep.equal(["c"]);
  });

  it("changes one node at a time where the limit cannot be read", () => {
    for (const text of ["lots", "0", "200%", ""]) expect(admitted(pending(9), limit(text))).to.deep.equal(["d0"]);
  });

  it("bounds nothing by a policy that has no devices", () => {
    expect(admitted(pending(2), new Map([["p9", "1"]]))).to.deep.equal(["d0", "d1"]);
  });

  it("orders the devices of a node by name", () => {
    const all = ["z", "y"].map((device): RollOutDevice => ({ device, nodeName: "n", policies: [], state: "pending" }));
    expect(admitted(all, new Map())).to.deep.equal(["y", "z"]);
  });
});
