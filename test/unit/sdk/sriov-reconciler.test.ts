import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import Module from "node:module";
import { reconcilerObjects } from "../../../deploy/reconciler-objects.js";
import { type PartialSettings, settingsOf } from "../../../deploy/settings.js";
import type { SriovReconcilerArgs } from "../../../sdk/index.js";
import { settingsGiven } from "../../../sdk/reconciler/reconciler-args.js";
import { renderedObjects } from "../../../sdk/reconciler/rendered-objects.js";
import { mocked, reconcilerOf, type Registered, sriov } from "./mocked-program.js";

/** Each argument with a value that is not its default, and the setting that it is. */
const ARGUMENTS: readonly (readonly [SriovReconcilerArgs, PartialSettings])[] = [
  [{ image: "registry.example.com/sriov:1" }, { image: "registry.example.com/sriov:1" }],
  [{ imagePullPolicy: "Always" }, { imagePullPolicy: "Always" }],
  [{ imagePullSecrets: ["registry"] }, { imagePullSecrets: ["registry"] }],
  [{ namespace: "hardware" }, { namespace: "hardware" }],
  [{ resourcePrefix: "example.com" }, { resourcePrefix: "example.com" }],
  [{ logLevel: "debug" }, { logLevel: "debug" }],
  [{ apiServer: { host: "10.0.2.2", port: 6443 } }, { apiServer: { host: "10.0.2.2", port: 6443 } }],
  [{ scanInterval: 60 }, { agent: { scanInterval: 60 } }],
  [{ managementInterfaces: ["br0", "bond0"] }, { agent: { managementInterfaces: ["br0", "bond0"] } }],
  [{ managementInterfaces: [] }, { agent: { managementInterfaces: [] } }],
  [{ nodeSelector: { sriov: "yes" } }, { agent: { nodeSelector: { sriov: "yes" } } }],
  [{ nodeSelector: {} }, { agent: { nodeSelector: {} } }],
  [{ features: { guards: false } }, { guards: false }],
  [{ features: { networkPolicy: false } }, { networkPolicy: false }],
  [{ features: { devicePlugin: false } }, { agent: { devicePlugin: false } }],
  [{ features: { moduleLoading: false } }, { agent: { moduleLoading: false } }],
  [{ features: { metrics: false } }, { metrics: { enabled: false } }],
  [{ features: { serviceMonitor: true } }, { metrics: { serviceMonitor: true } }],
  [
    { agent: { tolerations: [{ key: "a", operator: "Exists" }] } },
    { agent: { tolerations: [{ key: "a", operator: "Exists" }] } },
  ],
  [{ agent: { tolerations: [] } }, { agent: { tolerations: [] } }],
  [{ agent: { resources: { limits: { cpu: "1" } } } }, { agent: { resources: { limits: { cpu: "1" } } } }],
  [{ agent: { priorityClassName: "high" } }, { agent: { priorityClassName: "high" } }],
  [{ agent: { maxUnavailable: 3 } }, { agent: { maxUnavailable: 3 } }],
  [{ agent: { pciDevices: "all" } }, { agent: { pciDevices: "all" } }],
  [{ agent: { givenVfs: ["8086:1889"] } }, { agent: { givenVfs: ["8086:1889"] } }],
  [{ agent: { writeDeadline: 60 } }, { agent: { writeDeadline: 60 } }],
  [{ agent: { settleDeadline: 20 } }, { agent: { settleDeadline: 20 } }],
  [{ agent: { healthPort: 9000 } }, { agent: { healthPort: 9000 } }],
  [{ agent: { kubeletDirectory: "/data/kubelet" } }, { agent: { kubeletDirectory: "/data/kubelet" } }],
  [{ controller: { replicas: 3 } }, { controller: { replicas: 3 } }],
  [{ controller: { nodeSelector: { infra: "yes" } } }, { controller: { nodeSelector: { infra: "yes" } } }],
  [{ controller: { tolerations: [] } }, { controller: { tolerations: [] } }],
  [{ controller: { resources: {} } }, { controller: { resources: {} } }],
  [{ controller: { priorityClassName: "high" } }, { controller: { priorityClassName: "high" } }],
  [{ metrics: { agentPort: 9910 } }, { metrics: { agentPort: 9910 } }],
  [{ metrics: { controllerPort: 9911 } }, { metrics: { controllerPort: 9911 } }],
  [
    { metrics: { readers: [{ namespace: "monitoring", name: "prometheus" }] } },
    { metrics: { readers: [{ namespace: "monitoring", name: "prometheus" }] } },
  ],
];

