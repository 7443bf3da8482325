import * as pulumi from "@pulumi/pulumi";
import * as sriov from "pulumi-sriov";
import { pod } from "./pod";
import { virtualMachine } from "./virtual-machine";

const config = new pulumi.Config();
const namespace = config.get("namespace") ?? "default";
const interfaces = config.requireObject<string[]>("interfaces");
const vfs = (range: string) => ({ pfNames: interfaces.map((name) => `${name}#${range}`) });

// On these nodes, each NIC of these names has so many VFs.
const nics = {
  nodeSelector: { "feature.node.kubernetes.io/network-sriov.capable": "true" },
  numVfs: config.getNumber("numVfs") ?? 4,
};
// The network on them: its attachment is made in the namespace of those who use it.
const settings = { networkNamespace: namespace, vlan: 100 };

// The first two VFs of each are for pods, which ask for them by this name.
const policy = new sriov.SriovNetworkNodePolicy("storage", {
  ...nics,
  nicSelector: vfs("0-1"),
  resourceName: config.get("resourceName") ?? "storage",
});
// The resource name of the network is the policy's, and follows it.
const network = new sriov.SriovNetwork("storage", {
  ...settings,
  policy,
  ipam: { type: "host-local", subnet: "192.0.2.0/24" },
});

// A pod needs Multus and the sriov CNI plugin on the cluster; a virtual machine needs KubeVirt, too.
if (config.getBoolean("pod") ?? true) {
  pod("client", { namespace, network, wait: config.getBoolean("waitForPod") ?? true });
}
if (config.getBoolean("virtualMachine") ?? false) {
  virtualMachine("server", { namespace, policy: { ...nics, nicSelector: vfs("2-3") }, network: settings });
}

export const matchedDevices = policy.matchedDevices;
export const resourceName = network.resourceName;
export const networkAttachmentDefinition = network.networkAttachmentDefinition;
