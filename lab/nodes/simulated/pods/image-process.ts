import { join } from "node:path";
import type { LabImage } from "../../../images.js";
import { runVariable } from "../../../processes/end-run.js";
import type { Mounts } from "./container-words.js";

/** How a container's process learns what a container would see: the node's kernel, and its mounts as JSON. */
export const KERNEL_VARIABLE = "PULUMI_SRIOV_LAB_KERNEL";
export const MOUNTS_VARIABLE = "PULUMI_SRIOV_LAB_MOUNTS";

/** The image's entrypoint. */
export function imageCommand(image: LabImage): readonly string[] {
  if (image !== "reconciler") return image;
  return [process.execPath, join(__dirname, "..", "reconciler-image.js")];
}

export interface ContainerSurroundings {
  /** As the pod wants it. */
  readonly env: Readonly<Record<string, string>>;
  readonly kubeconfig: string | undefined;
  readonly kernel: string;
  readonly mounts: Mounts;
}

/** Nothing of this process's own environment but what programs are found by, and what ends them with their run. */
export function containerEnvironment({ env, kubeconfig, kernel, mounts }: ContainerSurroundings): NodeJS.ProcessEnv {
  const { PATH, NODE_COMPILE_CACHE, NODE_V8_COVERAGE, [runVariable]: run } = process.env;
  const inherited = { PATH, NODE_COMPILE_CACHE, NODE_V8_COVERAGE, [runVariable]: run };
  return {
    // A kubeconfig of whoever runs the lab is none of the container's.
    HOME: mounts["/"],
    ...env,
    ...Object.fromEntries(Object.entries(inherited).filter(([, value]) => value !== undefined)),
    ...(kubeconfig !== undefined && { KUBECONFIG: kubeconfig }),
    [KERNEL_VARIABLE]: kernel,
    [MOUNTS_VARIABLE]: JSON.stringify(mounts),
  };
}
