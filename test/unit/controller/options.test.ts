import { expect } from "chai";
import { hostname } from "node:os";
import { parseControllerSettings } from "../../../reconciler/controller/options.js";
import { UsageError } from "../../../reconciler/service/flags.js";

describe("the controller's flags", () => {
  const wrong = (...args: string[]): string => {
    try {
      parseControllerSettings(args, {});
    } catch (error) {
      if (error instanceof UsageError) return error.message;
      throw error;
    }
    return "accepted";
  };

  it("have client-go's timings, the operator's prefix and the project's namespace as defaults", () => {
    const { identity, ...settings } = parseControllerSettings([], {});
    expect(settings).to.deep.equal({
      kubeconfig: undefined,
      context: undefined,
      namespace: "pulumi-sriov",
      resourcePrefix: "openshift.io",
      timings: { durationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 },
      listen: { host: "127.0.0.1", port: 9_809 },
      metricsListen: undefined,
      logLevel: "info",
    });
    expect(identity).to.match(new RegExp(`^${hostname()}_[0-9a-f]{8}$`));
  });

  it("give way to none of the variables, and these to the defaults", () => {
    const env = { POD_NAMESPACE: "sriov", RESOURCE_PREFIX: "", POD_NAME: "controller-7" };
    const settings = parseControllerSettings(["--namespace", "other"], env);
    expect([settings.namespace, settings.resourcePrefix]).to.deep.equal(["other", "openshift.io"]);
    expect(settings.identity).to.match(/^controller-7_/);
    expect(parseControllerSettings([], env).namespace).to.equal("sriov");
  });

  it("say where metrics are served beyond the pod", () => {
    const metricsListen = { host: "0.0.0.0", port: 9811 };
    const { metricsListen: flag } = parseControllerSettings(["--metrics-listen", "0.0.0.0:9811"], {});
    const { metricsListen: variable } = parseControllerSettings([], { METRICS_LISTEN: "0.0.0.0:9811" });
    expect([flag, variable]).to.deep.equal([metricsListen, metricsListen]);
  });

  it("tell two replicas of one name apart", () => {
    const [a, b] = [0, 1].map(() => parseControllerSettings([], { POD_NAME: "same" }).identity);
    expect(a).not.to.equal(b);
  });

  it("refuse timings with which two could lead at once", () => {
    expect(wrong("--lease-duration", "10", "--renew-deadline", "10")).to.include("two replicas could work at once");
    expect(wrong("--renew-deadline", "2", "--retry-period", "2")).to.include("--retry-period");
  });

  it("refuse what cannot be a namespace or a prefix", () => {
    expect(wrong("--namespace", "Not_One")).to.include('not "Not_One"');
    expect(wrong("--resource-prefix", "a/b")).to.include('not "a/b"');
  });
});
