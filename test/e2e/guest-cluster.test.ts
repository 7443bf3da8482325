import { expect } from "chai";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { CUSTOM_RESOURCE_DEFINITION, POD } from "../../api/core.js";
import { pciDeviceName } from "../../api/names.js";
import { NETWORK_ATTACHMENT_DEFINITION } from "../../api/network-attachment-definition.js";
import type { KubeObject } from "../../api/object.js";
import { PCI_DEVICE } from "../../api/pci-device.js";
import { PCI_DEVICE_CLAIM } from "../../api/pci-device-claim.js";
import type { FunctionSpec } from "../../lab/nodes/simulated/hardware.js";
import type { SimulatedNode } from "../../lab/nodes/simulated-node.js";
import { networkAttachmentDefinitionKind } from "../../lab/multus.js";
import { Observer } from "../integration/agent/observer.js";
import { WITH_PCI_IDS } from "../integration/agent/pci-ids.js";
import { REPOSITORY, testProject } from "./project.js";
import { openStack, type StateResource, type TestStack } from "./stack.js";

const NODE_NAME = "e2e-guest";
const vf = (bus: number): FunctionSpec => ({
  address: `0000:0${bus}:00.0`,
  classId: "020000",
  deviceId: "10ed",
  driver: "ixgbevf",
  interfaces: [{ name: `enp${bus}s0` }],
});

/** examples/guest-cluster as it stands, on disk, on a node whose VFs have no PF. The tests are one story, in order. */
describe("examples/guest-cluster", function () {
  // Pulumi's loader checks the types of all of Kubernetes each time that it runs the program.
  this.timeout(180_000);
  let node: SimulatedNode;
  let stack: TestStack;
  let lab: Awaited<ReturnType<typeof testProject>>["lab"];

  const POOL = "openshift.io/82599_ETHERNET_CONTROLLER_VIRTUAL_FUNCTION";
  const named = async (name: string, kind: string): Promise<StateResource> =>
    (await stack.resources()).find(({ urn, type }) => urn.endsWith(`::${name}`) && type.endsWith(kind)) ??
    expect.fail(`the state has no ${kind} ${name}`);
  const place = ({ id }: StateResource): readonly [name: string, inNamespace: { readonly namespace: string }] => {
    const [namespace = "", name = ""] = id.split("/");
    return [name, { namespace }];
  };
  const driverOf = async (bus: number): Promise<string | undefined> =>
    (await lab.client.get(PCI_DEVICE, pciDeviceName(NODE_NAME, vf(bus).address))).status?.kernelDriverInUse;

  before(async () => {
    const project = await testProject();
    ({ lab } = project);
    await lab.client.apply(CUSTOM_RESOURCE_DEFINITION, networkAttachmentDefinitionKind(), { fieldManager: "test" });
    const spec = { nics: [], functions: [vf(1), vf(2)], defaultRouteInterfaces: ["enp1s0"] };
    node = await lab.addSimulatedNode(NODE_NAME, { spec, agentArgs: WITH_PCI_IDS });
    const observer = await Observer.start(lab.client);
    await observer.pciDevice(pciDeviceName(NODE_NAME, vf(2).address), ({ status }) => status !== undefined);
    await observer.stop();
    const folder = join(project.folder, "guest-cluster");
    cpSync(join(REPOSITORY, "examples", "guest-cluster"), folder, { recursive: true });
    stack = await openStack({ folder, config: { nodeName: NODE_NAME, waitForPod: "false", claim: vf(2).address } });
  });
  after(() => node.stopAgent("SIGTERM"));

  it("lists the VFs that the node was given", async () => {
    const { outputs } = await stack.up();
    const description = "Ethernet controller: Intel Corporation 82599 Ethernet Controller Virtual Function";
    expect(outputs["givenVfs"]).to.deep.equal(
      [vf(1), vf(2)].map(({ address }) => ({ address, description, driver: "ixgbevf" })),
    );
  });

  it("makes an attachment of their pool for a plugin that needs no PF", async () => {
    const made = await lab.client.get(
      NETWORK_ATTACHMENT_DEFINITION,
      ...place(await named("client", "NetworkAttachmentDefinition")),
    );
    expect(made.metadata.annotations).to.include({ "k8s.v1.cni.cncf.io/resourceName": POOL });
    expect(JSON.parse(made.spec?.config ?? "")).to.include({ type: "host-device" });
  });

  it("makes a pod that asks for one of them, on that node", async () => {
    const pod = (await lab.client.get(POD, ...place(await named("client", ":Pod")))) as KubeObject & {
      readonly spec: {
        readonly nodeSelector: unknown;
        readonly containers: readonly { readonly resources: unknown }[];
      };
    };
    expect(pod.spec.nodeSelector).to.deep.equal({ "kubernetes.io/hostname": NODE_NAME });
    expect(pod.spec.containers[0]?.resources).to.deep.equal({ requests: { [POOL]: "1" }, limits: { [POOL]: "1" } });
  });

  it("hands one on to a machine in the machine", async () => {
    expect(await driverOf(2)).to.equal("vfio-pci");
    const { status } = await lab.client.get(PCI_DEVICE_CLAIM, pciDeviceName(NODE_NAME, vf(2).address));
    expect(status).to.include({ passthroughEnabled: true, kernelDriverToUnbind: "ixgbevf" });
  });

  it("is refused a claim of the machine's own NIC", async () => {
    await stack.automation.setConfig("claim", { value: vf(1).address });
    const { error } = await stack.upFails();
    expect(error).to.match(/enp1s0 carries the node's default route/);
    expect(await driverOf(1)).to.equal("ixgbevf");
  });

  it("gives back at the end what it took", async () => {
    await stack.destroy();
    expect(await driverOf(2)).to.equal("ixgbevf");
  });
});
