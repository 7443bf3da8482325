import { expect } from "chai";
import { preferred } from "../../../../reconciler/agent/advertise/preferred.js";
import type { PoolDevice } from "../../../../reconciler/agent/advertise/pools.js";

/** `a0` is VF 0 of the NIC a. */
const pool = new Map(
  ["a0", "a1", "a2", "a3", "b0", "b1", "b2"].map((address): [string, PoolDevice] => [
    address,
    {
      address,
      vf: { physicalFunction: address.slice(0, 1), index: Number(address.slice(1)) },
      needVhostNet: false,
      excludeTopology: false,
    },
  ]),
);
const all = [...pool.keys()];

describe("what a container had best get", () => {
  const wishes: readonly (readonly [
    what: string,
    available: string[],
    size: number,
    must: string[],
    chosen: string[],
  ])[] = [
    ["is the first VF of the NIC that has most to spare", ["b0", "b1", "a3", "a2", "a1"], 1, [], ["a1"]],
    ["is VFs of several NICs", all, 2, [], ["a0", "b0"]],
    ["is as many of each NIC, as far as there are", ["a0", "a1", "a2", "a3", "b2"], 4, [], ["a0", "b2", "a1", "a2"]],
    ["is what it must have", all, 1, ["b2"], ["b2"]],
    ["is VFs of other NICs than what it must have is of", all, 2, ["a3"], ["a3", "b0"]],
    ["is all there is where that is not enough", ["a0", "b1"], 3, [], ["a0", "b1"]],
    ["is nothing that is not offered (any more)", ["c0", "b1"], 2, [], ["b1"]],
    ["is nothing where nothing is asked for", all, 0, [], []],
  ];
  for (const [what, available, size, mustInclude, chosen] of wishes) {
    it(what, () => {
      expect(preferred({ available, mustInclude, size }, pool)).to.deep.equal(chosen);
    });
  }
});
