import type { KubeObject, ResourceType } from "../../api/object.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { Informer } from "../../kube/informer.js";
import { waitFor } from "../../kube/wait.js";
import type { Lab } from "../../lab/lab.js";
import type { HardwareSpec } from "../../lab/nodes/simulated/hardware.js";
import type { SimulatedNode } from "../../lab/nodes/simulated-node.js";
import { sharedLab } from "../shared-lab.js";

/** A NIC that belongs to one test. */
export interface Nic {
  readonly lab: Lab;
  readonly node: SimulatedNode;
  readonly nodeName: string;
  readonly interfaceName: string;
  readonly address: string;
  readonly deviceName: string;
  /** The live object. */
  device(): Promise<SriovNetworkDevice>;
  /** Resolves with the object once it is as `condition` wants it. */
  until(what: string, condition: (device: SriovNetworkDevice) => boolean): Promise<SriovNetworkDevice>;
  /** Count in the kernel. */
  numVfs(): Promise<number>;
  /** Sets the count as somebody else would, with kubectl. */
  edit(numVfs: number, fieldManager?: string): Promise<void>;
  /** Managers that own the count now. */
  owners(): Promise<string[]>;
}

/** The most VFs of each NIC here. */
export const MAX_VFS = 7;
const NODE_NAME = "e2e-node";
const NICS = 64;

let shared: Promise<SimulatedNode> | undefined;
let taken = 0;

/** The next NIC of a node that all tests share, untouched so far. */
export async function freshNic(): Promise<Nic> {
  const lab = await sharedLab();
  shared ??= lab.addSimulatedNode(NODE_NAME, { spec: hardware(NICS) });
  return nicOf(lab, await shared, taken++);
}

/** NIC 0 of a node of its own, for a test that ends its agent. */
export async function nicOfOwnNode(nodeName: string, options: { readonly agent?: boolean } = {}): Promise<Nic> {
  const lab = await sharedLab();
  return nicOf(lab, await lab.addSimulatedNode(nodeName, { spec: hardware(2), ...options }), 0);
}

/** `series`: what its node's interfaces are called, with a number behind. */
export function nicOf(lab: Lab, node: SimulatedNode, index: number, series = "eth"): Nic {
  const interfaceName = `${series}${index}`;
  const deviceName = `${node.name}-${interfaceName}`;
  const address = addressOf(index);
  const device = (): Promise<SriovNetworkDevice> => lab.client.get(SRIOV_NETWORK_DEVICE, deviceName);
  return {
    lab,
    node,
    nodeName: node.name,
    interfaceName,
    address,
    deviceName,
    device,
    until: (what, condition) => untilObject(lab, SRIOV_NETWORK_DEVICE, deviceName, what, condition),
    numVfs: () => node.numVfs(address),
    async edit(numVfs, fieldManager = "kubectl-edit") {
      await lab.client.merge(SRIOV_NETWORK_DEVICE, deviceName, { spec: { numVFS: numVfs } }, { fieldManager });
    },
    async owners() {
      const { metadata } = await device();
      const owning = metadata.managedFields?.filter((entry) => entry.fieldsV1?.["f:spec"]?.["f:numVFS"] !== undefined);
      return (owning ?? []).map((entry) => entry.manager ?? "");
    },
  };
}

/** Resolves with the object once it is as `condition` wants it. */
export async function untilObject<T extends KubeObject>(
  lab: Lab,
  type: ResourceType<T>,
  name: string,
  what: string,
  condition: (object: T) => boolean,
  namespace?: string,
): Promise<T> {
  const informer = new Informer(lab.client, type, { fields: { "metadata.name": name } }).start();
  try {
    await informer.synced;
    return await waitFor(
      informer,
      () => {
        const object = informer.get(name, namespace);
        return object && condition(object) ? { state: "satisfied", result: object } : { state: "pending", what };
      },
      { deadline: Date.now() + 30_000 },
    );
  } finally {
    await informer.stop();
  }
}

export function hardware(nics: number, series = "eth"): HardwareSpec {
  return {
    nics: Array.from({ length: nics }, (_, index) => ({
      address: addressOf(index),
      interfaces: [{ name: `${series}${index}` }],
      totalVfs: MAX_VFS,
    })),
  };
}

function addressOf(index: number): string {
  return `0000:${(4 + index).toString(16).padStart(2, "0")}:00.0`;
}
