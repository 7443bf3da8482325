import * as pulumi from "@pulumi/pulumi";
import * as sriov from "pulumi-sriov";

const config = new pulumi.Config();

const nic = new sriov.SriovNetworkDevice("nic", {
  nodeName: config.require("node"),
  interfaceName: config.require("interface"),
  numVfs: config.requireNumber("numVfs"),
  forceConflicts: config.getBoolean("forceConflicts") ?? false,
});

export const device = nic.deviceName;
export const vfAddresses = nic.vfAddresses;
export const vfPciDevices = nic.vfPciDevices;
