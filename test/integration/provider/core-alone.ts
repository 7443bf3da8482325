import {
  Cluster,
  type Operation,
  pciDeviceClaim,
  pciDevices,
  type Resource,
  runOperation,
  type SharedInputs,
  sriovCapability,
  sriovNetwork,
  sriovNetworkDevice,
  sriovNetworkDevices,
  sriovNetworkNodePolicy,
} from "../../../provider/index.js";

/**
 * A program of its own, as another shell would be: takes one resource of each kind through its life with the provider's core
 * alone, asks every lookup, and tells its parent what came of it, and which modules of Pulumi were loaded for that. Arguments:
 * kubeconfig, node, and the interfaces of a NIC for a resource and of one for a policy.
 */
async function main(): Promise<void> {
  const [kubeconfig, nodeName = "", interfaceName = "", ofPolicy = ""] = process.argv.slice(2);
  const shell = new Shell(Cluster.open({ kubeconfig }));
  const lives: Record<string, Life> = {};
  let lookups: CoreAlone["lookups"] = { devices: 0, vfs: 0, isCapable: false };

  const nic = { nodeName, interfaceName, numVfs: 2 };
  lives["SriovNetworkDevice"] = await shell.live(sriovNetworkDevice, nic, { numVfs: 3 }, async ({ vfPciDevices }) => {
    lookups = await shell.lookUp(nodeName);
    const claim = { pciDevice: vfPciDevices[0] ?? "" };
    lives["PciDeviceClaim"] = await shell.live(pciDeviceClaim, claim, { userName: "somebody" });
  });
  const settings = { resourceName: "alone", nodeSelector: { role: nodeName }, nicSelector: { pfNames: [ofPolicy] } };
  lives["SriovNetworkNodePolicy"] = await shell.live(
    sriovNetworkNodePolicy,
    { ...settings, numVfs: 2 },
    { numVfs: 3 },
    async ({ policyName, namespace, resourceName }) => {
      const network = { policy: { policyName, namespace, resourceName } };
      lives["SriovNetwork"] = await shell.live(sriovNetwork, network, { vlan: 100 });
    },
  );
  await shell.cluster.close();

  const pulumiModules = Object.keys(require.cache).filter((file) => file.includes("@pulumi"));
  const result: CoreAlone = { lives, lookups, told: shell.told, pulumiModules };
  process.send?.(result, () => process.exit());
}

/** What came of a resource, one property an operation. */
export interface Life {
  readonly failures: readonly string[];
  /** The outputs as create has returned them, as a read has right after, and as update has returned them. */
  readonly created: Readonly<Record<string, unknown>>;
  readonly read: Readonly<Record<string, unknown>> | undefined;
  readonly updated: Readonly<Record<string, unknown>>;
  readonly isDifferentUnchanged: boolean;
  readonly isDifferentChanged: boolean;
  /** What a delete is foreseen to do, as many lines. */
  readonly foreseen: number;
  /** Undefined where nothing is left of it. */
  readonly left: Readonly<Record<string, unknown>> | undefined;
}

export interface CoreAlone {
  readonly lives: Readonly<Record<string, Life>>;
  readonly lookups: { readonly devices: number; readonly vfs: number; readonly isCapable: boolean };
  readonly told: readonly string[];
  readonly pulumiModules: readonly string[];
}

class Shell {
  readonly told: string[] = [];
  private resources = 0;

  constructor(readonly cluster: Cluster) {}

  /** Check, create, read, diff, check again, diff, update, then `meanwhile`, and delete. */
  async live<Inputs extends SharedInputs, Outputs extends Inputs>(
    resource: Resource<Inputs, Outputs>,
    news: Partial<Inputs>,
    change: Partial<Inputs>,
    meanwhile?: (updated: Outputs) => Promise<void>,
  ): Promise<Life> {
    const known: ReadonlySet<string> = new Set();
    const given = { ...news, resourceUrn: `urn:pulumi:test::core::alone::r${++this.resources}` };
    const check = (olds: Partial<Inputs>, more: Partial<Inputs>) =>
      this.run("check", (operation) => resource.check(() => operation, olds, { ...given, ...more }, known));

    const checked = await check({}, {});
    const { id, outputs } = await this.run("create", (operation) =>
      resource.create(operation, checked.inputs as Inputs),
    );
    const read = await this.run("read", (operation) => resource.read(operation, id, outputs));
    const changed = await check(checked.inputs, change);
    const updated = await this.run("update", (operation) =>
      resource.update(operation, id, outputs, changed.inputs as Inputs),
    );
    await meanwhile?.(updated);
    const foreseen = await this.run("read", (operation) => resource.foreseeDelete(operation, id, updated));
    await this.run("delete", (operation) => resource.delete(operation, id, updated));
    return {
      failures: [...checked.failures, ...changed.failures].map(({ reason }) => reason),
      created: outputs as Life["created"],
      read: read as Life["read"],
      isDifferentUnchanged: resource.diff(outputs, checked.inputs, known).changed,
      isDifferentChanged: resource.diff(outputs, changed.inputs, known).changed,
      updated: updated as Life["updated"],
      foreseen: foreseen.length,
      left: (await this.run("read", (operation) => resource.read(operation, id, updated))) as Life["left"],
    };
  }

  async lookUp(nodeName: string): Promise<CoreAlone["lookups"]> {
    const [nics, vfs, { nodes }] = await Promise.all([
      sriovNetworkDevices(this.cluster, { nodeName }),
      pciDevices(this.cluster, { nodeName }),
      sriovCapability(this.cluster),
    ]);
    const isCapable = nodes.some((node) => node.nodeName === nodeName && node.capable);
    return { devices: nics.length, vfs: vfs.length, isCapable };
  }

  private run<T>(
    kind: "check" | "create" | "read" | "update" | "delete",
    work: (operation: Operation) => Promise<T>,
  ): Promise<T> {
    const log = {
      inform: () => undefined,
      warn: (message: string) => void this.told.push(message),
      status: () => undefined,
    };
    const timeouts = { create: "45s", update: "45s", delete: "45s" };
    return runOperation({ kind, timeouts, log, connect: () => Promise.resolve(this.cluster) }, work);
  }
}

void main();
