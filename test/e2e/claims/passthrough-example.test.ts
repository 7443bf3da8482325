import { expect } from "chai";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  KUBE_VIRT,
  type KubeVirt,
  KubeVirtLabel,
  type PciHostDevice,
  VIRTUAL_MACHINE_INSTANCE,
  type VirtualMachineInstance,
} from "../../../api/kubevirt.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import type { LabController } from "../../../lab/controller.js";
import type { Lab } from "../../../lab/lab.js";
import { WITH_PCI_IDS } from "../../integration/agent/pci-ids.js";
import { install, uninstall } from "../../integration/kube/optional-kind.js";
import { hardware, type Nic, nicOf, untilObject } from "../nics.js";
import { REPOSITORY, testProject } from "../project.js";
import { errorsOf, openStack, type TestStack } from "../stack.js";
import { type Claimable, vfOf } from "./claimable.js";

/** As far as it is like a machine that runs. */
interface VirtualMachine extends KubeObject {
  readonly spec: { readonly template: { readonly spec: Required<VirtualMachineInstance>["spec"] } };
}

const VIRTUAL_MACHINE: ResourceType<VirtualMachine> = {
  apiVersion: "kubevirt.io/v1",
  kind: "VirtualMachine",
  plural: "virtualmachines",
  namespaced: true,
};

/** KubeVirt's kinds, without KubeVirt: nothing runs a machine but the test. */
const KINDS = [KUBE_VIRT, VIRTUAL_MACHINE, VIRTUAL_MACHINE_INSTANCE];

const RESOURCE = "intel.com/82599_ETHERNET_CONTROLLER_VIRTUAL_FUNCTION";
const FOREIGN: PciHostDevice = { pciVendorSelector: "10DE:1EB8", resourceName: "nvidia.com/TU104GL_Tesla_T4" };
const OURS: PciHostDevice = { pciVendorSelector: "8086:10ED", resourceName: RESOURCE, externalResourceProvider: true };

/** examples/passthrough as it stands, on disk. The tests are the steps of one story, in order. */
describe("examples/passthrough", function () {
  // Each run loads all of Kubernetes' types.
  this.timeout(180_000);
  let lab: Lab;
  let controller: LabController;
  let nic: Nic;
  let vf: Claimable;
  let stack: TestStack;

  before(async () => {
    const project = await testProject();
    ({ lab } = project);
    for (const kind of KINDS) await install(lab.client, kind);
    const configuration = { permittedHostDevices: { pciHostDevices: [FOREIGN] } };
    const kubeVirt: KubeVirt = { metadata: { name: "kubevirt", namespace: "default" }, spec: { configuration } };
    await lab.client.create(KUBE_VIRT, kubeVirt, { fieldManager: "person" });
    controller = await lab.startController();
    const node = await lab.addSimulatedNode("machines", { spec: hardware(1, "ens"), agentArgs: WITH_PCI_IDS });
    nic = nicOf(lab, node, 0, "ens");
    vf = vfOf(nic);

    const folder = join(project.folder, "passthrough");
    cpSync(join(REPOSITORY, "examples", "passthrough"), folder, { recursive: true });
    stack = await openStack({
      folder,
      config: { nodeName: nic.nodeName, interfaceName: nic.interfaceName },
      // The linter checks its types.
      environment: { PULUMI_NODEJS_TRANSPILE_ONLY: "true" },
    });
  });
  after(async () => {
    await controller.stop();
    for (const kind of KINDS) await uninstall(lab.client, kind);
  });

  it("previews NIC and claim before there is any VF", async () => {
    const { steps } = await stack.preview();
    expect(Object.entries(steps).map(([name, { op }]) => [name, op])).to.have.deep.members([
      ["nic", "create"],
      ["vf", "create"],
    ]);
  });

  it("makes the VFs and binds the first to vfio-pci", async () => {
    const { outputs } = await stack.up();
    expect(outputs).to.deep.equal({
      vf: vf.address,
      resourceName: RESOURCE,
      passthroughEnabled: true,
      kernelDriverToUnbind: "ixgbevf",
    });
    expect([await vf.driver(), await vfOf(nic, 1).driver()]).to.deep.equal([VFIO_DRIVER, "ixgbevf"]);
  });

  it("has KubeVirt permit the resource, beside what it permits already", async () => {
    await permitted([FOREIGN, OURS]);
  });

  it("leaves nothing to do", async () => {
    await stack.up(undefined, { expectNoChanges: true });
  });

  it("makes a machine that asks for the VF by its resource name", async () => {
    await stack.automation.setConfig("virtualMachine", { value: "true" });
    const { steps } = await stack.up();
    expect(Object.keys(steps)).to.deep.equal(["guest"]);
    const [machine] = (await lab.client.list(VIRTUAL_MACHINE)).items;
    expect(machine?.spec.template.spec.domain?.devices?.hostDevices).to.deep.equal([
      { name: "vf", deviceName: RESOURCE },
    ]);
  });

  it("does not release the VF while a machine runs with it, and destroy names that", async () => {
    await runMachine("guest");
    await vf.until("told as in use", ({ status }) => status?.usedBy !== undefined);
    const [error = ""] = errorsOf(await stack.destroyFails());
    expect(error).to.include(vf.name).and.to.include("virtual machine default/guest");
    expect(await vf.driver()).to.equal(VFIO_DRIVER);
    expect(await nic.numVfs()).to.equal(2);
  });

  it("has made no step that up could not go on from", async () => {
    const { steps } = await stack.up();
    expect(Object.entries(steps).map(([name, { op }]) => [name, op])).to.deep.equal([["guest", "create"]]);
  });

  it("releases the VF and removes all VFs once the machine is gone, by one destroy", async () => {
    await lab.client.delete(VIRTUAL_MACHINE_INSTANCE, "guest", { namespace: "default" });
    await vf.until("told as free", ({ status }) => status?.usedBy === undefined);
    await stack.destroy();
    expect(await vf.claim()).to.equal(undefined);
    expect(await nic.numVfs()).to.equal(0);
    expect((await lab.client.list(VIRTUAL_MACHINE)).items).to.deep.equal([]);
    expect(await stack.resources()).to.deep.equal([]);
  });

  it("leaves KubeVirt permitting what it did before", async () => {
    await permitted([FOREIGN]);
  });

  it("has left the NIC's object where it was", async () => {
    expect((await nic.device()).spec.numVFS).to.equal(0);
  });

  /** As KubeVirt does, once the scheduler has found the node. */
  async function runMachine(name: string): Promise<void> {
    const machine = {
      metadata: { name, namespace: "default", labels: { [KubeVirtLabel.nodeName]: nic.nodeName } },
      spec: { domain: { devices: { hostDevices: [{ name: "vf", deviceName: RESOURCE }] } } },
      status: { phase: "Running", nodeName: nic.nodeName },
    };
    await lab.client.create(VIRTUAL_MACHINE_INSTANCE, machine, { fieldManager: "test" });
  }

  /** Resolves when KubeVirt's list is just this. */
  async function permitted(devices: readonly PciHostDevice[]): Promise<void> {
    const asWanted = ({ spec }: KubeVirt): boolean => {
      const now = spec?.configuration?.permittedHostDevices?.pciHostDevices ?? [];
      return isDeepStrictEqual(now, devices);
    };
    await untilObject(lab, KUBE_VIRT, "kubevirt", `permits ${JSON.stringify(devices)}`, asWanted, "default");
  }
});
