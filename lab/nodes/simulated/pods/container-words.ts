import type { ContainerSpec, EnvironmentVariable, NodePod } from "./node-pod.js";

/** Where a pod is, as its containers and its status are told. */
export interface PodPlace {
  readonly nodeAddress: string;
  /** The node's, where the pod shares the node's network. */
  readonly podAddress: string;
}

/** Folders of containers to folders of this machine; `/` stands for whatever is not mounted. */
export type Mounts = Readonly<Record<string, string>>;

export interface ContainerWords {
  /** Arguments after the image's or the pod's own command. */
  readonly args: readonly string[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * What a container's process is to be told, as a kubelet would tell it, with what would be the container's own put into this
 * machine's words: paths through the mounts, and loopback and "all addresses" as the pod's own address.
 *
 * @param given what the container's environment has before the pod's own variables.
 * @throws {Error} a variable is taken from where nothing is known of.
 */
export function containerWords(
  pod: NodePod,
  container: ContainerSpec,
  place: PodPlace,
  mounts: Mounts,
  given: Readonly<Record<string, string>>,
): ContainerWords {
  const env: Record<string, string> = { ...given };
  for (const variable of container.env ?? []) {
    env[variable.name] = here(valueOf(pod, variable, place, env), mounts, place);
  }
  return {
    env,
    // Of the image, and so not to be found by this machine's folders.
    command: (container.command ?? []).map((text) => expand(text, env)),
    args: (container.args ?? []).map((text) => here(expand(text, env), mounts, place)),
  };
}

function valueOf(
  pod: NodePod,
  { name, value = "", valueFrom }: EnvironmentVariable,
  place: PodPlace,
  before: Readonly<Record<string, string>>,
): string {
  if (valueFrom === undefined) return expand(value, before);
  const path = valueFrom.fieldRef?.fieldPath;
  const text = path === undefined ? undefined : fieldOf(pod, path, place);
  if (text !== undefined) return text;
  throw new Error(`the simulated kubelet cannot tell ${name} from ${JSON.stringify(valueFrom)}: only from some fields`);
}

/** The downward API. */
function fieldOf({ metadata, spec }: NodePod, path: string, { nodeAddress, podAddress }: PodPlace): string | undefined {
  const [, kind, key = ""] = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path) ?? [];
  if (kind === "labels" || kind === "annotations") return metadata[kind]?.[key] ?? "";
  const fields: Readonly<Record<string, string | undefined>> = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.uid": metadata.uid,
    "spec.nodeName": spec?.nodeName,
    "spec.serviceAccountName": spec?.serviceAccountName,
    "status.hostIP": nodeAddress,
    "status.hostIPs": nodeAddress,
    "status.podIP": podAddress,
    "status.podIPs": podAddress,
  };
  return fields[path];
}

/** `$(NAME)` is the variable's value and `$$(NAME)` no reference; a name that is not known stays as it is. */
function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$)?\(([^)]+)\)/g, (whole, escape: string | undefined, name: string) =>
    escape === undefined ? (env[name] ?? whole) : whole.slice(1),
  );
}

/** Also of what stands after a flag's `=`. */
function here(text: string, mounts: Mounts, { podAddress }: PodPlace): string {
  const [, flag = "", value = ""] = /^(--[^=]+=)?(.*)$/s.exec(text) ?? [];
  if (value.startsWith("/")) return flag + through(mounts, value);
  return flag + value.replace(/^(127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1?\])(?=:\d+$)/, podAddress);
}

/** Where a container's path is on this machine. */
export function through(mounts: Mounts, path: string): string {
  const holds = (mount: string): boolean => path === mount || path.startsWith(`${mount.replace(/\/$/, "")}/`);
  const [mount = "/"] = Object.keys(mounts)
    .filter(holds)
    .sort((a, b) => b.length - a.length);
  const rest = path.slice(mount.replace(/\/$/, "").length);
  return `${mounts[mount] ?? ""}${rest}`;
}
