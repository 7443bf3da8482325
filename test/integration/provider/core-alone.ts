import {
  checkDevice,
  Cluster,
  createDevice,
  deleteDevice,
  type Operation,
  updateDevice,
} from "../../../provider/index.js";

/**
 * A program of its own: drives a NIC with the provider's core alone, and tells its parent what became of it, and which
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
  await deleteDevice(operation(), created.id, updated);
  await cluster.close();

  const result: CoreAlone = {
    checked: checked.inputs.deviceName,
    created: created.outputs.vfAddresses.length,
    updated: updated.vfAddresses.length,
    told,
    pulumiModules: Object.keys(require.cache).filter((file) => file.includes("@pulumi")),
  };
  process.send?.(result, () => process.exit());
}

export interface CoreAlone {
  readonly checked: string | undefined;
  readonly created: number;
  readonly updated: number;
  readonly told: readonly string[];
  readonly pulumiModules: readonly string[];
}

void main();
