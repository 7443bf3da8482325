import { expect } from "chai";
import { NODE, POD, type Pod } from "../../../api/core.js";
import { pciDeviceName } from "../../../api/names.js";
import { PCI_DEVICE_CLAIM } from "../../../api/pci-device-claim.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { untilObject } from "./until-object.js";

const NAME = "lab-kubelet";
const CLAIM = pciDeviceName(NAME, "0000:04:00.1");
const RESOURCE = "example.com/uplink";
const OPTIONS = { fieldManager: "test" };
const IN_DEFAULT = { namespace: "default" };

/** What a newcomer sees of a claim in the lab. The tests are one story, in order. */
describe("a simulated node with a kubelet", () => {
  let lab: Lab;

  const until = async <T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    isSo: (object: T | undefined) => boolean,
  ): Promise<void> => {
    await untilObject(lab.client, type, name, isSo);
  };
  const pod = (name: string): Pod => {
    const container = { name: "guest", image: "example.com/guest", resources: { limits: { [RESOURCE]: "1" } } };
    const spec = { nodeName: NAME, containers: [container] };
    return { apiVersion: "v1", kind: "Pod", metadata: { name, ...IN_DEFAULT }, spec };
  };
  const allocatable =
    (count: string) =>
    (node: { readonly status?: { readonly allocatable?: Readonly<Record<string, string>> } } | undefined): boolean =>
      node?.status?.allocatable?.[RESOURCE] === count;

  before(async () => {
    lab = await sharedLab();
    await lab.addSimulatedNode(NAME, { kubelet: true });
  });

  it("says on the Node what the agent offers", async () => {
    const annotations = { "pcidevice.harvesterhci.io/override-resource-name": RESOURCE };
    const spec = { nodeName: NAME, address: "0000:04:00.1", userName: "alice" };
    await lab.client.apply(PCI_DEVICE_CLAIM, { metadata: { name: CLAIM, annotations }, spec }, OPTIONS);
    await until(NODE, NAME, allocatable("1"));
  });

  it("gives a pod what it asks for, so that it counts as its user", async () => {
    await lab.client.create(POD, pod("lab-guest"), OPTIONS);
    await until(PCI_DEVICE_CLAIM, CLAIM, (claim) => claim?.status?.usedBy === "pod default/lab-guest");
  });

  it("lets a pod fail for which nothing is left, in a kubelet's words", async () => {
    await lab.client.create(POD, pod("lab-late"), OPTIONS);
    await until(POD, "lab-late", (late) => late?.status?.phase === "Failed");
    const { status } = await lab.client.get(POD, "lab-late", IN_DEFAULT);
    expect(status).to.include({
      reason: "UnexpectedAdmissionError",
      message: `Allocate failed due to 0 of ${RESOURCE} are free, 1 were asked for, which is unexpected`,
    });
    await lab.client.delete(POD, "lab-late", IN_DEFAULT);
  });

  it("lets go of a pod that is deleted, and of its device", async () => {
    await lab.client.delete(POD, "lab-guest", IN_DEFAULT);
    await until(POD, "lab-guest", (gone) => gone === undefined);
    await until(PCI_DEVICE_CLAIM, CLAIM, (claim) => (claim?.status?.usedBy ?? "") === "");
  });

  it("says 0 of what is offered no more", async () => {
    await lab.client.delete(PCI_DEVICE_CLAIM, CLAIM);
    await until(NODE, NAME, allocatable("0"));
  });
});
