import { createHash } from "node:crypto";
import type { Crypter } from "./secrets.js";
import { isSecret, secretSignature, signatureKey, transformAll, type Properties, type Value } from "./values.js";
import { parseReference } from "./urn.js";

/** A resource as the deployment format (version 3) has it; field names are those of the JSON. */
export interface ResourceState {
  urn: string;
  custom: boolean;
  /** Replaced already, still to be deleted. */
  delete?: boolean;
  id?: string;
  type: string;
  inputs?: Properties;
  outputs?: Properties;
  parent?: string;
  protect?: boolean;
  /** Read by the program, not managed. */
  external?: boolean;
  dependencies?: string[];
  initErrors?: string[];
  provider?: string;
  propertyDependencies?: Record<string, string[]>;
  /** Deleted already, still to be created anew. */
  pendingReplacement?: boolean;
  additionalSecretOutputs?: string[];
  aliases?: string[];
  /** In seconds. */
  customTimeouts?: { create?: number; update?: number; delete?: number };
  importID?: string;
  retainOnDelete?: boolean;
  deletedWith?: string;
  created?: string;
  modified?: string;
  ignoreChanges?: string[];
  replaceOnChanges?: string[];
}

export type OperationType = "creating" | "updating" | "deleting" | "reading";

export interface PendingOperation {
  resource: ResourceState;
  type: OperationType;
}

export interface Deployment {
  manifest: { time: string; magic: string; version: string };
  secrets_providers?: { type: string; state: { salt: string } };
  resources?: ResourceState[];
  pending_operations?: PendingOperation[];
  metadata?: Record<string, never>;
}

export const engineVersion = "v3.270.0";

export function newDeployment(
  resources: ResourceState[],
  pending: PendingOperation[],
  salt: string | undefined,
): Deployment {
  return {
    manifest: {
      time: new Date().toISOString(),
      magic: createHash("sha256").update(engineVersion).digest("hex"),
      version: engineVersion,
    },
    ...(salt !== undefined && { secrets_providers: { type: "passphrase", state: { salt } } }),
    ...(resources.length > 0 && { resources }),
    ...(pending.length > 0 && { pending_operations: pending }),
    metadata: {},
  };
}

/** Secrets as `{<signature>, ciphertext}`, or with `crypter` undefined as `{<signature>, plaintext}`. */
export function sealDeployment(deployment: Deployment, crypter: Crypter | undefined): Deployment {
  return eachProperties(deployment, (properties) =>
    transformAll(properties, (node) => {
      if (!isSecret(node)) return node;
      const text = JSON.stringify(node.value);
      const content: Properties = crypter ? { ciphertext: crypter.encrypt(text) } : { plaintext: text };
      return { [signatureKey]: secretSignature, ...content };
    }),
  );
}

/** The reverse: secrets of either form become `{<signature>, value}`. */
export function openDeployment(deployment: Deployment, crypter: () => Crypter): Deployment {
  return eachProperties(deployment, (properties) =>
    transformAll(properties, (node) => {
      if (!isSecret(node)) return node;
      const sealed: Record<string, Value | undefined> = node;
      const { ciphertext, plaintext } = sealed;
      const text = typeof ciphertext === "string" ? crypter().decrypt(ciphertext) : plaintext;
      return { [signatureKey]: secretSignature, value: JSON.parse(typeof text === "string" ? text : "null") as Value };
    }),
  );
}

function eachProperties(deployment: Deployment, change: (properties: Properties) => Properties): Deployment {
  const changed = (state: ResourceState): ResourceState => ({
    ...state,
    ...(state.inputs && { inputs: change(state.inputs) }),
    ...(state.outputs && { outputs: change(state.outputs) }),
  });
  return {
    ...deployment,
    ...(deployment.resources && { resources: deployment.resources.map(changed) }),
    ...(deployment.pending_operations && {
      pending_operations: deployment.pending_operations.map((pending) => ({
        ...pending,
        resource: changed(pending.resource),
      })),
    }),
  };
}

/** URNs of everything that must exist as long as this resource does. */
export function dependenciesOf(state: ResourceState): string[] {
  return [
    ...(state.parent ? [state.parent] : []),
    ...(state.provider ? [parseReference(state.provider).urn] : []),
    ...(state.dependencies ?? []),
    ...Object.values(state.propertyDependencies ?? {}).flat(),
    ...(state.deletedWith ? [state.deletedWith] : []),
  ];
}
