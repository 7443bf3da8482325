import {
  checkDevice,
  Cluster,
  createDevice,
  deleteDevice,
  type Operation,
  pciDeviceClaim,
  pciDevices,
  updateDevice,
} from "../../../provider/index.js";

/**
 * A program of its own: drives a NIC and a claim of a VF with the provider's core alone, and tells its parent what became of it, and which
 * modules of Pulumi were loaded for that. Arguments: kubeconfig, node, interface.
 */
async function main(): Promise<void> {
  const [kubeconfig, nodeName = "", interfaceName = ""] = process.argv.slice(2);
  const cluster = Cluster.open({ kubeconfig });
  const told: string[] = [];
  const log = { warn: (message: string) => void told.push(message), inform: () => undefined, status: () => undefined };
  const operation = (): Operation => ({ cluster, log, deadline: Date.now() + 30_000 });
  const inputs = { nodeName, interfaceName, numVfs: 2, resourceUrn: "urn:pulumi:test::core::alone::nic" };

  const checked = await checkDevice(operation, {}, inputs, new Set());
  const created = await createDevice(operation(), inputs);
  await checkDevice(operation, checked.inputs, { ...inputs, numVfs: 3 }, new Set());
  const updated = await updateDevice(operation(), created.id, created.outputs, { ...inputs, numVfs: 3 });
  const claimed = await claimVf(operation, updated.vfPciDevices[0] ?? "");
  await deleteDevice(operation(), created.id, updated);
  await cluster.close();

  const result: CoreAlone = {
    checked: checked.inputs.deviceName,
    created: created.outputs.vfAddresses.length,
    updated: updated.vfAddresses.length,
    claimed,
    told,
    pulumiModules: Object.keys(require.cache).filter((file) => file.includes("@pulumi")),
  };
  process.send?.(result, () => process.exit());
}

/** The driver that a VF has while it is claimed. */
async function claimVf(operation: () => Operation, pciDevice: string): Promise<string | undefined> {
  const resourceUrn = "urn:pulumi:test::core::alone::vf";
  const { id, outputs } = await pciDeviceClaim.create(operation(), { resourceUrn, pciDevice });
  const listed = await pciDevices(operation().cluster, { nodeName: outputs.nodeName, addresses: [outputs.address] });
  await pciDeviceClaim.delete(operation(), id, outputs);
  return listed[0]?.driver;
}

export interface CoreAlone {
  readonly checked: string | undefined;
  readonly created: number;
  readonly updated: number;
  readonly claimed: string | undefined;
  readonly told: readonly string[];
  readonly pulumiModules: readonly string[];
}

void main();
