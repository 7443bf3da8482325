import { expect } from "chai";
import { inputFailures, type PartialDeviceInputs } from "../../../provider/core/device/device-inputs.js";

const sound: PartialDeviceInputs = { nodeName: "node1", interfaceName: "eno49", numVfs: 4, resourceUrn: "urn" };
const none: ReadonlySet<string> = new Set<string>();

describe("inputFailures", () => {
  it("finds nothing wrong with sound inputs", () => {
    expect(inputFailures(sound, none)).to.deep.equal([]);
  });

  it("names the NIC beside the property and the reason", () => {
    expect(inputFailures({ ...sound, numVfs: -1 }, none)).to.deep.equal([
      { property: "numVfs", reason: "numVfs must be 0 or more, not -1 (eno49 of node1)" },
    ]);
  });

  it("takes 0 for a count", () => {
    expect(inputFailures({ ...sound, numVfs: 0 }, none)).to.deep.equal([]);
  });

  it("takes none of NaN and infinity for a count", () => {
    for (const numVfs of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(inputFailures({ ...sound, numVfs }, none)).to.have.length(1);
    }
  });

  it("does not look at what is unknown", () => {
    const news: PartialDeviceInputs = { resourceUrn: "urn" };
    expect(inputFailures(news, new Set(["nodeName", "interfaceName", "numVfs"]))).to.deep.equal([]);
  });

  it("counts an unknown address as given", () => {
    expect(inputFailures(sound, new Set(["address"]))).to.deep.equal([
      { property: "address", reason: "give one of interfaceName and address, not both (eno49 of node1)" },
    ]);
  });

  it("tells all failures at once", () => {
    const wrong = inputFailures({ numVfs: 1.5, timeouts: { create: "soon" } }, none);
    expect(wrong.map(({ property }) => property)).to.deep.equal(["nodeName", "numVfs", "interfaceName", "timeouts"]);
  });

  for (const address of ["04:00.0", "0000:04:00.8", "0000:04:20.0", "0000:AB:00.0", ""]) {
    it(`refuses "${address}" as a PCI address`, () => {
      const [failure] = inputFailures({ nodeName: "node1", address, numVfs: 1 }, none);
      expect(failure?.reason).to.contain("address must be a PCI address such as 0000:04:00.0");
    });
  }
});
