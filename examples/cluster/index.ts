import * as pulumi from "@pulumi/pulumi";
import * as sriov from "pulumi-sriov";

const config = new pulumi.Config();
const node = config.require("node");
const apiServerHost = config.get("apiServerHost");

// All that the cluster needs: kinds, admission policies, an agent on each node, the controller.
const reconciler = new sriov.SriovReconciler("sriov", {
  image: config.get("image"),
  removeCrds: config.getBoolean("removeCrds"),
  // Where pods reach the API server, on a cluster without a Service network.
  ...(apiServerHost && { apiServer: { host: apiServerHost, port: config.getNumber("apiServerPort") ?? 6443 } }),
});
// What follows is made once agents and controller run, and is gone before they are.
const served = { dependsOn: [reconciler] };

// One NIC gets virtual functions (VFs), and the first of them is handed through to virtual machines.
const nic = new sriov.SriovNetworkDevice(
  "nic",
  { nodeName: node, interfaceName: config.require("interface"), numVfs: config.getNumber("numVfs") ?? 4 },
  served,
);
const claim = new sriov.PciDeviceClaim("vf", { pciDevice: nic.vfPciDevices[0] }, served);

// NICs of a name get theirs by a policy, and pods reach a network through them.
const policy = new sriov.SriovNetworkNodePolicy(
  "storage",
  {
    namespace: reconciler.namespace,
    resourceName: "storage",
    nodeSelector: { "network-sriov.capable": "true" },
    nicSelector: { pfNames: [config.require("policyInterface")] },
    numVfs: config.getNumber("policyNumVfs") ?? 2,
  },
  served,
);
const network = new sriov.SriovNetwork(
  "storage",
  { namespace: reconciler.namespace, networkNamespace: config.get("networkNamespace") ?? "default", policy, vlan: 100 },
  served,
);

export const image = reconciler.image;
export const vfAddresses = nic.vfAddresses;
export const passthroughEnabled = claim.passthroughEnabled;
export const matchedDevices = policy.matchedDevices;
export const networkAttachmentDefinition = network.networkAttachmentDefinition;
