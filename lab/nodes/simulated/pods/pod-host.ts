import type { LabImages } from "../../../images.js";
import type { HostFolders } from "./mounts.js";

/** What a simulated node has for the pods that it runs. */
export interface PodHost {
  readonly nodeName: string;
  readonly images: LabImages;
  /** Socket of the node's simulated kernel. */
  readonly kernel: string;
  readonly folders: HostFolders;
  /** A folder of the node's own for what pods need while they run. */
  readonly folder: string;
  /** Folder of logs. */
  readonly logs: string;
  readonly caPem: string;
  /** How pods are told of the Service `kubernetes`. */
  readonly serviceEnv: Readonly<Record<string, string>>;
}
