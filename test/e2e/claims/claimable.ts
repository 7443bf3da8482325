import type { CustomResourceOptions } from "@pulumi/pulumi";
import { pciDeviceName } from "../../../api/names.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { Informer } from "../../../kube/informer.js";
import { waitFor } from "../../../kube/wait.js";
import { virtualFunctionAddress } from "../../../lab/nodes/simulated/hardware.js";
import { parsePciAddress } from "../../../reconciler/kernel/kernel.js";
import type { PciDeviceClaimArgs } from "../../../sdk/pci-device-claim.js";
import { found } from "../networks/twins.js";
import { type Nic, untilObject } from "../nics.js";
import type { Program } from "../stack.js";

/** A VF, there or to be, of a NIC of one test. */
export interface Claimable {
  readonly address: string;
  /** Name of its PCIDevice, and of a claim of it. */
  readonly name: string;
  /** The live object, or undefined where nobody claims it. */
  claim(): Promise<PciDeviceClaim | undefined>;
  /** Resolves with the object once it is as `condition` wants it. */
  until(what: string, condition: (claim: PciDeviceClaim) => boolean): Promise<PciDeviceClaim>;
  /** As the kernel has it; undefined where there is no such VF, or without a driver. */
  driver(): Promise<string | undefined>;
}

/** VF `index` of the NIC: its address is known before it is there. */
export function vfOf(nic: Nic, index = 0): Claimable {
  // As a card's default offset and stride have them.
  const address = String(virtualFunctionAddress(parsePciAddress(nic.address), index, 128, 2));
  const name = pciDeviceName(nic.nodeName, address);
  return {
    address,
    name,
    claim: () => found(nic.lab, PCI_DEVICE_CLAIM, name),
    until: (what, condition) => untilObject(nic.lab, PCI_DEVICE_CLAIM, name, what, condition),
    async driver() {
      const { snapshot } = await nic.node.hardware.hardwareState();
      const vfs = snapshot.physicalFunctions.flatMap(({ virtualFunctions }) => virtualFunctions);
      return vfs.find((vf) => vf.address === address)?.driver;
    },
  };
}

export interface Passthrough {
  readonly numVfs?: number;
  readonly onVfsInUse?: "refuse" | "proceed";
  /** Which VF is claimed; `"none"`: the NIC alone. Default 0. */
  readonly vf?: number | "none";
  /** More, or other, arguments of the claim. */
  readonly claim?: Partial<PciDeviceClaimArgs>;
  readonly options?: CustomResourceOptions;
  /** Of the claim's resource. Default `vf`. */
  readonly name?: string;
}

/** A program with the resource `nic`, and a claim of one of its VFs, whose outputs are the stack's. */
export function passthrough(nic: Nic, wanted: Passthrough = {}): Program {
  const { numVfs = 2, onVfsInUse, vf = 0, claim = {}, options = {}, name = "vf" } = wanted;
  const { nodeName, interfaceName } = nic;
  return (sriov) => {
    const args = { nodeName, interfaceName, numVfs, ...(onVfsInUse && { onVfsInUse }) };
    const { vfPciDevices } = new sriov.SriovNetworkDevice("nic", args);
    if (vf === "none") return { vfPciDevices };
    const pciDevice = vfPciDevices.apply((names) => names[vf] ?? "");
    const made = new sriov.PciDeviceClaim(name, { pciDevice, ...claim }, options);
    const { status, passthroughEnabled, resourceName, kernelDriverToUnbind } = made;
    return { vfPciDevices, status, passthroughEnabled, resourceName, kernelDriverToUnbind };
  };
}

/** A program with nothing but a claim of a device that is there. */
export function claimOf(args: PciDeviceClaimArgs): Program {
  return (sriov) => {
    const { claimName, resourceName, kernelDriverToUnbind } = new sriov.PciDeviceClaim("vf", args);
    return { claimName, resourceName, kernelDriverToUnbind };
  };
}

/**
 * The drivers of a VF from now on, in order, as its PCIDevice tells them; `gone` once there is no such object any more.
 * What is repeated stands once.
 */
export async function driversOf(client: KubeClient, name: string): Promise<DriverHistory> {
  const informer = new Informer(client, PCI_DEVICE, { fields: { "metadata.name": name } }).start();
  await informer.synced;
  const seen: string[] = [];
  informer.onChange(({ kind, object }) => {
    const now = kind === "gone" ? "gone" : (object.status?.kernelDriverInUse ?? "");
    if (now !== seen.at(-1)) seen.push(now);
  });
  return {
    async until(last) {
      const satisfied = { state: "satisfied", result: undefined } as const;
      const pending = { state: "pending", what: `${name} is not ${last} yet` } as const;
      await waitFor(informer, () => (seen.at(-1) === last ? satisfied : pending), { deadline: Date.now() + 30_000 });
      return seen;
    },
    stop: () => informer.stop(),
  };
}

export interface DriverHistory {
  /** Resolves with all once the last one is this. */
  until(last: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}
