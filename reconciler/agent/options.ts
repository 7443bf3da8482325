import { isAbsolute, normalize } from "node:path";
import { parseArgs } from "node:util";
import { RESOURCE_PREFIX } from "../../api/names.js";
import {
  domain,
  type ListenAddress,
  listenAddress,
  oneOf,
  seconds as secondsOf,
  UsageError,
} from "../service/flags.js";
import type { AgentOptions } from "./agent.js";

/** All that a run of the agent can be told, by flag or, where one is named, by environment variable. */
export interface AgentSettings extends AgentOptions {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly sysRoot: string;
  readonly procRoot: string;
  /** Folder of the host's udev database; there need be none. */
  readonly udevData: string;
  /** The kubelet's folder for device plugins; undefined: nothing is offered to pods. */
  readonly devicePlugins: string | undefined;
  /** Where Multus learns what a device is. */
  readonly deviceInfo: string;
  /** What stands before the names of policies' pools. */
  readonly resourcePrefix: string;
  /** Path of the kubelet's pod-resources socket. */
  readonly podResources: string;
  readonly logLevel: string;
  /** Where health, and on loopback metrics, are served in plain HTTP; undefined: nowhere. */
  readonly listen: ListenAddress | undefined;
  /** Where metrics are served by HTTPS, to whoever may read them; undefined: nowhere. */
  readonly metricsListen: ListenAddress | undefined;
  /** End after one pass over the node. */
  readonly once: boolean;
}

export const AGENT_USAGE = `usage: pulumi-sriov-reconciler agent [flags]
  --node-name NAME              node that it runs on (NODE_NAME; required)
  --kubeconfig FILE             default: KUBECONFIG, ~/.kube/config, the pod's service account
  --context NAME                context of the kubeconfig
  --scan-interval SECONDS       how often hardware is looked at unasked (SCAN_INTERVAL; default 30)
  --management-interfaces LIST  bridges and bonds whose NICs are left alone (MANAGEMENT_INTERFACES; default mgmt-br,mgmt-bo)
  --pci-devices WHICH           PCIDevices for VFs (sriov) or all PCI functions (all) (PCI_DEVICES; default sriov)
  --given-vfs LIST              vendor:device of NICs that are VFs handed into this machine, beside those that are known by
                                driver or name, such as 8086:1889,15b3:1018 (GIVEN_VFS)
  --pci-ids FILE                the pci.ids database (PCI_IDS; default: where distributions put it)
  --write-deadline SECONDS      how long one change in the kernel may take (WRITE_DEADLINE; default 120)
  --settle-deadline SECONDS     how long new VFs may take to get driver and name (SETTLE_DEADLINE; default 10)
  --sys-root DIR                where sysfs is mounted (SYS_ROOT; default /sys)
  --proc-root DIR               where the host's procfs is mounted (PROC_ROOT; default /proc)
  --udev-data DIR               udev's database, for other names of interfaces (UDEV_DATA; default /run/udev/data;
                                need not exist)
  --listen HOST:PORT            where /healthz and /readyz are served, and to this machine /metrics, or off
                                (LISTEN; default 127.0.0.1:9808)
  --metrics-listen HOST:PORT    where /metrics is served by HTTPS, to whoever may get it by the cluster's RBAC, or off
                                (METRICS_LISTEN; default off)
  --pod-resources SOCKET        the kubelet's socket that tells which pod got which device (POD_RESOURCES;
                                default /var/lib/kubelet/pod-resources/kubelet.sock; need not exist)
  --device-plugins DIR          the kubelet's folder in which VFs are offered to pods, or off (DEVICE_PLUGINS;
                                default /var/lib/kubelet/device-plugins; need not exist)
  --device-info DIR             where Multus learns what a device is (DEVICE_INFO;
                                default /var/run/k8s.cni.cncf.io/devinfo/dp)
  --resource-prefix PREFIX      what stands before the names of policies' pools (RESOURCE_PREFIX; default ${RESOURCE_PREFIX})
  --log-level LEVEL             trace, debug, info, warn or error (LOG_LEVEL; default info)
  --once                        give every NIC what it is asked for, then end: status 0 if all are Ready, else 1
SIGHUP looks at the hardware at once; SIGTERM ends it cleanly.`;

