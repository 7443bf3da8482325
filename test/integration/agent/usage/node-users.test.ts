import { expect } from "chai";
import { isDeepStrictEqual } from "node:util";
import { join } from "node:path";
import { pino } from "pino";
import { POD, type Pod } from "../../../../api/core.js";
import { VIRTUAL_MACHINE_INSTANCE } from "../../../../api/kubevirt.js";
import { PCI_DEVICE, type PciDevice } from "../../../../api/pci-device.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../../api/pci-device-claim.js";
import { KubeClient } from "../../../../kube/client.js";
import { Informer } from "../../../../kube/informer.js";
import { OptionalInformer } from "../../../../kube/optional-informer.js";
import { ServedKinds } from "../../../../kube/served-kinds.js";
import { waitFor } from "../../../../kube/wait.js";
import { type Lab, startLab } from "../../../../lab/lab.js";
import { beginRun } from "../../../../lab/processes/lab-run.js";
import { noMetrics } from "../../../../reconciler/agent/service/metrics.js";
import { NodeUsers } from "../../../../reconciler/agent/usage/node-users.js";
import { physicalFunction, virtualFunctions } from "../../../unit/agent/nic.js";
import { until } from "../../lab/until.js";
import { install, uninstall } from "../../kube/optional-kind.js";
import { Kubelet } from "./kubelet.js";
import { makeDefaultAccount } from "../../service-account.js";

const NODE_NAME = "n-users";
const VF0 = "0000:04:10.0";
const VF1 = "0000:04:10.2";
const RESOURCE = "intel.com/82599_VF";
const me = { fieldManager: "test", force: true };
const nic = physicalFunction({ virtualFunctions: virtualFunctions(3) });

