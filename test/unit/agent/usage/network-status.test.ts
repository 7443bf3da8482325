import { expect } from "chai";
import { networkDevices } from "../../../../reconciler/agent/usage/network-status.js";

const devices = (annotation: string | undefined) =>
  networkDevices({
    metadata: {
      name: "pod",
      ...(annotation !== undefined && { annotations: { "k8s.v1.cni.cncf.io/network-status": annotation } }),
    },
  });
const network = (deviceInfo: unknown) => ({ name: "sriov", interface: "net1", "device-info": deviceInfo });

describe("a pod's network status", () => {
  it("names the PCI function of each network that is made of one", () => {
    const networks = [
      { name: "cbr0", interface: "eth0", ips: ["10.244.1.4"], default: true },
      network({
        type: "pci",
        version: "1.1.0",
        pci: { "pci-address": "0000:04:10.0", "pf-pci-address": "0000:04:00.0" },
      }),
      network({ type: "pci", version: "1.0.0", pci: { "pci-address": "0000:04:10.2" } }),
    ];
    expect(devices(JSON.stringify(networks))).to.deep.equal(["0000:04:10.0", "0000:04:10.2"]);
  });

  for (const type of ["vdpa", "vhost-user"]) {
    it(`names the PCI function behind a ${type} device`, () => {
      const info = { type, version: "1.1.0", [type]: { path: "/dev/x", "pci-address": "0000:04:10.4" } };
      expect(devices(JSON.stringify([network(info)]))).to.deep.equal(["0000:04:10.4"]);
    });
  }

  it("names a function in sysfs's form, however it is written", () => {
    expect(devices(JSON.stringify([network({ pci: { "pci-address": "0000:AF:10.0" } })]))).to.deep.equal([
      "0000:af:10.0",
    ]);
  });

  it("names none where the device has no PCI address", () => {
    const infos = [
      { type: "memif", memif: { path: "/x" } },
      { type: "vhost-user", "vhost-user": { mode: "client" } },
    ];
    expect(devices(JSON.stringify([...infos, {}, null, "pci"].map(network)))).to.deep.equal([]);
  });

  it("names none where there is none", () => {
    expect([undefined, "", "[]"].map(devices)).to.deep.equal([[], [], []]);
  });

  it("is an error where it is no JSON", () => {
    expect(() => devices("[{")).to.throw(SyntaxError);
  });

  it("is an error where it is no list", () => {
    expect(() => devices("{}")).to.throw(TypeError, "no list of networks");
  });
});
