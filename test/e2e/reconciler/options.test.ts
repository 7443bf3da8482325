import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { NAMESPACE } from "../../../api/core.js";
import { isNotFound } from "../../../kube/errors.js";
import { RECONCILER_IMAGE, RECONCILER_REPOSITORY } from "../../../lab/images.js";
import type { Lab } from "../../../lab/lab.js";
import type { SriovReconcilerArgs } from "../../../sdk/index.js";
import { sharedLab } from "../../shared-lab.js";
import { type Done, errorsOf, openStack, type Program, type TestStack } from "../stack.js";
import { emptyCluster, installed, stopCluster } from "./pod-cluster.js";

const ELSEWHERE = "hardware";
const NOWHERE = `${RECONCILER_REPOSITORY}:nowhere`;
const AGENTS = "DaemonSet pulumi-sriov-agent";

/** What a program may say of a component beside its arguments. The tests are one story, in order. */
describe("the reconciler's component", function () {
  this.timeout(120_000);
  let lab: Lab;
  let stack: TestStack;

  before(async () => {
    lab = await emptyCluster();
    await lab.addSimulatedNode("north", { pods: true });
    // Without more said, everything would be made in the cluster that all tests share.
    stack = await openStack({});
  });
  after(() => stopCluster(lab));

  /** The component with a provider of its own, inside another component. */
  const program =
    (args: SriovReconcilerArgs, { name = "sriov", ...options }: Options = {}): Program =>
    (sriov) => {
      const text = readFileSync(lab.controlPlane.kubeconfig, "utf8");
      // As that of a cluster which the same program makes.
      const kubeconfig = pulumi.runtime.isDryRun() && options.isNew ? pulumi.output(pulumi.unknown as string) : text;
      const provider = new k8s.Provider("cluster", { kubeconfig: pulumi.secret(kubeconfig) });
      const platform = new pulumi.ComponentResource("test:index:Platform", "platform");
      const transforms = args.image === NOWHERE ? [labelled, impatient] : [labelled];
      const opts = { provider, parent: platform, transforms, ...options.component };
      const reconciler = new sriov.SriovReconciler(name, { namespace: ELSEWHERE, ...args }, opts);
      return { namespace: reconciler.namespace };
    };
  const uids = async (): Promise<Record<string, string>> =>
    Object.fromEntries((await installed(lab.client, { namespace: ELSEWHERE })).map(({ id, uid }) => [id, uid]));

  it("is previewed where its provider's kubeconfig is known only in up", async () => {
    const { steps } = await stack.preview(program({ image: NOWHERE }, { isNew: true }));
    expect(steps["sriov-daemon-set-pulumi-sriov-agent"]?.op).to.equal("create");
  });

  it("says of pods that cannot run which they are, and of what image, once its time is over", async () => {
    const told = errorsOf(await stack.upFails(program({ image: NOWHERE }))).join("\n");
    expect(told).to.match(new RegExp(`Pod ${ELSEWHERE}/pulumi-sriov-controller-.*${NOWHERE}`, "s"));
    expect(told).to.contain("pulumi-sriov-agent");
  });

  it("goes on with an image that is there, with the objects that it has", async () => {
    const before = await uids();
    const { outputs } = await stack.up(program({ image: RECONCILER_IMAGE }));
    expect(outputs["namespace"]).to.equal(ELSEWHERE);
    expect(await uids()).to.deep.equal(before);
  });

  it("goes back to the image that it had where another cannot run", async () => {
    await stack.upFails(program({ image: NOWHERE }));
    await stack.up(program({ image: RECONCILER_IMAGE }));
    await stack.preview(program({ image: RECONCILER_IMAGE }), { expectNoChanges: true });
  });

  it("is where its provider leads, and nowhere else", async () => {
    expect(Object.keys(await uids())).to.include(AGENTS);
    expect(await hasNamespace(await sharedLab(), ELSEWHERE)).to.equal(false);
  });

  it("makes nothing in the namespace that is the default", async () => {
    expect(await hasNamespace(lab, "pulumi-sriov")).to.equal(false);
  });

  it("has on each object what a transform adds", async () => {
    const objects = await installed(lab.client, { namespace: ELSEWHERE });
    const without = objects.filter(({ live }) => live.metadata.annotations?.["example.com/team"] !== "network");
    expect(without.map(({ id }) => id)).to.deep.equal([]);
  });

  it("has its children below it, and itself below its parent", async () => {
    const resources = await stack.resources();
    const agents = resources.find(({ urn }) => urn.endsWith("::sriov-daemon-set-pulumi-sriov-agent"));
    expect(agents?.urn).to.contain("test:index:Platform$sriov:index:SriovReconciler$kubernetes:apps/v1:DaemonSet");
  });

  it("keeps every object when it is renamed with an alias", async () => {
    const before = await uids();
    const component = { aliases: [{ name: "sriov" }], protect: true };
    const { steps } = await stack.up(program({ image: RECONCILER_IMAGE }, { name: "renamed", component }));
    expect(Object.values(steps).filter(({ op }) => op !== "update")).to.deep.equal([]);
    expect(await uids()).to.deep.equal(before);
  });

  it("is refused to a second stack, whose destroy takes nothing of the first's", async () => {
    const before = await uids();
    const second = await openStack({ program: program({ image: RECONCILER_IMAGE }) });
    expect(errorsOf(await second.upFails()).join("\n")).to.contain("already exists");
    await second.destroy();
    expect(await uids()).to.deep.equal(before);
  });

  it("cannot be taken away while it is protected", async () => {
    const before = await uids();
    const refused = await stack.upFails(() => undefined);
    expect(errorsOf(refused).join("\n")).to.contain("protect");
    expect(await uids()).to.deep.equal(before);
  });

  it("does not take along kinds that were kept, and says that they are there", async () => {
    await stack.up(program({ image: RECONCILER_IMAGE }, { name: "renamed", component: { protect: false } }));
    await stack.destroy();
    const kept = await uids();
    const refused: Done = await stack.upFails(program({ image: RECONCILER_IMAGE, removeCrds: true }));
    expect(errorsOf(refused).join("\n"))
      .to.contain("sriovnetworkdevices.devices.harvesterhci.io")
      .and.to.contain("already exists");
    expect(await uids()).to.include(kept);
  });
});

interface Options {
  /** Of the component. Default `sriov`. */
  readonly name?: string;
  /** The cluster is one that is still to be made. */
  readonly isNew?: boolean;
  readonly component?: pulumi.ComponentResourceOptions;
}

/** Pods of an image that is nowhere are waited for in vain. */
const impatient: pulumi.ResourceTransform = ({ type, props, opts }) => {
  if (!/:(DaemonSet|Deployment)$/.test(type)) return undefined;
  const customTimeouts = { create: "5s", update: "5s" };
  return { props, opts: { ...opts, customTimeouts } };
};

const labelled: pulumi.ResourceTransform = ({ type, props, opts }) => {
  if (!type.startsWith("kubernetes:")) return undefined;
  const { metadata, ...fields } = props as { readonly metadata?: { readonly annotations?: object } };
  const annotations = { ...metadata?.annotations, "example.com/team": "network" };
  return { props: { ...fields, metadata: { ...metadata, annotations } }, opts };
};

async function hasNamespace({ client }: Lab, name: string): Promise<boolean> {
  try {
    await client.get(NAMESPACE, name);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
