import { expect } from "chai";
import { agentDaemonSet } from "../../../deploy/agent-daemon-set.js";
import { controllerDeployment } from "../../../deploy/controller-deployment.js";
import { type PartialSettings, settingsOf } from "../../../deploy/settings.js";
import { settingsProblems } from "../../../deploy/settings-problems.js";
import { parseAgentSettings } from "../../../reconciler/agent/options.js";
import { parseControllerSettings } from "../../../reconciler/controller/options.js";
import { UsageError } from "../../../reconciler/service/flags.js";
import { SAMPLES } from "../../sample-settings.js";

/** Settings as a program without a compiler may give them, and what is said of them. */
const WRONG: readonly (readonly [given: object, message: string])[] = [
  [
    { namespace: "Sriov" },
    `namespace must be the name of a namespace: up to 63 lower-case letters, digits and '-', not "Sriov"`,
  ],
  [
    { namespace: "a.b" },
    `namespace must be the name of a namespace: up to 63 lower-case letters, digits and '-', not "a.b"`,
  ],
  [{ image: "" }, `image must be an image, such as registry.example.com/sriov/reconciler:1.0, not ""`],
  [{ image: "a b" }, `image must be an image, such as registry.example.com/sriov/reconciler:1.0, not "a b"`],
  [
    { image: "Reconciler" },
    `image must be an image, such as registry.example.com/sriov/reconciler:1.0, not "Reconciler"`,
  ],
  [{ imagePullPolicy: "always" }, `imagePullPolicy must be one of Always, IfNotPresent, Never, not "always"`],
  [{ imagePullSecrets: "one" }, `imagePullSecrets must be a list, not "one"`],
  [
    { imagePullSecrets: ["a", "B"] },
    `imagePullSecrets[1] must be the name of an object: lower-case letters, digits, '-' and '.', not "B"`,
  ],
  [{ resourcePrefix: "a/b" }, `resourcePrefix must be a domain's name, such as example.com, not "a/b"`],
  [{ logLevel: "loud" }, `logLevel must be one of trace, debug, info, warn, error, not "loud"`],
  [{ guards: "no" }, `guards must be true or false, not "no"`],
  [{ networkPolicy: 1 }, `networkPolicy must be true or false, not 1`],
  [{ apiServer: { host: "10.0.0.1" } }, `apiServer.port is missing`],
  [
    { apiServer: { host: "https://a", port: 1 } },
    `apiServer.host must be a name or an IP address alone, without scheme, port or brackets, not "https://a"`,
  ],
  [
    { apiServer: { host: "[::1]", port: 1 } },
    `apiServer.host must be a name or an IP address alone, without scheme, port or brackets, not "[::1]"`,
  ],
  [{ apiServer: { host: "a", port: 0 } }, `apiServer.port must be a whole number from 1 to 65535, not 0`],
  [{ agent: null }, `agent must be an object, not null`],
  [
    { agent: { scanIntervall: 3 } },
    `agent.scanIntervall is no setting; there are nodeSelector, tolerations, resources, priorityClassName, maxUnavailable, scanInterval, managementInterfaces, pciDevices, givenVfs, writeDeadline, settleDeadline, healthPort, kubeletDirectory, devicePlugin, moduleLoading`,
  ],
  [{ agent: { scanInterval: 0 } }, `agent.scanInterval must be a number of seconds above 0, up to 86400, not 0`],
  [{ agent: { scanInterval: "30" } }, `agent.scanInterval must be a number of seconds above 0, up to 86400, not "30"`],
  [{ agent: { scanInterval: NaN } }, `agent.scanInterval must be a number of seconds above 0, up to 86400, not NaN`],
  [
    { agent: { writeDeadline: 86_401 } },
    `agent.writeDeadline must be a number of seconds above 0, up to 86400, not 86401`,
  ],
  [{ agent: { settleDeadline: -1 } }, `agent.settleDeadline must be a number of seconds above 0, up to 86400, not -1`],
  [
    { agent: { nodeSelector: { "a b": "c" } } },
    `agent.nodeSelector["a b"] must be a label's key, such as example.com/name, not "a b"`,
  ],
  [
    { agent: { nodeSelector: { a: "b c" } } },
    `agent.nodeSelector["a"] must be a label's value: up to 63 letters, digits, '-', '_' and '.', not "b c"`,
  ],
  [
    { agent: { nodeSelector: { a: true } } },
    `agent.nodeSelector["a"] must be a label's value: up to 63 letters, digits, '-', '_' and '.', not true`,
  ],
  [
    { agent: { tolerations: [{ effect: "Never" }] } },
    `agent.tolerations[0].effect must be one of NoSchedule, PreferNoSchedule, NoExecute, not "Never"`,
  ],
  [
    { agent: { tolerations: [{ operator: "Equals" }] } },
    `agent.tolerations[0].operator must be one of Equal, Exists, not "Equals"`,
  ],
  [
    { agent: { resources: { limits: { memory: "much" } } } },
    `agent.resources.limits["memory"] must be a quantity, such as 100m or 200Mi, not "much"`,
  ],
  [
    { agent: { priorityClassName: "High" } },
    `agent.priorityClassName must be the name of an object: lower-case letters, digits, '-' and '.', not "High"`,
  ],
  [
    { agent: { maxUnavailable: 0 } },
    `agent.maxUnavailable must be how many agents, a whole number from 1, or which share of them, from 1% to 100%, not 0`,
  ],
  [
    { agent: { maxUnavailable: "0%" } },
    `agent.maxUnavailable must be how many agents, a whole number from 1, or which share of them, from 1% to 100%, not "0%"`,
  ],
  [
    { agent: { managementInterfaces: ["a,b"] } },
    `agent.managementInterfaces[0] must be an interface's name: up to 15 characters, no blanks, '/' or ',', not "a,b"`,
  ],
  [{ agent: { pciDevices: "none" } }, `agent.pciDevices must be one of sriov, all, not "none"`],
  [{ agent: { givenVfs: ["8086"] } }, `agent.givenVfs[0] must be vendor:device in hex, as 8086:1889, not "8086"`],
  [
    { agent: { kubeletDirectory: "var/lib" } },
    `agent.kubeletDirectory must be an absolute path, such as /var/lib/kubelet, without a '/' at its end, not "var/lib"`,
  ],
  [
    { agent: { kubeletDirectory: "/a/../b" } },
    `agent.kubeletDirectory must be an absolute path, such as /var/lib/kubelet, without a '/' at its end, not "/a/../b"`,
  ],
  [{ agent: { devicePlugin: "off" } }, `agent.devicePlugin must be true or false, not "off"`],
  [{ controller: { replicas: 0 } }, `controller.replicas must be a whole number, 1 or more, not 0`],
  [{ controller: { replicas: 1.5 } }, `controller.replicas must be a whole number, 1 or more, not 1.5`],
  [{ metrics: { agentPort: 9812 } }, `metrics.agentPort must not be 9812, where health is served`],
  [
    { agent: { healthPort: 7000 }, metrics: { agentPort: 7000 } },
    `metrics.agentPort must not be 7000, where health is served`,
  ],
  [{ agent: { healthPort: 0 } }, `agent.healthPort must be a whole number from 1 to 65535, not 0`],
  [{ agent: { tolerations: [{}] } }, `agent.tolerations[0].operator must be Exists where no key is given`],
  [
    { agent: { tolerations: [{ key: "a", operator: "Exists", value: "b" }] } },
    `agent.tolerations[0].value must be left out where the operator is Exists`,
  ],
  [
    { controller: { tolerations: [{ key: "a", operator: "Exists", effect: "NoSchedule", tolerationSeconds: 5 }] } },
    `controller.tolerations[0].effect must be NoExecute where tolerationSeconds are given`,
  ],
  [{ metrics: { controllerPort: 9809 } }, `metrics.controllerPort must not be 9809, where health is served`],
  [{ metrics: { agentPort: 70_000 } }, `metrics.agentPort must be a whole number from 1 to 65535, not 70000`],
  [
    { metrics: { enabled: false, serviceMonitor: true } },
    `metrics.serviceMonitor must be false where metrics.enabled is: there is nothing to collect`,
  ],
  [{ metrics: { readers: [{ name: "prometheus" }] } }, `metrics.readers[0].namespace is missing`],
];

