import { KubeConfig } from "@kubernetes/client-node";
import { existsSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ConfigError, messageOf } from "./errors.js";

/** Where credentials come from. Nothing given: `KUBECONFIG`, `~/.kube/config`, then the pod's service account. */
export interface ClusterAccess {
  /** Path of a kubeconfig, or its text. */
  readonly kubeconfig?: string | undefined;
  /** Name of a context; default: the kubeconfig's current one. */
  readonly context?: string | undefined;
}

/**
 * What is used of client-node's KubeConfig. The package's types name it by this, since those of client-node are an ES module's, and
 * need packages that are not installed with it: a program's compiler would have to know of both.
 */
export interface UserConfig {
  /** Adds TLS settings and headers; runs what gives credentials. */
  applyToHTTPSOptions(options: RequestOptions): Promise<void>;
  getCurrentCluster(): { readonly proxyUrl?: string } | null;
  getCurrentUser(): { readonly exec?: { readonly command?: string } } | null;
}

/** A kubeconfig with a usable current context, and words for errors. */
export interface ClusterConfig {
  readonly kubeConfig: UserConfig;
  readonly server: string;
  /** `context "lab" of /home/me/.kube/config`, for error messages. */
  readonly origin: string;
  readonly user: string;
  /**
   * The same as the kubeconfig has it by now, with nothing remembered of what plugins gave before; undefined where the user is
   * none whose credentials could be others by now.
   */
  renewed(): UserConfig | undefined;
}

/** @throws {ConfigError} when no kubeconfig is found, it can't be read, or lacks the context, its cluster or its user. */
export function loadClusterConfig(access: ClusterAccess = {}): ClusterConfig {
  const { kubeConfig, source } = load(access.kubeconfig);
  if (access.context !== undefined && access.context !== "") {
    const known = kubeConfig.getContexts().map((context) => context.name);
    if (!known.includes(access.context)) {
      throw new ConfigError(
        `${source} has no context "${access.context}"; it has ${known.length === 0 ? "none" : known.join(", ")}. ` +
          `Set sriov:context, or the resource's context, to one of these.`,
      );
    }
    kubeConfig.setCurrentContext(access.context);
  }
  const name = kubeConfig.getCurrentContext();
  const cluster = kubeConfig.getCurrentCluster();
  if (!cluster) {
    const why = name ? `its context "${name}" names a cluster that is not in it` : "it has no current context";
    throw new ConfigError(`${source} cannot be used: ${why}. Run "kubectl config get-contexts" to see what it has.`);
  }
  return {
    kubeConfig,
    server: cluster.server,
    origin: `context "${name}" of ${source}`,
    user: kubeConfig.getCurrentUser()?.name ?? "",
    renewed: () => renewed(kubeConfig, access.kubeconfig),
  };
}

function renewed(kubeConfig: KubeConfig, given: string | undefined): KubeConfig | undefined {
  const again = reloaded(given);
  if (again === undefined) return undefined;
  again.setCurrentContext(kubeConfig.getCurrentContext());
  const user = again.getCurrentUser();
  // Credentials are never taken to another server than they were for.
  if (user === null || again.getCurrentCluster()?.server !== kubeConfig.getCurrentCluster()?.server) return undefined;
  const isAsked = user.exec !== undefined || user.authProvider !== undefined;
  return isAsked || !isDeepStrictEqual(user, kubeConfig.getCurrentUser()) ? again : undefined;
}

function reloaded(given: string | undefined): KubeConfig | undefined {
  try {
    return load(given).kubeConfig;
  } catch {
    // What was read at the start stays good enough to say what is wrong.
    return undefined;
  }
}

function load(given: string | undefined): { kubeConfig: KubeConfig; source: string } {
  const kubeConfig = new KubeConfig();
  if (given !== undefined && looksLikeText(given)) {
    return attempt("the given kubeconfig", () => kubeConfig.loadFromString(given), kubeConfig);
  }
  const paths = given !== undefined && given !== "" ? [given] : (process.env["KUBECONFIG"] ?? "").split(delimiter);
  const files = paths.filter((path) => path !== "").map(expandHome);
  const home = join(homedir(), ".kube", "config");
  if (files.length === 0 && existsSync(home)) files.push(home);
  if (given !== undefined && given.length > MAX_PATH && !files.some((file) => existsSync(file))) {
    // Perhaps a kubeconfig in some encoding: nothing of it may be shown.
    throw new ConfigError(
      `the given kubeconfig, ${given.length} characters, is neither a file's path nor YAML or JSON text`,
    );
  }
  if (files.length > 0)
    return attempt(`kubeconfig ${files.join(delimiter)}`, () => loadFiles(kubeConfig, files), kubeConfig);
  if (process.env["KUBERNETES_SERVICE_HOST"]) {
    return attempt("the pod's service account", () => kubeConfig.loadFromCluster(), kubeConfig);
  }
  throw new ConfigError(
    "no kubeconfig was found: looked at sriov:kubeconfig, kubernetes:kubeconfig, KUBECONFIG, ~/.kube/config and the " +
      "pod's service account. Set one of them.",
  );
}

/** Several files merge as kubectl does it: the first that sets a name, or the current context, wins. */
function loadFiles(kubeConfig: KubeConfig, files: readonly string[]): void {
  const [first, ...rest] = files.filter((file) => files.length === 1 || existsSync(file));
  if (first === undefined) throw new Error("none of these files exists");
  kubeConfig.loadFromFile(first);
  for (const file of rest) {
    const other = new KubeConfig();
    other.loadFromFile(file);
    kubeConfig.mergeConfig(other, true);
  }
}

function attempt(source: string, read: () => void, kubeConfig: KubeConfig): { kubeConfig: KubeConfig; source: string } {
  try {
    read();
  } catch (error) {
    // The first line only, and no cause: a parser's message goes on with an excerpt, which may hold a credential.
    throw new ConfigError(`${source} cannot be read: ${messageOf(error).split("\n")[0] ?? ""}`);
  }
  return { kubeConfig, source };
}

/** Longer than anybody's path, shorter than any kubeconfig. */
const MAX_PATH = 300;

function looksLikeText(given: string): boolean {
  return given.includes("\n") || given.trimStart().startsWith("{");
}

function expandHome(path: string): string {
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
}