describe("the users of a node's VFs", () => {
  // A lab of its own, since kinds come and go here that others may want.
  let lab: Lab;
  let client: KubeClient;
  let kubelet: Kubelet;
  let served: ServedKinds;
  let claims: OptionalInformer<PciDeviceClaim>;
  let pciDevices: Informer<PciDevice>;
  let users: NodeUsers;
  let changes = 0;
  let told: string[];

  before(async () => {
    const run = await beginRun({ label: "test" });
    run.stopOnSignals();
    lab = await startLab(run);
    // For its Node, and for credentials with the agent's role.
    await lab.addSimulatedNode(NODE_NAME, { agent: false });
    client = KubeClient.open({ kubeconfig: join(run.dir, `${NODE_NAME}.kubeconfig`) });
    await makeDefaultAccount(lab.client);
  });
  after(async () => {
    client.close();
    lab.client.close();
    await lab.run.stop();
  });

  beforeEach(async () => {
    told = [];
    kubelet = new Kubelet(join(lab.run.dir, "kubelet.sock"));
    served = new ServedKinds(client).start();
    claims = new OptionalInformer(client, PCI_DEVICE_CLAIM, served).start();
    pciDevices = new Informer(client, PCI_DEVICE).start();
    const log = pino({}, { write: (line: string) => told.push((JSON.parse(line) as { msg: string }).msg) });
    const parts = { client, log, metrics: noMetrics, nodeName: NODE_NAME, podResources: kubelet.socket };
    users = new NodeUsers(parts);
    await Promise.all([claims.synced, pciDevices.synced, users.start({ served, claims, pciDevices })]);
    changes = 0;
    users.onChange(() => changes++);
  });
  afterEach(async () => {
    await Promise.all([users.stop(), claims.stop(), pciDevices.stop(), served.stop()]);
    kubelet.stop();
    const { items } = await lab.client.list(POD, { namespace: "default" });
    await Promise.all(items.map(({ metadata: { name } }) => lab.client.delete(POD, name, { namespace: "default" })));
  });

  /** Resolves when these, and no others, use VFs of the NIC. */
  const are = (wanted: Readonly<Record<string, string>>): Promise<void> =>
    waitFor(
      {
        onChange: (listener) => {
          users.onChange(listener as () => void);
          return () => undefined;
        },
      },
      () => {
        const found = Object.fromEntries(users.of(nic));
        return isDeepStrictEqual(found, wanted)
          ? { state: "satisfied", result: undefined }
          : { state: "pending", what: `users are ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}` };
      },
      { deadline: Date.now() + 20_000 },
    );

  const networkOf = (address: string): Record<string, string> => ({
    "k8s.v1.cni.cncf.io/network-status": JSON.stringify([
      { name: "sriov", "device-info": { type: "pci", version: "1.1.0", pci: { "pci-address": address } } },
    ]),
  });

  async function createPod(name: string, more: Partial<Pod["metadata"]> = {}, nodeName = NODE_NAME): Promise<void> {
    const spec = {
      nodeName,
      containers: [{ name: "main", image: "none" }],
      automountServiceAccountToken: false,
      serviceAccountName: "default",
      terminationGracePeriodSeconds: 0,
    };
    await lab.client.apply(POD, { metadata: { name, namespace: "default", ...more }, spec }, me);
  }

  const patchPod = (name: string, patch: Readonly<Record<string, unknown>>) =>
    lab.client.merge(POD, name, patch, { fieldManager: "test", namespace: "default" });
  const setPhase = (name: string, phase: string) =>
    lab.client.merge(
      POD,
      name,
      { status: { phase } },
      { fieldManager: "test", namespace: "default", subresource: "status" },
    );
  const deletePod = (name: string) => lab.client.delete(POD, name, { namespace: "default" });

  describe("by their networks", () => {
    it("are pods of this node, until they are deleted", async () => {
      await createPod("elsewhere", { annotations: networkOf(VF1) }, "another-node");
      await createPod("router", { annotations: networkOf(VF0) });
      await are({ [VF0]: "pod default/router" });
      await deletePod("router");
      await are({});
    });

    it("are pods from when their networks are told", async () => {
      await createPod("router");
      await patchPod("router", { metadata: { annotations: networkOf(VF0) } });
      await are({ [VF0]: "pod default/router" });
    });

    for (const phase of ["Succeeded", "Failed"]) {
      it(`are pods until they have ${phase.toLowerCase()}`, async () => {
        await createPod("job", { annotations: networkOf(VF0) });
        await are({ [VF0]: "pod default/job" });
        await setPhase("job", phase);
        await are({});
      });
    }

    it("are told once as unreadable, by the pod's name, whatever else changes on the pod", async () => {
      await createPod("bad", { annotations: { "k8s.v1.cni.cncf.io/network-status": "[{" } });
      await setPhase("bad", "Running");
      await createPod("router", { annotations: networkOf(VF0) });
      await are({ [VF0]: "pod default/router" });
      expect(told).to.have.length(1);
      expect(told[0]).to.match(/network-status of pod default\/bad cannot be read: .*JSON/);
    });
  });

  it("have not changed when a pod's status did in something else", async () => {
    await createPod("router", { annotations: networkOf(VF0) });
    await are({ [VF0]: "pod default/router" });
    const before = changes;
    await lab.client.merge(
      POD,
      "router",
      { status: { hostIP: "192.0.2.7", hostIPs: [{ ip: "192.0.2.7" }] } },
      { fieldManager: "test", namespace: "default", subresource: "status" },
    );
    await createPod("second", { annotations: networkOf(VF1) });
    await are({ [VF0]: "pod default/router", [VF1]: "pod default/second" });
    await users.refresh();
    expect(changes - before).to.equal(1);
  });

  it("are waited for, and the log names the verb that is missing, where somebody may not look", async () => {
    const stranger = KubeClient.open({ kubeconfig: await lab.controlPlane.kubeconfigFor("stranger") });
    const refused = Promise.withResolvers<string>();
    const log = pino({}, { write: (line: string) => refused.resolve((JSON.parse(line) as { msg: string }).msg) });
    const parts = { client: stranger, log, metrics: noMetrics, nodeName: NODE_NAME, podResources: kubelet.socket };
    const waiting = new NodeUsers(parts);
    const started = waiting.start({ served, claims, pciDevices }).catch((error: unknown) => error);
    const said = await refused.promise;
    await waiting.stop();
    stranger.close();
    expect(said).to.match(/^watch of pods: .*User "stranger" cannot list resource "pods"/);
    expect(await started).to.be.instanceOf(Error);
  });

  describe("by the kubelet", () => {
    it("are known as soon as the pod runs, and until it is gone", async () => {
      await kubelet.start();
      await createPod("router");
      kubelet.allocations = [{ namespace: "default", pod: "router", resource: RESOURCE, ids: [VF1] }];
      await setPhase("router", "Running");
      await are({ [VF1]: "pod default/router" });
      kubelet.allocations = [];
      await deletePod("router");
      await are({});
    });

    it("are known by asking", async () => {
      await kubelet.start();
      kubelet.allocations = [{ namespace: "kube-system", pod: "static", resource: RESOURCE, ids: [VF1] }];
      await users.refresh();
      expect(Object.fromEntries(users.of(nic))).to.deep.equal({ [VF1]: "pod kube-system/static" });
      expect(changes).to.equal(1);
    });
  });

  /** Has it asked for the kind until it knows the user: what discovery says lags behind, and 404 ends what began on that. */
  const areOnceServed = async (wanted: Readonly<Record<string, string>>): Promise<void> => {
    await until(async () => {
      await served.look();
      return isDeepStrictEqual(Object.fromEntries(users.of(nic)), wanted);
    });
  };

  describe("by claim", () => {
    const claim = { nodeName: NODE_NAME, address: VF0, userName: "alice" };
    const create = (name: string, spec: PciDeviceClaim["spec"]) =>
      lab.client.create(PCI_DEVICE_CLAIM, { metadata: { name }, spec }, me);

    before(() => uninstall(lab.client, PCI_DEVICE_CLAIM));
    beforeEach(() => install(lab.client, PCI_DEVICE_CLAIM));
    afterEach(() => uninstall(lab.client, PCI_DEVICE_CLAIM));

    it("are known where the kind is installed later, until the claim is deleted", async () => {
      await create("x", claim);
      await areOnceServed({ [VF0]: "claim x of alice" });
      await lab.client.delete(PCI_DEVICE_CLAIM, "x");
      await are({});
    });

    it("are forgotten with the kind", async () => {
      await create("x", claim);
      await areOnceServed({ [VF0]: "claim x of alice" });
      await uninstall(lab.client, PCI_DEVICE_CLAIM);
      await are({});
    });
  });

  describe("by virtual machine", () => {
    const devices = [VF0, VF1].map((address) => `${NODE_NAME}-${address.replace(/[:.]/g, "")}`);
    const launcher = { labels: { "kubevirt.io": "virt-launcher" }, annotations: { "kubevirt.io/domain": "vm1" } };

    before(() => install(lab.client, VIRTUAL_MACHINE_INSTANCE));
    after(() => uninstall(lab.client, VIRTUAL_MACHINE_INSTANCE));
    beforeEach(async () => {
      for (const [index, name] of devices.entries()) {
        await lab.client.apply(PCI_DEVICE, { metadata: { name } }, me);
        const status = { address: [VF0, VF1][index], nodeName: NODE_NAME, resourceName: RESOURCE };
        // As the node's agent, who alone may.
        await client.merge(PCI_DEVICE, name, { status }, { fieldManager: "test", subresource: "status" });
      }
      const machine = (name: string, nodeName: string) => ({
        metadata: { name, namespace: "default", labels: { "kubevirt.io/nodeName": nodeName } },
        spec: { domain: { devices: { hostDevices: [{ name: "nic", deviceName: RESOURCE }] } } },
        status: { phase: "Running" },
      });
      await lab.client.apply(VIRTUAL_MACHINE_INSTANCE, machine("vm1", NODE_NAME), me);
      await lab.client.apply(VIRTUAL_MACHINE_INSTANCE, machine("vm2", "another-node"), me);
      while (served.serves(VIRTUAL_MACHINE_INSTANCE) !== true) await served.look();
      await are({ [VF0]: "virtual machine default/vm1 may have it", [VF1]: "virtual machine default/vm1 may have it" });
    });
    afterEach(async () => {
      for (const name of devices) await lab.client.delete(PCI_DEVICE, name);
      await lab.client.delete(VIRTUAL_MACHINE_INSTANCE, "vm2", { namespace: "default" });
    });
    const end = () => lab.client.delete(VIRTUAL_MACHINE_INSTANCE, "vm1", { namespace: "default" });

    it("may have each device of the resource that this node's machines ask for, until they are deleted", async () => {
      await end();
      await are({});
    });

    it("have none any more where the machine has stopped", async () => {
      await lab.client.merge(
        VIRTUAL_MACHINE_INSTANCE,
        "vm1",
        { status: { phase: "Succeeded" } },
        { fieldManager: "test", namespace: "default" },
      );
      await are({});
      await end();
    });

    it("have the one that the kubelet gave the machine's pod", async () => {
      await kubelet.start();
      kubelet.allocations = [{ namespace: "default", pod: "virt-launcher-vm1-x", resource: RESOURCE, ids: [VF1] }];
      await createPod("virt-launcher-vm1-x", launcher);
      await are({ [VF1]: "virtual machine default/vm1" });
      await end();
    });

    it("have the one that the machine's pod has as a network", async () => {
      await createPod("virt-launcher-vm1-x", {
        ...launcher,
        annotations: { ...launcher.annotations, ...networkOf(VF0) },
      });
      await are({ [VF0]: "virtual machine default/vm1", [VF1]: "virtual machine default/vm1 may have it" });
      await end();
    });
  });
});
