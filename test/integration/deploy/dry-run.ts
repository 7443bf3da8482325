import { request, type RequestOptions } from "node:https";
import { text } from "node:stream/consumers";
import type { KubeObject } from "../../../api/object.js";
import type { KubeClient } from "../../../kube/client.js";
import { resourceTypeOf } from "./resource-type.js";

/** What the API server says to an object that it does not keep. */
export interface DryRun {
  readonly status: number;
  readonly body: string;
  /** As `kubectl` would print them. */
  readonly warnings: readonly string[];
}

/**
 * Asks the API server what it would say to an apply. A field that it does not know is an error to it.
 *
 * @param namespace Where to try it; default: the object's own
 */
export async function dryRun(
  { config }: KubeClient,
  object: KubeObject,
  namespace = object.metadata.namespace,
): Promise<DryRun> {
  const placed = { ...object, metadata: { ...object.metadata, ...(namespace !== undefined && { namespace }) } };
  const options: RequestOptions = { method: "PATCH", headers: { "Content-Type": "application/apply-patch+yaml" } };
  await config.kubeConfig.applyToHTTPSOptions(options);
  return new Promise((resolve, reject) => {
    const asked = request(new URL(pathOf(placed), config.server), options, (response) => {
      const warnings = [response.headers["warning"] ?? []].flat().flatMap((header) => header.split(/, (?=\d{3} )/));
      const { statusCode: status = 0 } = response;
      text(response).then((body) => resolve({ status, body, warnings }), reject);
    });
    asked.on("error", reject).end(JSON.stringify(placed));
  });
}

function pathOf(object: KubeObject): string {
  const { apiVersion, plural } = resourceTypeOf(object);
  const { name, namespace } = object.metadata;
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const place = namespace === undefined ? "" : `/namespaces/${namespace}`;
  return `${group}${place}/${plural}/${name}?dryRun=All&fieldValidation=Strict&fieldManager=test`;
}
