import { expect } from "chai";
import { parseAgentSettings } from "../../../reconciler/agent/options.js";
import { UsageError } from "../../../reconciler/service/flags.js";

const parse = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  parseAgentSettings(["--node-name", "node1", ...args], env);

describe("the agent's settings", () => {
  it("have defaults for all but the node", () => {
    expect(parse([])).to.deep.equal({
      nodeName: "node1",
      kubeconfig: undefined,
      context: undefined,
      scanIntervalMs: 30_000,
      writeDeadlineMs: 120_000,
      settleDeadlineMs: 10_000,
      managementInterfaces: ["mgmt-br", "mgmt-bo"],
      pciDevices: "sriov",
      pciIds: undefined,
      givenVfs: [],
      sysRoot: "/sys",
      procRoot: "/proc",
      udevData: "/run/udev/data",
      listen: { host: "127.0.0.1", port: 9808 },
      metricsListen: undefined,
      once: false,
      podResources: "/var/lib/kubelet/pod-resources/kubelet.sock",
      devicePlugins: "/var/lib/kubelet/device-plugins",
      deviceInfo: "/var/run/k8s.cni.cncf.io/devinfo/dp",
      resourcePrefix: "openshift.io",
      logLevel: "info",
    });
  });

  it("come from the environment", () => {
    const env = { NODE_NAME: "node2", SCAN_INTERVAL: "5", MANAGEMENT_INTERFACES: "br0", LOG_LEVEL: "debug" };
    const expected = { nodeName: "node2", scanIntervalMs: 5_000, managementInterfaces: ["br0"], logLevel: "debug" };
    expect(parseAgentSettings([], env)).to.deep.include(expected);
  });

  it("come from a flag before the environment", () => {
    expect(parse(["--scan-interval", "7"], { SCAN_INTERVAL: "5" }).scanIntervalMs).to.equal(7_000);
  });

  it("list the VFs that a machine was given, in any letters", () => {
    expect(parse(["--given-vfs", "8086:1889,15B3:1018"]).givenVfs).to.deep.equal(["8086:1889", "15b3:1018"]);
    expect(parse([], { GIVEN_VFS: "8086:1889" }).givenVfs).to.deep.equal(["8086:1889"]);
  });

  for (const wrong of ["8086", "0x8086:0x1889", "8086:1889:0", "iavf"]) {
    it(`refuse ${wrong} as the numbers of a VF that the machine was given`, () => {
      expect(() => parse(["--given-vfs", `8086:10ed,${wrong}`])).to.throw(
        UsageError,
        `--given-vfs must list vendor:device in hex, as 8086:1889, not "${wrong}"`,
      );
    });
  }

  it("say where and under what prefix VFs are offered", () => {
    const flags = [
      "--device-plugins",
      "/run/kubelet//plugins/",
      "--device-info",
      "/run/info",
      "--resource-prefix",
      "a.b",
    ];
    expect(parse(flags)).to.deep.include({
      devicePlugins: "/run/kubelet/plugins",
      deviceInfo: "/run/info",
      resourcePrefix: "a.b",
    });
  });

  it("may offer nothing", () => {
    expect(parse(["--device-plugins", "off"]).devicePlugins).to.equal(undefined);
  });

  it("may not offer in a folder that depends on where the agent was started", () => {
    expect(() => parse(["--device-plugins", "plugins"])).to.throw(
      UsageError,
      '--device-plugins must be an absolute path, or off, not "plugins"',
    );
  });

  for (const prefix of ["", "Example.com", "example.com/", "a..b"]) {
    it(`may not have the prefix ${JSON.stringify(prefix)}`, () => {
      expect(() => parse(["--resource-prefix", prefix])).to.throw(
        UsageError,
        "--resource-prefix must be a domain's name",
      );
    });
  }

  it("may have parts of seconds", () => {
    expect(parse(["--settle-deadline", "0.5"]).settleDeadlineMs).to.equal(500);
  });

  it("may have no management interface at all", () => {
    expect(parse(["--management-interfaces", ""]).managementInterfaces).to.deep.equal([]);
  });

  it("need a node", () => {
    expect(() => parseAgentSettings([], {})).to.throw(UsageError, "--node-name, or NODE_NAME");
  });

  for (const seconds of ["0", "-1", "soon", "", "Infinity", "86401"]) {
    it(`may not have a scan interval of ${JSON.stringify(seconds)} seconds`, () => {
      expect(() => parse([`--scan-interval=${seconds}`])).to.throw(UsageError, `not "${seconds}"`);
    });
  }

  for (const [given, host, port] of [
    ["0.0.0.0:80", "0.0.0.0", 80],
    ["[::1]:9808", "::1", 9808],
    ["localhost:0", "localhost", 0],
  ] as const) {
    it(`may listen on ${given}`, () => {
      expect(parse(["--listen", given]).listen).to.deep.equal({ host, port });
    });
  }

  it("may listen nowhere", () => {
    expect(parse([], { LISTEN: "off" }).listen).to.equal(undefined);
  });

  for (const address of ["9808", ":9808", "host", "host:", "host:65536", "::1:80"]) {
    it(`may not listen on ${address}`, () => {
      expect(() => parse(["--listen", address])).to.throw(UsageError, `not "${address}"`);
    });
  }

  it("may serve metrics beyond the node", () => {
    const metricsListen = { host: "0.0.0.0", port: 9810 };
    expect(parse(["--metrics-listen", "0.0.0.0:9810"]).metricsListen).to.deep.equal(metricsListen);
    expect(parse([], { METRICS_LISTEN: "0.0.0.0:9810" }).metricsListen).to.deep.equal(metricsListen);
  });

  it("name the flag of an address that is none", () => {
    expect(() => parse(["--metrics-listen", "9810"])).to.throw(UsageError, "--metrics-listen must be HOST:PORT");
  });

  it("may ask for one pass", () => {
    expect(parse(["--once"]).once).to.equal(true);
  });

  it("say which PCI functions to list, and where their names are", () => {
    const expected = { pciDevices: "all", pciIds: "/names/pci.ids" };
    expect(parse(["--pci-devices", "all", "--pci-ids", "/names/pci.ids"])).to.deep.include(expected);
    expect(parse([], { PCI_DEVICES: "all", PCI_IDS: "/names/pci.ids" })).to.deep.include(expected);
  });

  it("may not ask for PCI devices that there aren't", () => {
    expect(() => parse(["--pci-devices", "some"])).to.throw(UsageError, 'sriov, all, not "some"');
  });

  it("may not have a log level that there isn't", () => {
    expect(() => parse(["--log-level", "loud"])).to.throw(UsageError, 'trace, debug, info, warn, error, not "loud"');
  });

  it("may not have a flag that there isn't", () => {
    expect(() => parse(["--nodename", "x"])).to.throw(UsageError, "--nodename");
  });

  it("may not have an argument without a flag", () => {
    expect(() => parse(["node1"])).to.throw(UsageError, "node1");
  });
});
