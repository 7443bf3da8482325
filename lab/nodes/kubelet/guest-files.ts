import { hasModules } from "../qemu/kernel-modules.js";
import { BUSYBOX_IMAGE } from "./busybox-image.js";

/** Where the guest has the kubelet's kubeconfig. */
const KUBECONFIG = "/etc/kubernetes/kubelet.conf";

/**
 * Modules that containers and their networks need; the disk is a virtio device with ext4.
 *
 * @param kernel `…/lib/modules/<version>`
 */
export function nodeModules(kernel: string): string[] {
  // ext4 asks for it by a name that is no dependency. Kernels from 6.14 on have it built in, and no module of that name.
  const checksum = hasModules(kernel, ["crc32c_generic"]) ? ["crc32c_generic"] : [];
  return ["virtio_blk", ...checksum, "ext4", "overlay", "veth"];
}

/** Folders of the disk, `/node`, that hold what must outlive a reset, and where programs look for it. */
const STATE: Readonly<Record<string, string>> = {
  kubelet: "/var/lib/kubelet",
  containerd: "/var/lib/containerd",
  log: "/var/log",
};

/** Files that make the guest of a QEMU node, with its disk, the node of that name with containerd and a kubelet. */
export function nodeFiles(name: string, kubeconfig: string): Record<string, string> {
  return {
    [KUBECONFIG]: kubeconfig,
    "/etc/kubernetes/kubelet.json": JSON.stringify(kubeletConfiguration, undefined, 2),
    "/etc/containerd/config.toml": containerdConfiguration,
    "/etc/cni/net.d/10-pods.conflist": JSON.stringify(podNetwork, undefined, 2),
    "/etc/lab/boot.d/node": boot,
    "/etc/lab/containerd": `#!/bin/sh
export PATH=/node/bin:/bin:/usr/sbin
exec containerd --config /etc/containerd/config.toml
`,
    "/etc/lab/kubelet": `#!/bin/sh
export PATH=/node/bin:/bin:/usr/sbin
exec kubelet --config=/etc/kubernetes/kubelet.json --kubeconfig=${KUBECONFIG} --hostname-override=${name} --node-ip=10.0.2.15 -v=1
`,
  };
}

/** How the kubelet is started: the command of {@link nodeFiles}'s script. */
export const KUBELET_COMMAND = ["sh", "/etc/lab/kubelet"] as const;

const boot = `mkdir -p /node
mount /dev/vda /node
# No variable would do, since runc starts itself again without any. What the guest has already is what its linker is of.
(cd /node/root && find . -type f) | while read -r library; do
  [ -e "/$library" ] || { mkdir -p "/\${library%/*}" && ln -s "/node/root/$library" "/$library"; }
done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# Mounts that a kubelet makes for a pod must be seen by the container that has them, and the other way round.
mount --make-rshared /
${Object.entries(STATE)
  .map(([folder, target]) => `mkdir -p ${target} && mount --bind /node/${folder} ${target}`)
  .join("\n")}
mkdir -p /lib/modules && mount --bind /node/lib/modules /lib/modules
echo 1 > /proc/sys/net/ipv4/ip_forward
# QEMU's router takes what pods send, and asks for their addresses on the wire of the management NIC to answer it.
echo 1 > /proc/sys/net/ipv4/conf/mgmt-br/proxy_arp
# The boot goes on meanwhile; the log is read, and can be written, only when it is over.
{
  /etc/lab/start containerd sh /etc/lab/containerd
  export PATH=/node/bin:/bin
  until ctr version >/dev/null 2>&1; do usleep 200000; done
  # Its files must be on the disk before a reset: containerd would believe its own database that it has them.
  [ -e /node/imported ] || {
    # Disks but the first are archives as they are.
    for archive in /node/busybox.tar /dev/vd[b-z]; do
      [ ! -e "$archive" ] || ctr -n k8s.io images import "$archive" || exit
    done
    touch /node/imported
    sync
  }
  /etc/lab/start kubelet ${KUBELET_COMMAND.join(" ")}
} >/run/lab/containerd-log 2>&1 </dev/null &
`;

/** Intervals are short, since a node that tests wait for has nothing else to do. */
const kubeletConfiguration = {
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
  cgroupDriver: "cgroupfs",
  resolvConf: "",
  failSwapOn: false,
  // There is no iptables.
  makeIPTablesUtilChains: false,
  // Also how long a request about it may take, which on a busy host is not to be too little.
  nodeStatusUpdateFrequency: "4s",
  nodeStatusReportFrequency: "10s",
  // Whatever room the host has is enough.
  evictionHard: { "memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%" },
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  logging: { flushFrequency: "1s" },
};

// The guest's root is the initramfs, which no pivot_root can leave.
const containerdConfiguration = `version = 2
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.native",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
]

[debug]
  level = "warn"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${BUSYBOX_IMAGE}"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/node/cni"

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      NoPivotRoot = true
`;

const podNetwork = {
  cniVersion: "1.0.0",
  name: "pods",
  plugins: [
    {
      type: "bridge",
      bridge: "cni0",
      isGateway: true,
      ipam: { type: "host-local", ranges: [[{ subnet: "10.88.0.0/24" }]], routes: [{ dst: "0.0.0.0/0" }] },
    },
  ],
};