describe("SriovReconciler", () => {
  before(function () {
    // The package of all of Kubernetes is loaded once.
    this.timeout(30_000);
    return reconcilerOf();
  });

  it("makes the objects of the manifests, each by a resource of its kind", async () => {
    expect(objects(await reconcilerOf())).to.deep.equal(rendered());
  });

  for (const [args, settings] of ARGUMENTS) {
    const title = JSON.stringify(args);

    it(`makes of ${title} what the setting says`, async () => {
      expect(objects(await reconcilerOf(args))).to.deep.equal(rendered(settings));
      expect(rendered(settings)).not.to.deep.equal(rendered());
    });

    if (args.features === undefined && args.metrics?.readers === undefined)
      it(`makes the same of ${title} as outputs`, async () => {
        expect(await resolved(asOutputs(args))).to.deep.equal(rendered(settings));
      });
  }

  it("keeps kinds and namespace when it is deleted, and with removeCrds does not", async () => {
    expect(typesOf(await reconcilerOf())).to.include.members([
      "kubernetes:core/v1:NamespacePatch",
      "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinitionPatch",
    ]);
    const removed = typesOf(await reconcilerOf({ removeCrds: true }));
    expect(removed.filter((type) => type.endsWith("Patch"))).to.deep.equal([]);
  });

  it("has Pulumi wait for every agent, and with waitForAgents: false for none, but for the controller", async () => {
    const unawaited = (resources: readonly Registered[]): string[] =>
      kubernetesOf(resources)
        .filter(({ inputs }) => "pulumi.com/skipAwait" in annotationsOf(inputs))
        .map(({ name }) => name);
    expect(unawaited(await reconcilerOf())).to.deep.equal([]);
    expect(unawaited(await reconcilerOf({ waitForAgents: false }))).to.deep.equal([
      "sriov-daemon-set-pulumi-sriov-agent",
    ]);
  });

  it("hands its own timeouts to the objects, which alone are waited for", async () => {
    const customTimeouts = { create: "1m", update: "2m" };
    const seen: unknown[] = [];
    const transformation: pulumi.ResourceTransformation = ({ type, opts }) => {
      if (type.startsWith("kubernetes:apps/")) seen.push(opts.customTimeouts);
      return undefined;
    };
    await reconcilerOf({}, { customTimeouts, transformations: [transformation] });
    expect(seen).to.deep.equal([customTimeouts, customTimeouts]);
  });

  it("replaces pods only once the old ones are gone, and leaves it to Pulumi when all else is replaced", async () => {
    const firstGone: string[] = [];
    const look: pulumi.ResourceTransformation = ({ name, opts }) => {
      const { deleteBeforeReplace } = opts as pulumi.CustomResourceOptions;
      if (deleteBeforeReplace !== undefined) firstGone.push(`${name} ${String(deleteBeforeReplace)}`);
      return undefined;
    };
    await reconcilerOf({}, { transformations: [look] });
    expect(firstGone).to.deep.equal([
      "sriov-daemon-set-pulumi-sriov-agent true",
      "sriov-deployment-pulumi-sriov-controller true",
    ]);
  });

  it("makes its children by the provider that it is given", async () => {
    const { resources } = await mocked(() => {
      const provider = new k8s.Provider("given", { kubeconfig: "given" });
      return new sriov.SriovReconciler("sriov", {}, { provider });
    });
    const providers = new Set(kubernetesOf(resources).map(({ provider }) => provider));
    expect([...providers]).to.deep.equal(["urn:pulumi:stack::project::pulumi:providers:kubernetes::given::given-id"]);
    expect(kubeconfigOf(resources)).to.equal("given");
  });

  it("makes a provider of its arguments' kubeconfig and context", async () => {
    const resources = await reconcilerOf({ kubeconfig: "mine", context: "there" });
    expect(named(resources, "sriov-kubernetes")?.inputs).to.include({ context: "there" });
    expect(kubernetesOf(resources)[0]?.provider).to.contain("::sriov-kubernetes::");
    expect(kubeconfigOf(resources)).to.equal("mine");
  });

  it("makes a provider of the configuration sriov:kubeconfig", async () => {
    const { resources } = await mocked(() => new sriov.SriovReconciler("sriov"), {
      configuration: { "sriov:kubeconfig": "configured" },
    });
    expect(kubernetesOf(resources)[0]?.provider).to.contain("::sriov-kubernetes::");
  });

  it("leaves its children to the default provider where nothing says another", async () => {
    expect(named(await reconcilerOf(), "sriov-kubernetes")).to.equal(undefined);
  });

  it("says which argument is wrong, by the argument's name", () => {
    expect(() => new sriov.SriovReconciler("sriov", { scanInterval: 0, features: { serviceMonitor: true } })).to.throw(
      /^scanInterval must be a number of seconds above 0/,
    );
    expect(() => new sriov.SriovReconciler("sriov", { features: { serviceMonitor: true, metrics: false } })).to.throw(
      "features.serviceMonitor must be false where features.metrics is",
    );
  });

  it("says what to install where the program has no @pulumi/kubernetes, and not where in the code that was found", () => {
    const make = (): unknown => withoutPackage("@pulumi/kubernetes", () => new sriov.SriovReconciler("sriov"));
    expect(make)
      .to.throw(pulumi.ResourceError, "Install it beside pulumi-sriov: npm install @pulumi/kubernetes")
      .with.property("hideStack", true);
  });

  it("puts out what policies and networks need", async () => {
    const { result } = await mocked(() => new sriov.SriovReconciler("sriov", { namespace: pulumi.output("hardware") }));
    const { namespace, resourcePrefix, agentServiceAccount, controllerServiceAccount } = result;
    const outputs = pulumi.all([namespace, resourcePrefix, agentServiceAccount, controllerServiceAccount]);
    expect(await valueOf(outputs)).to.deep.equal([
      "hardware",
      "openshift.io",
      "pulumi-sriov-agent",
      "pulumi-sriov-controller",
    ]);
  });

  it("leaves all plain but what follows from an output, so that a preview without it knows the rest", () => {
    const image = pulumi.output("registry.example.com/sriov:1");
    const objects = renderedObjects(settingsGiven({ image }), () => undefined);
    expect(objects.flatMap(({ key, fields }) => outputsIn(fields, key))).to.deep.equal([
      "daemon-set-pulumi-sriov-agent.spec.template.spec.containers",
      "deployment-pulumi-sriov-controller.spec.template.spec.containers",
    ]);
  });
});

