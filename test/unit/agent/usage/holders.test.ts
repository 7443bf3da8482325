import { expect } from "chai";
import type { Pod } from "../../../../api/core.js";
import type { VirtualMachineInstance } from "../../../../api/kubevirt.js";
import type { PciDevice } from "../../../../api/pci-device.js";
import type { PciDeviceClaim, PciDeviceClaimSpec } from "../../../../api/pci-device-claim.js";
import { findHolders, type Knowledge, usersOf } from "../../../../reconciler/agent/usage/holders.js";
import type { PhysicalFunction } from "../../../../reconciler/kernel/kernel.js";
import { physicalFunction, port, virtualFunction, virtualFunctions } from "../nic.js";

const VF0 = "0000:04:10.0";
const VF1 = "0000:04:10.2";
const VF2 = "0000:04:10.4";
const RESOURCE = "intel.com/82599_VF";
const NOTHING = { nodeName: "node1", claims: [], machines: [], pods: [], allocations: [], pciDevices: [] };
const nic = physicalFunction({ virtualFunctions: virtualFunctions(3) });

function users(known: Partial<Knowledge>, of: PhysicalFunction = nic): Readonly<Record<string, string>> {
  const nothing = { claims: [], machines: [], pods: [], allocations: [], pciDevices: [] };
  return Object.fromEntries(usersOf(of, "node1", findHolders({ nodeName: "node1", ...nothing, ...known })));
}

const claim = (name: string, spec: Partial<PciDeviceClaimSpec>): PciDeviceClaim => ({
  metadata: { name },
  spec: spec as PciDeviceClaimSpec,
});

function pod(name: string, more: { address?: string; phase?: string; machine?: string } = {}): Pod {
  const { address, phase = "Running", machine } = more;
  const status = [{ name: "net", "device-info": { type: "pci", pci: { "pci-address": address } } }];
  return {
    metadata: {
      name,
      namespace: "apps",
      ...(machine !== undefined && { labels: { "kubevirt.io": "virt-launcher", "vm.kubevirt.io/name": "shortened" } }),
      annotations: {
        ...(address !== undefined && { "k8s.v1.cni.cncf.io/network-status": JSON.stringify(status) }),
        ...(machine !== undefined && { "kubevirt.io/domain": machine }),
      },
    },
    status: { phase },
  };
}

const allocation = (name: string, ...ids: string[]) => ({ namespace: "apps", pod: name, resource: RESOURCE, ids });

function machine(name: string, count = 1, status: VirtualMachineInstance["status"] = {}): VirtualMachineInstance {
  const hostDevices = Array.from({ length: count }, (_, index) => ({ name: `d${index}`, deviceName: RESOURCE }));
  return { metadata: { name, namespace: "apps" }, spec: { domain: { devices: { hostDevices } } }, status };
}

function pciDevices(...addresses: string[]): PciDevice[] {
  return addresses.map((address, index) => ({
    metadata: { name: `node1-${address}` },
    status: {
      address,
      resourceName: RESOURCE,
      iommuGroup: String(40 + index),
      vendorId: "8086",
      deviceId: "10ed",
      classId: "0200",
      nodeName: "node1",
      description: "",
      kernelDriverInUse: "",
    },
  }));
}

