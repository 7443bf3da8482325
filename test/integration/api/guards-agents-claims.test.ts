import { expect } from "chai";
import { Guard } from "../../../api/admission-policies.js";
import { Annotation, DEVICES_API_VERSION } from "../../../api/names.js";
import type { KubeObject, ObjectMeta, OwnerReference } from "../../../api/object.js";
import { CLAIM_FINALIZER, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { KubeClient } from "../../../kube/client.js";
import { ApiError } from "../../../kube/errors.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { refusal } from "../refusal.js";
import { makeClaim, pciDeviceAsOwner, removeClaims } from "./claim.js";
import { refusedBy } from "./guarded.js";
import { letAgentsWriteClaims } from "./people.js";

const MINE = "n-agents-claims";
const OTHER = "n-agents-claims-other";

type Fields = Readonly<Record<string, unknown>>;

/** Of a kind that this cluster does not have, so that nobody looks for it. */
const VGPU: OwnerReference = { apiVersion: DEVICES_API_VERSION, kind: "VGPUDevice", name: "v", uid: "uid-of-v" };

/** The agent's role allows most of this, and a role that somebody gives it by mistake the rest: the guard refuses it. */
describe("the guard of what agents write of claims", () => {
  let lab: Lab;
  let agent: KubeClient;
  const refused = (work: Promise<unknown>): Promise<string> => refusedBy(Guard.agents, work);
  const write = (claim: PciDeviceClaim, patch: Fields): Promise<PciDeviceClaim> =>
    agent.merge(PCI_DEVICE_CLAIM, claim.metadata.name, patch, { fieldManager: "agent" });
  const mine = (metadata: Partial<ObjectMeta> = {}): Promise<PciDeviceClaim> =>
    makeClaim(lab.client, { nodeName: MINE }, metadata);
  let device: OwnerReference;
  let renewed: OwnerReference;

  before(async () => {
    lab = await sharedLab();
    agent = await lab.clientOfNode(MINE);
    await lab.clientOfNode(OTHER);
    device = await pciDeviceAsOwner(lab);
    renewed = await pciDeviceAsOwner(lab);
  });
  after(() => removeClaims(lab));

  it("lets it give a claim its owner and its finalizer in one request, and take the finalizer away", async () => {
    const claim = await mine();
    const ownerReferences = [device];
    const written = await write(claim, { metadata: { ownerReferences, finalizers: [CLAIM_FINALIZER] } });
    expect([written.metadata.finalizers, written.metadata.generation]).to.deep.equal([[CLAIM_FINALIZER], 1]);
    expect((await write(claim, { metadata: { finalizers: null } })).metadata).not.to.have.property("finalizers");
    expect((await lab.client.get(PCI_DEVICE_CLAIM, claim.metadata.name)).metadata.ownerReferences).to.have.length(1);
  });

  it("lets it write them by server-side apply, and let go of them", async () => {
    const { name } = (await mine()).metadata;
    const apply = (metadata: ObjectMeta): Promise<KubeObject> =>
      agent.apply(PCI_DEVICE_CLAIM, { metadata }, { fieldManager: "agent" });
    await apply({ name, ownerReferences: [device], finalizers: [CLAIM_FINALIZER] });
    await apply({ name });
    expect((await lab.client.get(PCI_DEVICE_CLAIM, name)).metadata).not.to.have.any.keys(
      "finalizers",
      "ownerReferences",
    );
  });

  it("lets it replace the owner where the PCIDevice was made anew, beside the owners of others", async () => {
    const claim = await mine({ ownerReferences: [VGPU, device] });
    const ownerReferences = [VGPU, renewed];
    expect((await write(claim, { metadata: { ownerReferences } })).metadata.ownerReferences).to.deep.equal(
      ownerReferences,
    );
  });

  it("lets it take its finalizer from among those of others", async () => {
    const claim = await mine({ finalizers: ["example.org/a", CLAIM_FINALIZER, "example.org/b"] });
    const finalizers = ["example.org/a", "example.org/b"];
    expect((await write(claim, { metadata: { finalizers } })).metadata.finalizers).to.deep.equal(finalizers);
  });

  it("refuses the claim of another node", async () => {
    const claim = await makeClaim(lab.client, { nodeName: OTHER });
    expect(await refused(write(claim, { metadata: { finalizers: [CLAIM_FINALIZER] } }))).to.equal(
      `${claim.metadata.name}: an agent writes the claims of its own node alone; this is user ` +
        `"system:serviceaccount:pulumi-sriov:pulumi-sriov-agent", whose credentials are bound to node "${MINE}", and the ` +
        `claim is of node ${OTHER}`,
    );
  });

  for (const [what, patch] of [
    ["who claims it", { spec: { userName: "mallory" } }],
    ["how it is pooled", { spec: { disableResourcePooling: true } }],
    ["a label", { metadata: { labels: { a: "b" } } }],
    ["the name that it is offered under", { metadata: { annotations: { [Annotation.overrideResourceName]: "a/b" } } }],
    ["that it has an annotation of somebody's", { metadata: { annotations: { theirs: null } } }],
    ["a finalizer of somebody else's", { metadata: { finalizers: ["example.org/theirs", "example.org/new"] } }],
    ["that it has a finalizer of somebody else's", { metadata: { finalizers: [CLAIM_FINALIZER] } }],
    ["that it has no finalizers any more", { metadata: { finalizers: null } }],
    ["an owner of another kind", { metadata: { ownerReferences: [VGPU, { ...VGPU, kind: "USBDevice" }] } }],
    ["that it has an owner of another kind", { metadata: { ownerReferences: [] } }],
  ] as const) {
    it(`refuses to write ${what}`, async () => {
      const claim = await mine({
        annotations: { theirs: "x" },
        finalizers: ["example.org/theirs"],
        ownerReferences: [VGPU],
      });
      expect(await refused(write(claim, patch))).to.equal(
        `${claim.metadata.name}: an agent writes nothing of a claim but its owner, the PCIDevice, and its own finalizer`,
      );
    });
  }

  it("has no verb to make a claim or to delete one", async () => {
    expect((await refusal(makeClaim(agent, { nodeName: MINE }), ApiError)).message).to.include(
      "cannot create resource",
    );
    const { metadata } = await mine();
    const work = agent.delete(PCI_DEVICE_CLAIM, metadata.name);
    expect((await refusal(work, ApiError)).message).to.include("cannot delete resource");
  });

  it("refuses to make a claim, though a role lets it", async () => {
    await letAgentsWriteClaims(lab, agent);
    const message = await refused(makeClaim(agent, { nodeName: MINE }));
    expect(message).to.match(/: an agent never makes nor deletes a claim$/);
  });

  it("refuses to delete a claim, though a role lets it", async () => {
    const { metadata } = await mine();
    await letAgentsWriteClaims(lab, agent);
    const message = await refused(agent.delete(PCI_DEVICE_CLAIM, metadata.name));
    expect(message).to.equal(`${metadata.name}: an agent never makes nor deletes a claim`);
  });
});
