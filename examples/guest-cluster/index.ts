import * as pulumi from "@pulumi/pulumi";
import * as sriov from "pulumi-sriov";
import { pod } from "./pod";

const config = new pulumi.Config();
const nodeName = config.require("nodeName");
const namespace = config.get("namespace") ?? "default";

// The VFs that this node, a virtual machine, was given by its hypervisor: no NIC of this cluster has them.
const given = sriov
  .getPciDevicesOutput({ nodeName, virtualFunction: true })
  .apply((vfs) => vfs.filter(({ parentDevice }) => parentDevice === undefined));

// A pod needs Multus and the CNI plugin host-device on the node.
if (config.getBoolean("pod") ?? true) {
  // VFs of a kind are one pool, which has the name of that kind without the vendor.
  const pool = given.apply((vfs) => {
    const vf = vfs.at(0);
    if (vf === undefined) throw new Error(`${nodeName} lists no VF that it was given; does its agent run?`);
    return `openshift.io/${vf.resourceName.replace(/^.*\//, "")}`;
  });
  pod("client", { namespace, nodeName, pool, wait: config.getBoolean("waitForPod") ?? true });
}

// A machine that runs in this machine can have one, too, where this one was given an IOMMU.
const address = config.get("claim");
const claim = address === undefined ? undefined : new sriov.PciDeviceClaim("nested", { nodeName, address });

export const givenVfs = given.apply((vfs) =>
  vfs.map((vf) => ({ address: vf.address, description: vf.description, driver: vf.driver })),
);
/** What `hostDevices` of the inner machine ask for. */
export const deviceName = claim === undefined ? "no claim" : claim.resourceName;
