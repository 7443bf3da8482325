import * as pulumi from "@pulumi/pulumi";
import * as sriov from "pulumi-sriov";
import { virtualMachine } from "./virtual-machine";

const config = new pulumi.Config();

// The NIC gets virtual functions (VFs).
const nic = new sriov.SriovNetworkDevice("nic", {
  nodeName: config.require("nodeName"),
  interfaceName: config.require("interfaceName"),
  numVfs: config.getNumber("numVfs") ?? 2,
  onVfsInUse: config.get<"refuse" | "proceed">("onVfsInUse"),
});

// The first of them is handed through: vfio-pci takes it from its network driver. Made after the VFs, it goes before them.
const claim = new sriov.PciDeviceClaim("vf", {
  pciDevice: nic.vfPciDevices[0],
  userName: config.get("userName"),
  resourceName: config.get("resourceName"),
});

// A virtual machine needs KubeVirt on the cluster.
if (config.getBoolean("virtualMachine") ?? false) {
  virtualMachine("guest", { namespace: config.get("namespace") ?? "default", claim });
}

export const vf = nic.vfAddresses[0];
export const resourceName = claim.resourceName;
export const passthroughEnabled = claim.passthroughEnabled;
export const kernelDriverToUnbind = claim.kernelDriverToUnbind;
