import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../processes/lab-run.js";

/** Programs of one version that belong together, as `tools/` pins them. */
export interface Release {
  readonly name: "etcd" | "Kubernetes" | "CNI plugins";
  /** With `v` before it. */
  readonly version: string;
  /** The oldest version that will do where it is found installed; without it, what is installed is not looked at. */
  readonly oldest?: string;
  /** Name of a program to the Go package that builds it. */
  readonly programs: Readonly<Record<string, string>>;
}

/** Where the Go module is that pins the programs. */
export const toolsDirectory = join(__dirname, "..", "..", "..", "tools");

export function etcdRelease(): Release {
  const goModule = "go.etcd.io/etcd/server/v3";
  // The API server serves consistent lists from its cache only with progress notifications as fixed there.
  return { name: "etcd", version: pinnedVersion(goModule), oldest: "v3.5.13", programs: { etcd: goModule } };
}

/** The control plane's part of Kubernetes. */
export function kubernetesRelease(): Release {
  return kubernetes(["kube-apiserver", "kube-controller-manager"]);
}

/** What gives pods to nodes; apart from the rest, since few labs have pods to give. */
export function schedulerRelease(): Release {
  return kubernetes(["kube-scheduler"]);
}

/** The node's part of Kubernetes. */
export function kubeletRelease(): Release {
  return kubernetes(["kubelet"]);
}

function kubernetes(programs: readonly string[]): Release {
  const goModule = "k8s.io/kubernetes";
  return {
    name: "Kubernetes",
    version: pinnedVersion(goModule),
    oldest: "v1.30.0", // the first with ValidatingAdmissionPolicy for everybody
    programs: Object.fromEntries(programs.map((program) => [program, `${goModule}/cmd/${program}`])),
  };
}

/** What gives pods a network. They are not taken from PATH, where `bridge` is a command of iproute2. */
export function cniPluginsRelease(): Release {
  const goModule = "github.com/containernetworking/plugins";
  return {
    name: "CNI plugins",
    version: pinnedVersion(goModule),
    programs: {
      bridge: `${goModule}/plugins/main/bridge`,
      loopback: `${goModule}/plugins/main/loopback`,
      "host-local": `${goModule}/plugins/ipam/host-local`,
    },
  };
}

/** Where the programs of the pinned version are kept once they are had. */
export function cacheFolder({ version }: Release): string {
  return join(cacheDirectory(), "bin", `${version}-${goOs}-${goArch}`);
}

/** The platform in the words of Go, which are those of the download servers. */
export const goOs = process.platform === "win32" ? "windows" : process.platform;
export const goArch = process.arch === "x64" ? "amd64" : process.arch;

function pinnedVersion(goModule: string): string {
  const file = join(toolsDirectory, "go.mod");
  const pattern = new RegExp(`^\\s*(?:require )?${goModule.replaceAll(".", "\\.")} (v\\S+)`, "m");
  const [, version] = pattern.exec(readFileSync(file, "utf8")) ?? [];
  if (version === undefined) throw new Error(`${file} does not require ${goModule}`);
  return version;
}
