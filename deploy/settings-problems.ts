import { isIP } from "node:net";
import { posix } from "node:path";
import { isObjectName } from "../api/names.js";
import { boolean, fields, integer, listOf, mapOf, oneOf, only, type Rule, type SettingProblem, text } from "./rules.js";
import {
  type AgentDeployment,
  type ApiServerAddress,
  CONTROLLER_HEALTH_PORT,
  type ContainerResources,
  type ControllerDeployment,
  type MetricsSettings,
  type ReconcilerSettings,
  settingsOf,
  type Toleration,
} from "./settings.js";

/**
 * What is wrong with settings before anything is made of them: by the rules of the reconciler's own flags, and by those of the
 * API server where it would refuse an object. None where all is well.
 *
 * @param given As `settingsOf` takes it, from a program that no compiler may have checked
 */
export function settingsProblems(given: unknown): SettingProblem[] {
  const problems = settings(given, "");
  return problems.length > 0 ? problems : together(settingsOf(given as Parameters<typeof settingsOf>[0]));
}

/** What is wrong with several settings at once, each of which is right by itself. */
function together({ agent, metrics }: ReconcilerSettings): SettingProblem[] {
  const { enabled, serviceMonitor, agentPort, controllerPort } = metrics;
  const taken = (port: string, health: number): SettingProblem => ({
    path: `metrics.${port}`,
    problem: `must not be ${health}, where health is served`,
  });
  return [
    ...(agentPort === agent.healthPort ? [taken("agentPort", agentPort)] : []),
    ...(controllerPort === CONTROLLER_HEALTH_PORT ? [taken("controllerPort", CONTROLLER_HEALTH_PORT)] : []),
    ...(serviceMonitor && !enabled
      ? [
          {
            path: "metrics.serviceMonitor",
            problem: "must be false where metrics.enabled is: there is nothing to collect",
          },
        ]
      : []),
  ];
}

const MAX_SECONDS = 86_400;
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error"];

const objectName = text("the name of an object: lower-case letters, digits, '-' and '.'", isObjectName);
const namespaceName = text("the name of a namespace: up to 63 lower-case letters, digits and '-'", (value) =>
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value),
);
const seconds = only(
  `a number of seconds above 0, up to ${MAX_SECONDS}`,
  (value) => typeof value === "number" && value > 0 && value <= MAX_SECONDS,
);
const port = integer(1, 65_535);

const LABEL_NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelKey = text("a label's key, such as example.com/name", (value) => {
  const [name = "", prefix, ...more] = value.split("/").reverse();
  return more.length === 0 && (prefix === undefined || isObjectName(prefix)) && LABEL_NAME.test(name);
});
const labelValue = text(
  "a label's value: up to 63 letters, digits, '-', '_' and '.'",
  (value) => value === "" || LABEL_NAME.test(value),
);
const nodeSelector = mapOf(labelKey, labelValue);

const QUANTITY = /^\+?(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[KMGTPE]i|[numkMGTPE])?$/;
const quantities = mapOf(
  labelKey,
  text("a quantity, such as 100m or 200Mi", (value) => QUANTITY.test(value)),
);
const resources = fields<ContainerResources>({ requests: quantities, limits: quantities });

const tolerationFields = fields<Toleration>({
  key: labelKey,
  operator: oneOf("Equal", "Exists"),
  value: labelValue,
  effect: oneOf("NoSchedule", "PreferNoSchedule", "NoExecute"),
  tolerationSeconds: integer(0),
});

const toleration: Rule = (value, path) => {
  const problems = tolerationFields(value, path);
  return problems.length > 0 ? problems : tolerationTogether(value as Toleration, path);
};

/** What the API server refuses of fields each of which is right. */
function tolerationTogether(
  { key, operator, value, effect, tolerationSeconds }: Toleration,
  path: string,
): SettingProblem[] {
  const wrong = (name: keyof Toleration, problem: string): SettingProblem => ({ path: `${path}.${name}`, problem });
  return [
    ...(key === undefined && operator !== "Exists" ? [wrong("operator", "must be Exists where no key is given")] : []),
    ...(operator === "Exists" && value !== undefined && value !== ""
      ? [wrong("value", "must be left out where the operator is Exists")]
      : []),
    ...(tolerationSeconds !== undefined && effect !== "NoExecute"
      ? [wrong("effect", "must be NoExecute where tolerationSeconds are given")]
      : []),
  ];
}

const agent = fields<AgentDeployment>({
  nodeSelector,
  tolerations: listOf(toleration),
  resources,
  priorityClassName: objectName,
  maxUnavailable: only(
    "how many agents, a whole number from 1, or which share of them, from 1% to 100%",
    (value) =>
      (Number.isSafeInteger(value) && Number(value) >= 1) ||
      (typeof value === "string" && /^([1-9]\d?|100)%$/.test(value)),
  ),
  scanInterval: seconds,
  managementInterfaces: listOf(
    // The kernel's own rule for names of interfaces, and no commas, which stand between two.
    text("an interface's name: up to 15 characters, no blanks, '/' or ','", (value) => /^[^\s/,]{1,15}$/.test(value)),
  ),
  pciDevices: oneOf("sriov", "all"),
  givenVfs: listOf(text("vendor:device in hex, as 8086:1889", (value) => /^[0-9a-f]{4}:[0-9a-f]{4}$/i.test(value))),
  writeDeadline: seconds,
  settleDeadline: seconds,
  healthPort: port,
  kubeletDirectory: text(
    "an absolute path, such as /var/lib/kubelet, without a '/' at its end",
    (value) => /^\/.*[^/]$/.test(value) && posix.normalize(value) === value && !value.includes(":"),
  ),
  devicePlugin: boolean,
  moduleLoading: boolean,
});

const controller = fields<ControllerDeployment>({
  replicas: integer(1),
  nodeSelector,
  tolerations: listOf(toleration),
  resources,
  priorityClassName: objectName,
});

const metrics = fields<MetricsSettings>({
  enabled: boolean,
  agentPort: port,
  controllerPort: port,
  serviceMonitor: boolean,
  readers: listOf(
    fields<MetricsSettings["readers"][number]>({ namespace: namespaceName, name: objectName }, ["namespace", "name"]),
  ),
});

const apiServer = fields<ApiServerAddress>(
  {
    host: text(
      "a name or an IP address alone, without scheme, port or brackets",
      (value) => isIP(value) !== 0 || isObjectName(value),
    ),
    port,
  },
  ["host", "port"],
);

/** `[registry/]repository[:tag][@digest]`, as container runtimes read it. */
const IMAGE =
  /^(([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d+)?\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@[a-z0-9]+:[0-9a-f]{32,})?$/;

const settings = fields<ReconcilerSettings>({
  namespace: namespaceName,
  image: text("an image, such as registry.example.com/sriov/reconciler:1.0", (value) => IMAGE.test(value)),
  imagePullPolicy: oneOf("Always", "IfNotPresent", "Never"),
  imagePullSecrets: listOf(objectName),
  resourcePrefix: text("a domain's name, such as example.com", isObjectName),
  logLevel: oneOf(...LOG_LEVELS),
  apiServer,
  agent,
  controller,
  metrics,
  networkPolicy: boolean,
  guards: boolean,
});
