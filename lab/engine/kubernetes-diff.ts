import { annotation } from "./kubernetes-object.js";
import { changedKeys, compare, type DetailedDiff } from "./property-diff.js";
import type { ProviderDiff } from "./provider.js";
import type { Properties } from "./values.js";

export interface MutableKinds {
  configMaps: boolean;
  secrets: boolean;
}

/** What changed of an object, and whether it can be changed where it is. */
export function diffObjects(olds: Properties, news: Properties, isPatch: boolean, mutable: MutableKinds): ProviderDiff {
  const detailedDiff = compare(olds, news);
  const paths = Object.keys(detailedDiff);
  const replaces = paths.filter((path) => IDENTITY.test(path) || (!isPatch && isFixed(path, news, mutable)));
  for (const path of replaces) markReplace(detailedDiff, path);
  // With the name given by the program there can't be two of them at once.
  const autonamed = annotation(news, "autonamed") === "true";
  const sameName = !autonamed && !replaces.some((path) => IDENTITY.test(path));
  return {
    changes: paths.length > 0 ? "some" : "none",
    replaces: [...new Set(replaces.map((path) => path.split(/[.[]/)[0] ?? path))],
    deleteBeforeReplace: replaces.length > 0 && sameName,
    diffs: changedKeys(detailedDiff),
    detailedDiff: paths.length > 0 ? detailedDiff : undefined,
  };
}

const IDENTITY = /^(apiVersion|kind|metadata\.name|metadata\.namespace)$/;

/** True for what the API server lets nobody change of an object that is there, and for the data of what pods may have read. */
function isFixed(path: string, inputs: Properties, mutable: MutableKinds): boolean {
  const immutable = inputs["immutable"] === true;
  switch (inputs["kind"]) {
    case "Deployment":
    case "DaemonSet":
      return /^spec\.selector\b/.test(path);
    case "StatefulSet":
      return /^spec\.(selector|serviceName|podManagementPolicy|volumeClaimTemplates|revisionHistoryLimit)\b/.test(path);
    case "ClusterRoleBinding":
    case "RoleBinding":
      return /^roleRef\b/.test(path);
    case "Job":
      return /^spec\.(template|selector|completions|parallelism)\b/.test(path);
    case "Service":
      return /^spec\.clusterIP$/.test(path);
    case "Pod":
      return path.startsWith("spec") && !CHANGEABLE_OF_A_POD.test(path);
    case "ConfigMap":
      return (immutable || !mutable.configMaps) && /^(data|binaryData)\b/.test(path);
    case "Secret":
      return /^type$/.test(path) || ((immutable || !mutable.secrets) && /^(data|stringData)\b/.test(path));
    default:
      return false;
  }
}

/** What the API server lets somebody change of a pod that is there. */
const CHANGEABLE_OF_A_POD = /^spec\.((initC|c)ontainers\[\d+\]\.image$|activeDeadlineSeconds$|tolerations\b)/;

function markReplace(diff: DetailedDiff, path: string): void {
  const entry = diff[path];
  if (entry && !entry.diffKind.endsWith("-replace")) {
    entry.diffKind = `${entry.diffKind}-replace` as typeof entry.diffKind;
  }
}
