import type { KubernetesObject, KubernetesObjectApi } from "@kubernetes/client-node";
import { EngineError, messageOf } from "./engine-error.js";
import { idOf, type ApiObject } from "./kubernetes-object.js";

export interface ApplyOptions {
  force: boolean;
  dryRun: boolean;
}

/** One call each, with errors that say which object, what was tried and what was answered. */
export class KubernetesClient {
  /** Undefined where the cluster isn't known yet: then nothing can be asked. */
  constructor(private readonly api: KubernetesObjectApi | undefined) {}

  get isKnown(): boolean {
    return this.api !== undefined;
  }

  /** @throws ApiError 409 where it is there already */
  create(object: ApiObject, dryRun: boolean): Promise<ApiObject> {
    return this.call(
      () => `create ${object.kind ?? ""} ${idOf(object)}`,
      (api) => api.create<ApiObject & KubernetesObject>(asTyped(object), undefined, dryRunOf(dryRun), CREATOR),
    );
  }

  /** By server-side apply, which makes the object where it isn't there. */
  apply(object: ApiObject, manager: string, { force, dryRun }: ApplyOptions): Promise<ApiObject> {
    return this.call(
      () => `apply ${object.kind ?? ""} ${idOf(object)}`,
      async (api) => {
        const { PatchStrategy } = await import("@kubernetes/client-node");
        const how = PatchStrategy.ServerSideApply;
        return api.patch(asTyped(object), undefined, dryRunOf(dryRun), manager, force, how);
      },
    );
  }

  /** The whole object, in the place of the one that is there. */
  replace(object: ApiObject, manager: string, dryRun: boolean): Promise<ApiObject> {
    return this.call(
      () => `replace ${object.kind ?? ""} ${idOf(object)}`,
      (api) => api.replace(asTyped(object), undefined, dryRunOf(dryRun), manager),
    );
  }

  /** Writes who owns which fields, and nothing else. */
  setManagers({ apiVersion = "", kind = "", metadata }: ApiObject): Promise<ApiObject> {
    const change: ApiObject = { apiVersion, kind, metadata };
    return this.call(
      () => `take over the fields of ${kind} ${idOf(change)}`,
      async (api) => {
        const { PatchStrategy } = await import("@kubernetes/client-node");
        const how = PatchStrategy.MergePatch;
        return api.patch(asTyped(change), undefined, undefined, undefined, undefined, how);
      },
    );
  }

  /** Undefined where it isn't there, or its kind isn't. */
  find(object: ApiObject): Promise<ApiObject | undefined> {
    return this.call(
      () => `read ${object.kind ?? ""} ${idOf(object)}`,
      (api) =>
        api.read<ApiObject & KubernetesObject>(asTyped(object) as KubernetesObject & { metadata: { name: string } }),
    ).catch(ignoreNotFound);
  }

  list(apiVersion: string, kind: string, namespace: string | undefined): Promise<ApiObject[]> {
    return this.call(
      () => `list ${kind}s of ${namespace ?? "the cluster"}`,
      async (api) => (await api.list<KubernetesObject>(apiVersion, kind, namespace)).items as ApiObject[],
    );
  }

  /** False where it wasn't there. */
  async delete(object: ApiObject, propagation: string): Promise<boolean> {
    const answer = await this.call(
      () => `delete ${object.kind ?? ""} ${idOf(object)}`,
      (api) => api.delete(asTyped(object), undefined, undefined, undefined, undefined, propagation),
    ).catch(ignoreNotFound);
    return answer !== undefined;
  }

  /** `what` is asked for late: the client fills in the namespace. */
  private async call<T>(what: () => string, work: (api: KubernetesObjectApi) => Promise<T>): Promise<T> {
    if (!this.api) throw new EngineError(`kubernetes provider: cannot ${what()}: its kubeconfig is not known`);
    try {
      return await work(this.api);
    } catch (error) {
      throw new ApiError(what(), error);
    }
  }
}

/** As which Pulumi's own provider creates; its updates take the fields over from this name. */
export const CREATOR = "pulumi-kubernetes";

export class ApiError extends Error {
  override readonly name = "ApiError";
  /** Of HTTP; 404 also where the kind isn't served. */
  readonly status: number | undefined;
  readonly answer: string;
  /** What the API server's Status says is at fault, such as `namespaces`. */
  readonly subject: string | undefined;

  constructor(what: string, cause: unknown) {
    const status = statusOf(cause);
    const answer = status?.message ?? messageOf(cause);
    super(`could not ${what}: ${answer}`, { cause });
    this.answer = answer;
    this.subject = status?.details?.kind;
    this.status = isUnknownKind(cause) ? 404 : (cause as { code?: number }).code;
  }

  get kindIsUnknown(): boolean {
    return isUnknownKind(this.cause);
  }
}

function isUnknownKind(error: unknown): boolean {
  const { message, code } = error as { message?: string; code?: number };
  if (message?.startsWith("Unrecognized API version and kind") === true) return true;
  return code === 404 && message?.startsWith("Failed to fetch resource metadata") === true;
}

interface Status {
  message?: string;
  details?: { kind?: string };
}

function statusOf(error: unknown): Status | undefined {
  const { body } = error as { body?: unknown };
  try {
    return (typeof body === "string" ? JSON.parse(body) : (body ?? undefined)) as Status | undefined;
  } catch {
    // Not a Kubernetes Status.
    return undefined;
  }
}

function ignoreNotFound(error: unknown): undefined {
  if (error instanceof ApiError && error.status === 404) return undefined;
  throw error;
}

/** The client's own types have classes for metadata, which nothing needs. */
function asTyped(object: ApiObject): ApiObject & KubernetesObject {
  return object as ApiObject & KubernetesObject;
}

function dryRunOf(dryRun: boolean): string | undefined {
  return dryRun ? "All" : undefined;
}
