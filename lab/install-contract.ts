import { setTimeout } from "node:timers/promises";
import {
  admissionPolicyBindings,
  Guard,
  VALIDATING_ADMISSION_POLICY,
  VALIDATING_ADMISSION_POLICY_BINDING,
} from "../api/admission-policies.js";
import { CUSTOM_RESOURCE_DEFINITION, type CustomResourceDefinition, NAMESPACE } from "../api/core.js";
import { customResourceDefinitions } from "../api/custom-resource-definitions.js";
import { KUBE_VIRT } from "../api/kubevirt.js";
import { Annotation } from "../api/names.js";
import { NETWORK_ATTACHMENT_DEFINITION } from "../api/network-attachment-definition.js";
import type { KubeObject, ResourceType } from "../api/object.js";
import { PCI_DEVICE_CLAIM } from "../api/pci-device-claim.js";
import { PCI_DEVICE } from "../api/pci-device.js";
import { CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING } from "../api/rbac.js";
import { SRIOV_NETWORK_DEVICE } from "../api/sriov-network-device.js";
import { SRIOV_NETWORK } from "../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../api/sriov-network-node-policy.js";
import { reconcilerObjects } from "../deploy/reconciler-objects.js";
import { settingsOf } from "../deploy/settings.js";
import type { KubeClient } from "../kube/client.js";
import { policyRefusal } from "../kube/errors.js";
import { Informer } from "../kube/informer.js";
import { waitFor } from "../kube/wait.js";
import { kubeVirtKind } from "./kubevirt.js";
import { networkAttachmentDefinitionKind } from "./multus.js";

export const FIELD_MANAGER = "pulumi-sriov-lab";

const OPTIONS = { fieldManager: FIELD_MANAGER, force: true };

const KINDS: readonly ResourceType<KubeObject>[] = [
  SRIOV_NETWORK_DEVICE,
  PCI_DEVICE,
  PCI_DEVICE_CLAIM,
  SRIOV_NETWORK_NODE_POLICY,
  SRIOV_NETWORK,
  NETWORK_ATTACHMENT_DEFINITION,
];

const DEADLINE_MS = 30_000;

/**
 * Installs what `deploy/manifests` ships, and Multus's kind, without the pods, in whose place the lab starts processes; resolves
 * when the API server serves the kinds and holds the guards.
 */
export async function installContract(client: KubeClient): Promise<void> {
  await installShipped(client, [NAMESPACE, CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING]);
  await installKinds(client);
  await installGuards(client);
}

/** Resolves when all of them are served. */
export async function installKinds(client: KubeClient): Promise<void> {
  await installShipped(client, [CUSTOM_RESOURCE_DEFINITION]);
  await installDefinitions(client, [networkAttachmentDefinitionKind()], []);
  await untilEstablished(client, customResourceDefinitions());
  await untilServed(client, KINDS);
}

/** Installs Multus's kind alone, without anything that acts on it; resolves when it is served. As often as one likes. */
export async function installMultus(client: KubeClient): Promise<void> {
  await installDefinitions(client, [networkAttachmentDefinitionKind()], [NETWORK_ATTACHMENT_DEFINITION]);
}

/** Installs KubeVirt's kind alone, without anything that acts on it; resolves when it is served. As often as one likes. */
export async function installKubeVirt(client: KubeClient): Promise<void> {
  await installDefinitions(client, [kubeVirtKind()], [KUBE_VIRT]);
}

async function installDefinitions(
  client: KubeClient,
  definitions: readonly CustomResourceDefinition[],
  types: readonly ResourceType<KubeObject>[],
): Promise<void> {
  for (const definition of definitions) await client.apply(CUSTOM_RESOURCE_DEFINITION, definition, OPTIONS);
  await untilEstablished(client, definitions);
  await untilServed(client, types);
}

/** Resolves when all of them are held. */
export async function installGuards(client: KubeClient): Promise<void> {
  await installShipped(client, [VALIDATING_ADMISSION_POLICY, VALIDATING_ADMISSION_POLICY_BINDING]);
  await untilHeld(client);
}

/** Those of these types, in the order in which they ship. */
async function installShipped(client: KubeClient, types: readonly ResourceType<KubeObject>[]): Promise<void> {
  for (const { object } of reconcilerObjects(settingsOf())) {
    const type = types.find(({ kind }) => kind === object.kind);
    if (type !== undefined) await client.apply(type, object, OPTIONS);
  }
}

async function untilEstablished(client: KubeClient, definitions: readonly CustomResourceDefinition[]): Promise<void> {
  const informer = new Informer(client, CUSTOM_RESOURCE_DEFINITION).start();
  try {
    await informer.synced;
    await waitFor(
      informer,
      () => {
        const names = definitions.map(({ metadata }) => metadata.name);
        const missing = names.filter((name) => !isEstablished(informer.get(name)));
        return missing.length === 0
          ? { state: "satisfied", result: undefined }
          : { state: "pending", what: `${missing.join(", ")} not established yet` };
      },
      { deadline: Date.now() + DEADLINE_MS },
    );
  } finally {
    await informer.stop();
  }
}

/** The condition Established comes before the first answer that is no 404. */
async function untilServed(client: KubeClient, types: readonly ResourceType<KubeObject>[]): Promise<void> {
  for (const type of types) {
    const informer = new Informer(client, type).start();
    await informer.synced;
    await informer.stop();
  }
}

function isEstablished(definition: CustomResourceDefinition | undefined): boolean {
  return (definition?.status?.conditions ?? []).some(({ type, status }) => type === "Established" && status === "True");
}

/**
 * Resolves when the API server holds the guards, whoever has installed them.
 *
 * An API server takes policies up a moment after they were written, and nothing of them says when. So it is asked for
 * something that the last of them refuses, as a dry run, until it is refused. The API server hears of policies, and of
 * bindings, in the order in which they were written: with the last one it has all.
 */
export async function untilHeld(client: KubeClient): Promise<void> {
  const last = admissionPolicyBindings().at(-1)?.metadata.name;
  if (last !== Guard.vfsInUse) throw new Error(`there is no request that tells whether ${last ?? "nothing"} is held`);
  const { apiVersion, kind, plural } = SRIOV_NETWORK_DEVICE;
  const annotations = { [Annotation.allowDisruption]: "no count" };
  const spec = { address: "0000:00:00.0", nodeName: "no-node" };
  const body = { apiVersion, kind, metadata: { name: "no-device", annotations }, spec };
  for (const deadline = Date.now() + DEADLINE_MS; ;) {
    try {
      await client.raw({ method: "POST", path: `/apis/${apiVersion}/${plural}?dryRun=All`, body });
    } catch (error) {
      if (policyRefusal(error)?.policy === last) return;
      throw error;
    }
    if (Date.now() > deadline)
      throw new Error(`the policy ${last} is not held ${DEADLINE_MS / 1_000} s after it was written`);
    await setTimeout(50);
  }
}