/** @throws {UsageError} */
export function parseAgentSettings(args: readonly string[], env: NodeJS.ProcessEnv): AgentSettings {
  const flags = parseFlags(args);
  const text = (flag: Flag, variable?: string): string | undefined =>
    flags[flag] ?? (variable === undefined ? undefined : env[variable]);
  const seconds = (flag: Flag, variable: string, fallback: number): number =>
    secondsOf(flag, text(flag, variable), fallback);
  const nodeName = text("node-name", "NODE_NAME");
  if (!nodeName) throw new UsageError("--node-name, or NODE_NAME, must name the node that the agent runs on");
  return {
    nodeName,
    kubeconfig: text("kubeconfig"),
    context: text("context"),
    scanIntervalMs: seconds("scan-interval", "SCAN_INTERVAL", 30),
    writeDeadlineMs: seconds("write-deadline", "WRITE_DEADLINE", 120),
    settleDeadlineMs: seconds("settle-deadline", "SETTLE_DEADLINE", 10),
    managementInterfaces: (text("management-interfaces", "MANAGEMENT_INTERFACES") ?? "mgmt-br,mgmt-bo")
      .split(",")
      .filter((name) => name !== ""),
    pciDevices: oneOf("pci-devices", text("pci-devices", "PCI_DEVICES") ?? "sriov", ["sriov", "all"]),
    givenVfs: vendorsAndDevices("given-vfs", text("given-vfs", "GIVEN_VFS")),
    pciIds: text("pci-ids", "PCI_IDS"),
    sysRoot: text("sys-root", "SYS_ROOT") ?? "/sys",
    procRoot: text("proc-root", "PROC_ROOT") ?? "/proc",
    udevData: text("udev-data", "UDEV_DATA") ?? "/run/udev/data",
    listen: listenAddress("listen", text("listen", "LISTEN") ?? "127.0.0.1:9808"),
    metricsListen: listenAddress("metrics-listen", text("metrics-listen", "METRICS_LISTEN") ?? "off"),
    once: flags.once ?? false,
    podResources: text("pod-resources", "POD_RESOURCES") ?? "/var/lib/kubelet/pod-resources/kubelet.sock",
    devicePlugins: directoryOrOff("device-plugins", text("device-plugins", "DEVICE_PLUGINS")),
    deviceInfo: text("device-info", "DEVICE_INFO") ?? "/var/run/k8s.cni.cncf.io/devinfo/dp",
    resourcePrefix: domain("resource-prefix", text("resource-prefix", "RESOURCE_PREFIX") ?? RESOURCE_PREFIX),
    logLevel: oneOf("log-level", text("log-level", "LOG_LEVEL") ?? "info", ["trace", "debug", "info", "warn", "error"]),
  };
}

const FLAGS = {
  "node-name": { type: "string" },
  kubeconfig: { type: "string" },
  context: { type: "string" },
  "scan-interval": { type: "string" },
  "pci-devices": { type: "string" },
  "given-vfs": { type: "string" },
  "pci-ids": { type: "string" },
  "write-deadline": { type: "string" },
  "settle-deadline": { type: "string" },
  "management-interfaces": { type: "string" },
  "sys-root": { type: "string" },
  "proc-root": { type: "string" },
  "udev-data": { type: "string" },
  "pod-resources": { type: "string" },
  "device-plugins": { type: "string" },
  "device-info": { type: "string" },
  "resource-prefix": { type: "string" },
  "log-level": { type: "string" },
  listen: { type: "string" },
  "metrics-listen": { type: "string" },
} as const;

function vendorsAndDevices(flag: Flag, value = ""): readonly string[] {
  const listed = value.split(",").filter((it) => it !== "");
  const wrong = listed.find((it) => !/^[0-9a-f]{4}:[0-9a-f]{4}$/i.test(it));
  if (wrong !== undefined)
    throw new UsageError(`--${flag} must list vendor:device in hex, as 8086:1889, not "${wrong}"`);
  return listed.map((it) => it.toLowerCase());
}

/** Undefined for `off`. */
function directoryOrOff(flag: Flag, value = "/var/lib/kubelet/device-plugins"): string | undefined {
  if (value === "off") return undefined;
  if (!isAbsolute(value)) throw new UsageError(`--${flag} must be an absolute path, or off, not "${value}"`);
  return normalize(value).replace(/(.)\/+$/, "$1");
}

const SWITCHES = { once: { type: "boolean" } } as const;

type Flag = keyof typeof FLAGS;

type Flags = Partial<Record<Flag, string> & Record<keyof typeof SWITCHES, boolean>>;

function parseFlags(args: readonly string[]): Flags {
  try {
    return parseArgs({ args: [...args], options: { ...FLAGS, ...SWITCHES }, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
