import type * as client from "@kubernetes/client-node";
import type { KubeObject } from "../api/object.js";

/**
 * Kubernetes' own kinds, as far as an installation has them: the shapes of client-node, of which nothing is loaded, as the
 * plain values that they are in YAML.
 */
export type DaemonSet = Plain<client.V1DaemonSet> & KubeObject;
export type Deployment = Plain<client.V1Deployment> & KubeObject;
export type NetworkPolicy = Plain<client.V1NetworkPolicy> & KubeObject;
export type PodDisruptionBudget = Plain<client.V1PodDisruptionBudget> & KubeObject;
export type Service = Plain<client.V1Service> & KubeObject;
export type ServiceAccount = Plain<client.V1ServiceAccount> & KubeObject;

export type Container = Plain<client.V1Container>;
export type EnvVar = Plain<client.V1EnvVar>;
export type PodSpec = Plain<client.V1PodSpec>;
export type Probe = Plain<client.V1Probe>;
export type SecurityContext = Plain<client.V1SecurityContext>;
export type Volume = Plain<client.V1Volume>;
export type VolumeMount = Plain<client.V1VolumeMount>;

/** Without client-node's classes, so that literals will do; nothing of it is ever changed. */
type Plain<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Plain<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Plain<T[Key]> }
      : T;
