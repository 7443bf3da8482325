import { expect } from "chai";
import {
  declaringFieldManager,
  deviceName,
  isControllerFieldManager,
  isObjectName,
  labelValue,
  pciDeviceName,
} from "../../../api/names.js";

const free = (): boolean => false;
const ADDRESS = "0000:04:00.0";

describe("the name of a device", () => {
  it("is node and interface", () => {
    expect(deviceName("node1", "eno49", ADDRESS, free)).to.equal("node1-eno49");
  });

  it("has no capitals, whatever the interface has", () => {
    expect(deviceName("node1", "EnO49", ADDRESS, free)).to.equal("node1-eno49");
  });

  it("keeps the dots of a node's domain", () => {
    expect(deviceName("node1.example.com", "eno49", ADDRESS, free)).to.equal("node1.example.com-eno49");
  });

  it("has the PCI address where the plain name is taken", () => {
    const taken = (name: string): boolean => name === "node1-eno49";
    expect(deviceName("node1", "eno49", ADDRESS, taken)).to.equal("node1-eno49-000004000");
  });

  it("has the PCI address where the interface's name is not allowed in object names", () => {
    expect(deviceName("node1", "lan_0", ADDRESS, free)).to.equal("node1-lan-0-000004000");
  });

  it("is node and PCI address where the interface has no usable character", () => {
    expect(deviceName("node1", "__", ADDRESS, free)).to.equal("node1-000004000");
  });

  it("is node and PCI address where the NIC has no interface", () => {
    expect(deviceName("node1", "", ADDRESS, free)).to.equal("node1-000004000");
  });

  it("is valid for the longest node name", () => {
    const name = deviceName("n".repeat(253), "eno49", ADDRESS, free);
    expect(isObjectName(name), name).to.equal(true);
    expect(name).to.match(/-eno49-000004000$/);
  });

  it("is valid where a long node name would be cut at a dot", () => {
    for (let length = 150; length < 253; length++) {
      const name = deviceName(`${"n".repeat(length)}.${"m".repeat(252 - length)}`, "eno49", ADDRESS, free);
      expect(isObjectName(name), name).to.equal(true);
    }
  });

  it("differs for two long node names that begin alike", () => {
    const names = ["1", "2"].map((end) => deviceName(`${"n".repeat(252)}${end}`, "eno49", ADDRESS, free));
    expect(new Set(names).size).to.equal(2);
  });

  it("differs for two NICs of one interface name that is not allowed", () => {
    const names = ["0000:04:00.0", "0000:04:00.1"].map((address) => deviceName("node1", "a_b", address, free));
    expect(new Set(names).size).to.equal(2);
  });
});

describe("the name of a PCIDevice", () => {
  it("is node and address without punctuation", () => {
    expect(pciDeviceName("harvester-659jw", "0000:04:10.0")).to.equal("harvester-659jw-000004100");
  });

  it("is valid for the longest node name", () => {
    const name = pciDeviceName("n".repeat(253), "0000:04:10.0");
    expect(isObjectName(name), name).to.equal(true);
    expect(name).to.match(/-000004100$/);
  });

  it("differs for two long node names that begin alike", () => {
    const names = ["1", "2"].map((end) => pciDeviceName(`${"n".repeat(252)}${end}`, "0000:04:10.0"));
    expect(new Set(names).size).to.equal(2);
  });
});

describe("a label's value", () => {
  const valid = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

  it("is the name itself up to 63 characters", () => {
    expect(labelValue("n".repeat(63))).to.equal("n".repeat(63));
  });

  it("has at most 63 characters", () => {
    expect(labelValue("n".repeat(253))).to.match(valid);
  });

  it("is valid where a long name would be cut at a dot", () => {
    expect(labelValue(`${"n".repeat(53)}.${"m".repeat(40)}`)).to.match(valid);
  });

  it("tells long names with the same beginning apart", () => {
    expect(labelValue(`${"n".repeat(80)}1`)).not.to.equal(labelValue(`${"n".repeat(80)}2`));
  });

  it("is the same for the same name", () => {
    expect(labelValue("n".repeat(80))).to.equal(labelValue("n".repeat(80)));
  });
});

describe("an object's name", () => {
  for (const name of ["a", "0", "a-b", "a.b", "node1.example.com-eno49"]) {
    it(`may be ${name}`, () => expect(isObjectName(name)).to.equal(true));
  }
  for (const name of ["", "-a", "a-", "a..b", "a.-b", "A", "a_b", "a:b", "a".repeat(254)]) {
    it(`may not be ${JSON.stringify(name.slice(0, 20))}`, () => expect(isObjectName(name)).to.equal(false));
  }
});

describe("the field manager of what policies ask for", () => {
  it("is another for each namespace whose policies count", () => {
    const managers = ["pulumi-sriov", "default"].map(declaringFieldManager);
    expect(managers).to.deep.equal(["pulumi-sriov-controller", "pulumi-sriov-controller.default"]);
    expect(managers.every(isControllerFieldManager)).to.equal(true);
  });

  it("is not taken for that of a resource of the provider", () => {
    expect(["pulumi-sriov-controllers", "pulumi-sriov-0123456789ab-01234567"].some(isControllerFieldManager)).to.equal(
      false,
    );
  });
});
