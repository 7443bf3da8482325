import { NODE } from "../../../api/core.js";
import { pciDeviceName, RECONCILER_NAMESPACE } from "../../../api/names.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { type Claimable, vfOf } from "../claims/claimable.js";
import { controllerRuns } from "../networks/twins.js";
import { hardware, type Nic, nicOf, untilObject } from "../nics.js";
import { openStack, type Program, type TestStack } from "../stack.js";

/** One program with a resource of every kind, on a node of its own. */
export interface EveryResource {
  readonly lab: Lab;
  readonly node: SimulatedNode;
  /** Of the resource `nic`, which asks for 4 VFs. */
  readonly nic: Nic;
  /** Of the resource `policy`, which asks for 2 VFs. */
  readonly pool: Nic;
  /** Of the resource `claim`. */
  readonly vf: Claimable;
  /** Names of the objects of `policy` and `network`. */
  readonly policyName: string;
  readonly networkName: string;
  readonly program: (forceConflicts?: boolean) => Program;
  readonly stack: TestStack;
  /** Resolves once the node's hardware and objects are as the program asks for. */
  asAsked(): Promise<void>;
}

export const NUM_VFS = { nic: 4, policy: 2 };

/** The program after its first `up`. `name`: of the node, and of what the test makes. */
export async function everyResource(name: string): Promise<EveryResource> {
  const lab = await controllerRuns();
  const node = await lab.addSimulatedNode(name, { spec: hardware(2, name) });
  const labels = { [`test/${name}`]: "yes" };
  await lab.client.merge(NODE, name, { metadata: { labels } }, { fieldManager: "person" });
  const [nic, pool] = [nicOf(lab, node, 0, name), nicOf(lab, node, 1, name)];
  const vf = vfOf(nic, 1);
  const [policyName, networkName] = [`${name}-policy`, `${name}-network`];
  const program =
    (forceConflicts = false): Program =>
    (sriov) => {
      const { vfPciDevices } = new sriov.SriovNetworkDevice("nic", {
        ...{ nodeName: name, interfaceName: nic.interfaceName, numVfs: NUM_VFS.nic, forceConflicts },
      });
      const pciDevice = vfPciDevices.apply(() => pciDeviceName(name, vf.address));
      new sriov.PciDeviceClaim("claim", { pciDevice, userName: "alice", forceConflicts });
      const policy = new sriov.SriovNetworkNodePolicy("policy", {
        ...{ policyName, resourceName: `${name}_pool`, nodeSelector: labels, forceConflicts },
        ...{ nicSelector: { pfNames: [pool.interfaceName] }, numVfs: NUM_VFS.policy },
      });
      new sriov.SriovNetwork("network", {
        networkName,
        policy,
        vlan: 100,
        networkNamespace: "default",
        forceConflicts,
      });
      return undefined;
    };
  const stack = await openStack({ program: program() });
  await stack.up();
  return {
    ...{ lab, node, nic, pool, vf, policyName, networkName, program, stack },
    async asAsked() {
      for (const [device, numVfs] of [
        [nic, NUM_VFS.nic],
        [pool, NUM_VFS.policy],
      ] as const) {
        await device.until(
          `configured with ${numVfs} VFs`,
          ({ spec, status }) =>
            spec.numVFS === numVfs &&
            status?.virtualFunctions?.length === numVfs &&
            status.conditions?.find(({ type }) => type === "Ready")?.reason === "Configured",
        );
      }
      await vf.until("enabled", ({ status }) => status?.conditions?.[0]?.reason === "Enabled");
      await untilObject(
        ...([lab, SRIOV_NETWORK_NODE_POLICY, policyName, "configured"] as const),
        ({ status }) => status?.conditions.find(({ type }) => type === "Ready")?.reason === "Configured",
        RECONCILER_NAMESPACE,
      );
      await untilObject(
        ...([lab, SRIOV_NETWORK, networkName, "attached"] as const),
        ({ status }) => status?.conditions?.find(({ type }) => type === "Ready")?.status === "True",
        RECONCILER_NAMESPACE,
      );
    },
  };
}
