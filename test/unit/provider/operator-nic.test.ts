import { expect } from "chai";
import { readyCondition, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { NodeStateInterface, SriovNetworkNodeState } from "../../../api/sriov-network-node-state.js";
import type { SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import { countVerdict } from "../../../provider/core/device/device-wait.js";
import { normalisedNic } from "../../../provider/core/device/operator-nic.js";
import { isNicPolicy, nicPolicyName, wantedNicPolicy } from "../../../provider/core/device/operator-nic-policy.js";

const ADDRESS = "0000:04:00.0";
const OWN = nicPolicyName("node1", ADDRESS);

interface Scene {
  /** What the operator has asked the node for, and by which policy. */
  readonly asked?: Partial<NodeStateInterface> & { readonly by?: string };
  readonly present?: number;
  readonly syncStatus?: string;
  readonly lastSyncError?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What the NIC's own policy asks for. */
  readonly own?: number;
}

function nicIn({
  asked,
  present = 0,
  syncStatus = "Succeeded",
  lastSyncError = "",
  annotations = {},
  own,
}: Scene): SriovNetworkDevice {
  const vfGroups = [{ policyName: asked?.by ?? OWN, resourceName: "r", vfRange: "0-1" }];
  const Vfs = Array.from({ length: present }, (_, vfID) => ({ vfID, pciAddress: `0000:04:10.${vfID}` })).reverse();
  const nic = { name: "eno49", pciAddress: ADDRESS, totalvfs: 8, Vfs };
  const state: SriovNetworkNodeState = {
    metadata: { name: "node1", uid: "u", annotations },
    spec: { interfaces: asked === undefined ? [] : [{ pciAddress: ADDRESS, vfGroups, ...asked }] },
    status: { syncStatus, lastSyncError, interfaces: [nic] },
  };
  return normalisedNic(state, nic, own === undefined ? undefined : policy(own), () => undefined);
}

function policy(numVfs: number): SriovNetworkNodePolicy {
  const fieldsV1 = { "f:spec": { "f:numVfs": {} } };
  return {
    metadata: { name: OWN, managedFields: [{ manager: "pulumi-sriov-0", operation: "Apply", fieldsV1 }] },
    spec: { resourceName: "r", nodeSelector: {}, nicSelector: { rootDevices: [ADDRESS] }, numVfs },
  };
}

const reasonOf = (scene: Scene): string | undefined => readyCondition(nicIn(scene))?.reason;
const messageOf = (scene: Scene): string | undefined => readyCondition(nicIn(scene))?.message;

describe("a NIC of a SriovNetworkNodeState, as this project's own object", () => {
  it("has its VFs in their order", () => {
    expect(nicIn({ present: 2 }).status?.vfAddresses).to.deep.equal(["0000:04:10.0", "0000:04:10.1"]);
  });

  it("is nobody's where no policy selects it, whatever VFs it has", () => {
    const nic = nicIn({ present: 2 });
    expect(nic.metadata.managedFields).to.deep.equal([]);
    expect(readyCondition(nic)).to.include({ status: "True", reason: "Unmanaged" });
  });

  it("is to have what its own policy asks for, by that policy's owners", () => {
    const nic = nicIn({ own: 4 });
    expect(nic.spec.numVFS).to.equal(4);
    expect(nic.metadata.managedFields?.map(({ manager }) => manager)).to.deep.equal(["pulumi-sriov-0"]);
  });

  it("is to have what others' policies come to, where it has none of its own", () => {
    const nic = nicIn({ asked: { by: "storage", numVfs: 3 } });
    expect(nic.spec).to.deep.include({ numVFS: 3 });
    expect(nic.spec.vfGroups?.map(({ policyName }) => policyName)).to.deep.equal(["storage"]);
  });

  it("is silent until the operator asks the node for the count", () => {
    expect(nicIn({ own: 4, asked: { numVfs: 2 } }).status?.observedGeneration).to.equal(1);
    expect(nicIn({ own: 4, asked: { numVfs: 4 } }).status?.observedGeneration).to.equal(2);
  });

  it("is silent until the operator has taken a policy that is gone from the node", () => {
    expect(nicIn({ asked: { numVfs: 2 }, present: 2 }).status?.observedGeneration).to.equal(1);
  });

  it("is not ready by a success of before", () => {
    expect(reasonOf({ own: 4, asked: { numVfs: 4 }, present: 6 })).to.equal("Configuring");
    expect(reasonOf({ own: 4, asked: { numVfs: 4 }, present: 4 })).to.equal("Configured");
  });

  it("is not ready while the node is at work, though the VFs are there", () => {
    expect(reasonOf({ own: 4, asked: { numVfs: 4 }, present: 4, syncStatus: "InProgress" })).to.equal("Configuring");
  });

  it("tells what the node has failed with", () => {
    const failed = { own: 4, asked: { numVfs: 4 }, syncStatus: "Failed", lastSyncError: "no space" };
    expect(reasonOf(failed)).to.equal("KernelRefused");
    expect(messageOf(failed)).to.equal("syncStatus Failed, 0 of 4 VFs: no space");
  });

  it("tells that its node is being drained", () => {
    const annotations = { "sriovnetwork.openshift.io/current-state": "Draining" };
    const scene = { own: 4, asked: { numVfs: 4 }, syncStatus: "InProgress", annotations };
    expect(messageOf(scene)).to.equal("syncStatus InProgress, 0 of 4 VFs; the node is being drained");
  });

  it("is released only once its VFs are gone", () => {
    const left = nicIn({ present: 2, syncStatus: "InProgress" });
    expect(countVerdict(left, left, 0).state).to.equal("pending");
    const early = nicIn({ present: 2 });
    expect(countVerdict(early, early, 0).state).to.equal("pending");
    const gone = nicIn({});
    expect(countVerdict(gone, gone, 0).state).to.equal("satisfied");
  });
});

describe("the policy of one NIC", () => {
  const device = (nodeName: string, interfaceName = "eno49"): SriovNetworkDevice => ({
    metadata: { name: `${nodeName}-${interfaceName}` },
    spec: { nodeName, address: ADDRESS },
    status: { interfaceName },
  });
  const wanted = (of: SriovNetworkDevice, labels?: Readonly<Record<string, string>>): SriovNetworkNodePolicy["spec"] =>
    wantedNicPolicy(of, 2, { namespace: "n", live: undefined }, labels)
      .spec as unknown as SriovNetworkNodePolicy["spec"];

  it("has a name that an object can have, for any node", () => {
    expect(OWN).to.equal("pulumi-sriov-nic-node1-000004000");
    expect(nicPolicyName("n".repeat(250), ADDRESS)).to.have.length.below(254);
    expect(nicPolicyName(`${"n".repeat(249)}a`, ADDRESS)).not.to.equal(nicPolicyName("n".repeat(250), ADDRESS));
  });

  it("is told from those of people", () => {
    expect(isNicPolicy(policy(1))).to.equal(true);
    expect(isNicPolicy({ ...policy(1), metadata: { name: "storage" } })).to.equal(false);
  });

  it("selects the node by its label, which need not be its name", () => {
    const { nodeSelector } = wanted(device("node1"), { "kubernetes.io/hostname": "host1" });
    expect(nodeSelector).to.deep.equal({ "kubernetes.io/hostname": "host1" });
  });

  it("cannot be for a node without that label", () => {
    expect(() => wanted(device("node1"), {})).to.throw('node "node1" has no label kubernetes.io/hostname');
  });

  it("has a pool whose name every release of the operator allows", () => {
    expect(wanted(device("node1.example.com")).resourceName).to.equal("node1_example_com_eno49");
    expect(wanted(device("n".repeat(100))).resourceName).to.match(/^[a-zA-Z0-9_]{63}$/);
  });
});
