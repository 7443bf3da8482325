import type { Volume, VolumeMount } from "./kinds.js";
import type { AgentDeployment } from "./settings.js";

/**
 * Where agents find the node's sysfs. Not at `/sys`: there the container has the runtime's own, read-only, and the runtime's
 * AppArmor profile denies writing under that very path.
 */
export const SYS_ROOT = "/host/sys";
/** Where agents find the node's procfs, beside the container's own. */
export const PROC_ROOT = "/host/proc";

/** A folder of the node in an agent's container. */
export interface HostMount {
  readonly volume: Volume;
  readonly mount: VolumeMount;
}

/** All folders of the node that an agent has, and nothing else of the node's files. */
export function hostMounts({ kubeletDirectory: kubelet, devicePlugin, moduleLoading }: AgentDeployment): HostMount[] {
  return [
    hostMount("sys", { from: "/sys", at: SYS_ROOT, writable: true }),
    hostMount("proc", { from: "/proc", at: PROC_ROOT }),
    // The folder and not the socket in it: a kubelet that is started anew makes a new one.
    hostMount("pod-resources", { from: `${kubelet}/pod-resources` }),
    hostMount("udev-data", { from: "/run/udev/data", create: true }),
    ...(devicePlugin
      ? [
          hostMount("device-plugins", { from: `${kubelet}/device-plugins`, writable: true }),
          hostMount("device-info", { from: "/var/run/k8s.cni.cncf.io/devinfo/dp", writable: true, create: true }),
          // To be looked at: no container may open a device that it was not given. Made where it is missing, since it comes
          // with the module that an agent may load later, and a folder that the kernel made would go with the module.
          hostMount("vfio", { from: "/dev/vfio", create: true }),
        ]
      : []),
    ...(moduleLoading ? [hostMount("modules", { from: "/lib/modules", create: true })] : []),
  ];
}

interface HostFolder {
  readonly from: string;
  /** Default: the same path as on the node. */
  readonly at?: string;
  readonly writable?: boolean;
  /** A node need not have it. Else a pod waits, with an event that names the folder. */
  readonly create?: boolean;
}

function hostMount(name: string, { from, at = from, writable = false, create = false }: HostFolder): HostMount {
  return {
    volume: { name, hostPath: { path: from, type: create ? "DirectoryOrCreate" : "Directory" } },
    mount: { name, mountPath: at, ...(!writable && { readOnly: true }) },
  };
}