describe("what is wrong with settings", () => {
  for (const [given, message] of WRONG) {
    it(`is told: ${message}`, () => {
      const told = settingsProblems(given).map(({ path, problem }) => `${path} ${problem}`);
      expect(told).to.deep.equal([message]);
    });
  }

  it("is all told at once", () => {
    const paths = settingsProblems({ logLevel: "loud", agent: { scanInterval: 0 }, controller: { replicas: 0 } });
    expect(paths.map(({ path }) => path)).to.deep.equal(["logLevel", "agent.scanInterval", "controller.replicas"]);
  });

  it("is nothing where a setting is undefined, which counts as left out", () => {
    expect(settingsProblems({ namespace: undefined, agent: { scanInterval: undefined } })).to.deep.equal([]);
  });

  for (const [name, given] of Object.entries(SAMPLES)) {
    it(`is nothing in a sample: ${name}`, () => {
      expect(settingsProblems(given)).to.deep.equal([]);
    });
  }
});

describe("what the pods' arguments come to", () => {
  for (const [name, given] of Object.entries(SAMPLES)) {
    it(`is what was set for agents: ${name}`, () => {
      const settings = settingsOf(given);
      const parsed = parseAgentSettings(agentArgs(given), { NODE_NAME: "node" });
      const { scanInterval, managementInterfaces, pciDevices, givenVfs, writeDeadline, settleDeadline } =
        settings.agent;
      expect(parsed).to.include({
        nodeName: "node",
        pciDevices,
        scanIntervalMs: scanInterval * 1_000,
        writeDeadlineMs: writeDeadline * 1_000,
        settleDeadlineMs: settleDeadline * 1_000,
        resourcePrefix: settings.resourcePrefix,
        logLevel: settings.logLevel,
      });
      expect(parsed.managementInterfaces).to.deep.equal(managementInterfaces);
      expect(parsed.givenVfs).to.deep.equal(givenVfs);
      expect(parsed.devicePlugins !== undefined).to.equal(settings.agent.devicePlugin);
    });

    it(`is what was set for controllers: ${name}`, () => {
      const { namespace, resourcePrefix, logLevel } = settingsOf(given);
      expect(parseControllerSettings(controllerArgs(given), {})).to.include({ namespace, resourcePrefix, logLevel });
    });
  }

  // One rule in two places: what one refuses and the other takes would be pods that never start, or settings that nobody can have.
  const refusedByFlags = [
    { agent: { scanInterval: 0 } },
    { agent: { writeDeadline: 86_401 } },
    { agent: { pciDevices: "none" } },
    { agent: { givenVfs: ["8086"] } },
    { agent: { kubeletDirectory: "var/lib" } },
    { resourcePrefix: "a/b" },
    { logLevel: "loud" },
  ] as PartialSettings[];
  for (const given of refusedByFlags) {
    it(`is refused by flags and settings alike: ${JSON.stringify(given)}`, () => {
      expect(() => parseAgentSettings(agentArgs(given), { NODE_NAME: "node" })).to.throw(UsageError);
      expect(settingsProblems(given)).to.have.length(1);
    });
  }

  it("is refused by flags and settings alike: a namespace that is none", () => {
    const given = { namespace: "A" };
    expect(() => parseControllerSettings(controllerArgs(given), {})).to.throw(UsageError);
    expect(settingsProblems(given)).to.have.length(1);
  });
});

/** Without the command. */
function agentArgs(given: PartialSettings): string[] {
  return [...(agentDaemonSet(settingsOf(given)).spec?.template.spec?.containers[0]?.args ?? [])].slice(1);
}

function controllerArgs(given: PartialSettings): string[] {
  return [...(controllerDeployment(settingsOf(given)).spec?.template.spec?.containers[0]?.args ?? [])].slice(1);
}
