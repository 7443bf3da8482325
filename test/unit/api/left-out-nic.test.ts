import { expect } from "chai";
import { leftOutNics, leftOutNicsAnnotation } from "../../../api/left-out-nic.js";

describe("the NICs that a Node says were left out", () => {
  const nic = { address: "0000:04:00.0", interfaceName: "eno49", reason: "eno49 carries the node's default route" };
  const nodeSaying = (text: string) => ({
    metadata: { name: "node1", annotations: { "devices.harvesterhci.io/sriov-nics-left-out": text } },
  });

  it("are those that the agent wrote there", () => {
    expect(leftOutNics(nodeSaying(leftOutNicsAnnotation([nic])))).to.deep.equal([nic]);
  });

  it("are none where the Node has no such annotation", () => {
    expect(leftOutNics({ metadata: { name: "node1" } })).to.deep.equal([]);
  });

  for (const text of ["", "{", "{}", "null", '[{"address": 4}]', "[null]"]) {
    it(`are none where the annotation is ${JSON.stringify(text)}`, () => {
      expect(leftOutNics(nodeSaying(text))).to.deep.equal([]);
    });
  }
});