describe("who uses a VF", () => {
  it("is nobody where nobody is known", () => {
    expect(users({})).to.deep.equal({});
  });

  describe("by claim", () => {
    it("is who claims its node and address", () => {
      const claims = [claim("x", { nodeName: "node1", address: VF1, userName: "alice" })];
      expect(users({ claims })).to.deep.equal({ [VF1]: "claim x of alice" });
    });

    it("is not who claims the same address of another node", () => {
      const claims = [claim("node1-000004102", { nodeName: "node2", address: VF1, userName: "alice" })];
      expect(users({ claims })).to.deep.equal({});
    });

    it("is who claims its PCIDevice by name, where the claim says no more", () => {
      expect(users({ claims: [claim("node1-000004102", {})] })).to.deep.equal({ [VF1]: "claim node1-000004102" });
    });
  });

  describe("by a pod's networks", () => {
    it("is the pod", () => {
      expect(users({ pods: [pod("router-0", { address: VF0 })] })).to.deep.equal({ [VF0]: "pod apps/router-0" });
    });

    for (const phase of ["Succeeded", "Failed"]) {
      it(`is no pod that has ${phase.toLowerCase()}`, () => {
        expect(users({ pods: [pod("job", { address: VF0, phase })] })).to.deep.equal({});
      });
    }

    it("is the virtual machine where the pod runs one", () => {
      const pods = [pod("virt-launcher-vm1-x", { address: VF0, machine: "vm1" })];
      expect(users({ pods })).to.deep.equal({ [VF0]: "virtual machine apps/vm1" });
    });

    it("is nobody where the pod's networks cannot be read", () => {
      const bad = { ...pod("bad").metadata, annotations: { "k8s.v1.cni.cncf.io/network-status": "[{" } };
      expect(users({ pods: [{ metadata: bad }, pod("good", { address: VF0 })] })).to.deep.equal({
        [VF0]: "pod apps/good",
      });
    });
  });

  describe("by the kubelet", () => {
    it("is the pod that was given it", () => {
      expect(users({ allocations: [allocation("router-0", VF0, VF2)] })).to.deep.equal({
        [VF0]: "pod apps/router-0",
        [VF2]: "pod apps/router-0",
      });
    });

    it("is no pod that has ended, whatever the kubelet still says", () => {
      const pods = [pod("job", { phase: "Succeeded" })];
      expect(users({ pods, allocations: [allocation("job", VF0)] })).to.deep.equal({});
    });

    it("is one pod, though its networks tell the same", () => {
      const pods = [pod("router-0", { address: VF0 })];
      expect(users({ pods, allocations: [allocation("router-0", VF0)] })).to.deep.equal({ [VF0]: "pod apps/router-0" });
    });

    it("is nobody where the device is something else", () => {
      expect(users({ allocations: [allocation("gpu-0", "GPU-2c1b5a")] })).to.deep.equal({});
    });

    it("is the pod that was given its IOMMU group under its resource", () => {
      const known = { pciDevices: pciDevices(VF0, VF1), allocations: [allocation("router-0", "41")] };
      expect(users(known)).to.deep.equal({ [VF1]: "pod apps/router-0" });
    });

    describe("that was given an IOMMU group under a name of an administrator's", () => {
      const bound = (kernelDriverInUse: string): PciDevice[] =>
        pciDevices(VF0, VF1).map((it) => ({
          ...it,
          ...(it.status && { status: { ...it.status, kernelDriverInUse } }),
        }));
      const allocations = [{ ...allocation("launcher", "41"), resource: "example.com/vf" }];

      it("is the virtual machine, where the group's functions are for guests", () => {
        const pods = [pod("launcher", { machine: "vm1" })];
        expect(users({ pods, allocations, pciDevices: bound("vfio-pci") })).to.deep.equal({
          [VF1]: "virtual machine apps/vm1",
        });
      });

      it("is nobody where the group's functions have drivers of the node's own", () => {
        const pods = [pod("launcher", { machine: "vm1" })];
        expect(users({ pods, allocations, pciDevices: bound("ixgbevf") })).to.deep.equal({});
      });

      it("is no pod of anything else, whose number means something else", () => {
        const pods = [pod("launcher")];
        expect(users({ pods, allocations, pciDevices: bound("vfio-pci") })).to.deep.equal({});
      });
    });

    it("is nobody for the same number under another resource", () => {
      const allocations = [{ ...allocation("router-0", "41"), resource: "example.com/other" }];
      expect(users({ pciDevices: pciDevices(VF0, VF1), allocations })).to.deep.equal({});
    });
  });

  describe("by a virtual machine's host devices", () => {
    it("is the machine for sure where no other function has the resource's name", () => {
      const known = { machines: [machine("vm1")], pciDevices: pciDevices(VF1) };
      expect(users(known)).to.deep.equal({ [VF1]: "virtual machine apps/vm1" });
    });

    it("may be the machine for each function of that name, where nobody tells which", () => {
      const known = { machines: [machine("vm1")], pciDevices: pciDevices(VF0, VF1) };
      expect(users(known)).to.deep.equal({
        [VF0]: "virtual machine apps/vm1 may have it",
        [VF1]: "virtual machine apps/vm1 may have it",
      });
    });

    it("is the machine for sure where it asks for as many as there are", () => {
      const known = { machines: [machine("vm1", 2)], pciDevices: pciDevices(VF0, VF1) };
      expect(users(known)[VF1]).to.equal("virtual machine apps/vm1");
    });

    it("is the machine for that function alone that the kubelet gave its pod", () => {
      const known = {
        machines: [machine("vm1")],
        pods: [pod("virt-launcher-vm1-x", { machine: "vm1" })],
        allocations: [allocation("virt-launcher-vm1-x", VF1)],
        pciDevices: pciDevices(VF0, VF1),
      };
      expect(users(known)).to.deep.equal({ [VF1]: "virtual machine apps/vm1" });
    });

    it("may be the machine for the rest where the kubelet told of some", () => {
      const known = {
        machines: [machine("vm1", 2)],
        pods: [pod("virt-launcher-vm1-x", { machine: "vm1" })],
        allocations: [allocation("virt-launcher-vm1-x", VF1)],
        pciDevices: pciDevices(VF0, VF1, VF2),
      };
      expect(users(known)).to.deep.equal({
        [VF0]: "virtual machine apps/vm1 may have it",
        [VF1]: "virtual machine apps/vm1",
        [VF2]: "virtual machine apps/vm1 may have it",
      });
    });

    for (const phase of ["Succeeded", "Failed"]) {
      it(`is no machine that has ${phase.toLowerCase()}`, () => {
        const known = { machines: [machine("vm1", 1, { phase })], pciDevices: pciDevices(VF0) };
        expect(users(known)).to.deep.equal({});
      });
    }

    it("is no machine of another node", () => {
      const known = { machines: [machine("vm1", 1, { nodeName: "node2" })], pciDevices: pciDevices(VF0) };
      expect(users(known)).to.deep.equal({});
    });

    it("is no machine for a function that a claim offers under another name", () => {
      const claims = [{ ...claim(`node1-${VF0}`, {}), status: { resourceName: "example.com/other" } }];
      const known = { claims, machines: [machine("vm1")], pciDevices: pciDevices(VF0, VF1) };
      expect(users(known)[VF1]).to.equal("virtual machine apps/vm1");
    });

    it("is the machine that asks for the name under which a claim offers it", () => {
      const claims = [{ ...claim(`node1-${VF0}`, {}), status: { resourceName: RESOURCE } }];
      const [device] = pciDevices(VF0);
      const other = { ...device, status: { ...device?.status, resourceName: "intel.com/usual" } } as PciDevice;
      const { byAddress } = findHolders({ ...NOTHING, claims, machines: [machine("vm1")], pciDevices: [other] });
      expect(byAddress.get(VF0)?.map(({ words }) => words)).to.include("virtual machine apps/vm1");
    });

    it("is no machine that asks for another resource", () => {
      const [device] = pciDevices(VF0);
      const others = device?.status ? [{ ...device, status: { ...device.status, resourceName: "" } }] : [];
      expect(users({ machines: [machine("vm1")], pciDevices: others })).to.deep.equal({});
    });
  });

  describe("by its interface", () => {
    const inUse = (more: object) => physicalFunction({ virtualFunctions: [{ ...virtualFunction(0), ...more }] });

    it("is the interface that it is part of", () => {
      const of = inUse({ interfaces: [port("eth3", ["br0"])] });
      expect(users({}, of)).to.deep.equal({ [VF0]: "interface eth3 in br0" });
    });

    it("is the interface that has an address", () => {
      const of = inUse({ interfaces: [{ ...port("eth3"), addresses: ["192.0.2.1"] }] });
      expect(users({}, of)).to.deep.equal({ [VF0]: "interface eth3 with address 192.0.2.1" });
    });

    it("is another network namespace, whoever's that is", () => {
      const claims = [claim("x", { nodeName: "node1", address: VF0, userName: "alice" })];
      expect(users({ claims }, inUse({ interfaceElsewhere: true }))).to.deep.equal({
        [VF0]: "claim x of alice, another network namespace",
      });
    });

    it("is the pod alone where that other network namespace is the pod's", () => {
      const pods = [pod("router-0", { address: VF0 })];
      expect(users({ pods }, inUse({ interfaceElsewhere: true }))).to.deep.equal({ [VF0]: "pod apps/router-0" });
    });
  });

  it("is told in the same words, whoever is known first", () => {
    const allocations = [allocation("b", VF0), allocation("a", VF0)];
    expect(users({ allocations })).to.deep.equal({ [VF0]: "pod apps/a, pod apps/b" });
    expect(users({ allocations: allocations.toReversed() })).to.deep.equal({ [VF0]: "pod apps/a, pod apps/b" });
  });

  it("is found the same, whoever is known first, so that nobody is told of a change", () => {
    const nothing = { nodeName: "node1", claims: [], machines: [], pods: [], pciDevices: [] };
    const allocations = [allocation("b", VF0), allocation("a", VF0)];
    const found = findHolders({ ...nothing, allocations });
    expect(findHolders({ ...nothing, allocations: allocations.toReversed() })).to.deep.equal(found);
  });

  it("is nobody where claims and machines of others' making lack what theirs have", () => {
    const metadata = { name: "bare", namespace: "apps" };
    expect(users({ claims: [{ metadata } as PciDeviceClaim], machines: [{ metadata }] })).to.deep.equal({});
  });

  it("is everybody, claims first, interfaces last", () => {
    const known = {
      pods: [pod("router-0", { address: VF0 }), pod("virt-launcher-vm1-x", { address: VF0, machine: "vm1" })],
      claims: [claim("x", { nodeName: "node1", address: VF0, userName: "alice" })],
    };
    const of = physicalFunction({
      virtualFunctions: [{ ...virtualFunction(0), interfaces: [port("eth3", ["br0"])] }],
    });
    expect(users(known, of)).to.deep.equal({
      [VF0]: "claim x of alice, virtual machine apps/vm1, pod apps/router-0, interface eth3 in br0",
    });
  });
});