/** Runs something as in a program that has not installed the package; a path that leads nowhere would find the repository's. */
function withoutPackage<T>(name: string, run: () => T): T {
  const loader = Module as unknown as { _load: (request: string, ...others: unknown[]) => unknown };
  const { _load: load } = loader;
  loader._load = (request, ...others) =>
    load.call(Module, request === name ? `${name}-not-installed` : request, ...others);
  try {
    return run();
  } finally {
    loader._load = load;
  }
}

function outputsIn(value: unknown, path: string): string[] {
  if (pulumi.Output.isInstance(value)) return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => outputsIn(inner, `${path}.${name}`));
}

const FORCED = { "pulumi.com/patchForce": "true" };

/** What the engine was given, by kind and name, as objects of the manifests. */
function objects(resources: readonly Registered[]): Record<string, unknown> {
  return byName(kubernetesOf(resources).map(({ inputs }) => inputs));
}

function rendered(settings?: PartialSettings): Record<string, unknown> {
  return byName(
    reconcilerObjects(settingsOf(settings)).map(({ object, keeps }) => {
      if (!keeps) return object as unknown as Registered["inputs"];
      const annotations = { ...object.metadata.annotations, ...FORCED };
      return { ...object, metadata: { ...object.metadata, annotations } };
    }),
  );
}

/** What comes of the arguments once all outputs are known, without any resource. */
async function resolved(args: SriovReconcilerArgs): Promise<Record<string, unknown>> {
  const objects = renderedObjects(settingsGiven(args), () => undefined);
  const values = await valueOf(pulumi.output(objects.map(({ fields }) => fields)));
  return byName(
    (values as Registered["inputs"][]).map((fields, index) => {
      const metadata = fields["metadata"] as { readonly annotations?: object };
      const annotations = { ...metadata.annotations, ...FORCED };
      return objects[index]?.keeps === true ? { ...fields, metadata: { ...metadata, annotations } } : fields;
    }),
  );
}

function byName(all: readonly Registered["inputs"][]): Record<string, unknown> {
  const plain = JSON.parse(JSON.stringify(all)) as { kind: string; metadata: { name: string } }[];
  return Object.fromEntries(plain.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
}

function asOutputs(args: SriovReconcilerArgs): SriovReconcilerArgs {
  const groups = new Set(["agent", "controller", "metrics", "apiServer"]);
  const wrapped = Object.entries(args).map(([name, value]): [string, unknown] =>
    groups.has(name) ? [name, asOutputs(value as SriovReconcilerArgs)] : [name, pulumi.output(value as unknown)],
  );
  return Object.fromEntries(wrapped);
}

function annotationsOf(inputs: Registered["inputs"]): object {
  return (inputs["metadata"] as { readonly annotations?: object } | undefined)?.annotations ?? {};
}

function kubernetesOf(resources: readonly Registered[]): Registered[] {
  return resources.filter(({ type }) => type.startsWith("kubernetes:"));
}

function typesOf(resources: readonly Registered[]): string[] {
  return resources.map(({ type }) => type);
}

function named(resources: readonly Registered[], name: string): Registered | undefined {
  return resources.find((resource) => resource.name === name);
}

/** Of the cluster that is looked at before anything is installed. */
function kubeconfigOf(resources: readonly Registered[]): unknown {
  // Always a secret, which mocks are given with its mark.
  return (named(resources, "sriov-preflight")?.inputs["kubeconfig"] as { readonly value: unknown }).value;
}

function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve as (value: unknown) => void));
}
