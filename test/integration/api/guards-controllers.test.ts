import { expect } from "chai";
import { Guard } from "../../../api/admission-policies.js";
import { AGENT_ACCOUNT } from "../../../api/agent-role.js";
import { CONTROLLER_ACCOUNT } from "../../../api/controller-role.js";
import { KUBE_VIRT, type KubeVirt, type PciHostDevice } from "../../../api/kubevirt.js";
import { Annotation, DEVICES_API_VERSION } from "../../../api/names.js";
import type { KubeObject, ObjectMeta, OwnerReference } from "../../../api/object.js";
import { CLAIM_FINALIZER, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { ServiceAccountName } from "../../../api/rbac.js";
import { type JsonPatchStep, KubeClient } from "../../../kube/client.js";
import { isNotFound } from "../../../kube/errors.js";
import { installKubeVirt } from "../../../lab/install-contract.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { makeClaim, pciDeviceAsOwner, removeClaims } from "./claim.js";
import { refusedBy } from "./guarded.js";

const OURS: PciHostDevice = { pciVendorSelector: "8086:10ED", resourceName: "a.com/B", externalResourceProvider: true };
const THEIRS: PciHostDevice = { pciVendorSelector: "10DE:1EB8", resourceName: "nvidia.com/T4" };

type Fields = Readonly<Record<string, unknown>>;

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

const OTHER_OWNER: OwnerReference = { apiVersion: DEVICES_API_VERSION, kind: "VGPUDevice", name: "v", uid: "uid-of-v" };

describe("the guard of what the controller writes of others' objects", () => {
  let lab: Lab;
  let controller: KubeClient;
  const refused = (work: Promise<unknown>): Promise<string> => refusedBy(Guard.controllers, work);

  before(async () => {
    lab = await sharedLab();
    await installKubeVirt(lab.client);
    controller = KubeClient.open({ kubeconfig: await lab.controllerKubeconfig() });
  });
  after(async () => {
    controller.close();
    await removeClaims(lab);
  });

  describe("on claims", () => {
    let owner: OwnerReference;
    before(async () => {
      owner = await pciDeviceAsOwner(lab);
    });
    const make = (metadata: Partial<ObjectMeta> = {}): Promise<PciDeviceClaim> =>
      makeClaim(
        lab.client,
        {},
        {
          annotations: { theirs: "x" },
          finalizers: ["example.org/theirs", CLAIM_FINALIZER],
          ownerReferences: [owner],
          ...metadata,
        },
      );
    const makeDeleted = async (metadata: Partial<ObjectMeta> = {}): Promise<PciDeviceClaim> => {
      const claim = await make(metadata);
      await lab.client.delete(PCI_DEVICE_CLAIM, claim.metadata.name);
      return claim;
    };
    const write = (claim: PciDeviceClaim, patch: Fields): Promise<PciDeviceClaim> =>
      controller.merge(PCI_DEVICE_CLAIM, claim.metadata.name, patch, { fieldManager: "controller" });

    it("lets it take the agent's finalizer from one that is being deleted", async () => {
      const { metadata } = await write(await makeDeleted(), { metadata: { finalizers: ["example.org/theirs"] } });
      expect(metadata.finalizers).to.deep.equal(["example.org/theirs"]);
    });

    it("lets it take the agent's finalizer away where there is no other, so that the claim goes", async () => {
      const claim = await makeDeleted({ finalizers: [CLAIM_FINALIZER] });
      await write(claim, { metadata: { finalizers: [] } });
      const { items } = await lab.client.list(PCI_DEVICE_CLAIM);
      expect(items.map(({ metadata }) => metadata.name)).not.to.include(claim.metadata.name);
    });

    const theirsAlone = { metadata: { finalizers: ["example.org/theirs"] } };
    for (const [what, of, patch] of [
      ["the agent's finalizer away where nobody has deleted the claim", make, theirsAlone],
      ["another finalizer away", makeDeleted, { metadata: { finalizers: [CLAIM_FINALIZER] } }],
      ["all finalizers away", makeDeleted, { metadata: { finalizers: null } }],
      ["who claims it", makeDeleted, { spec: { userName: "mallory" } }],
      ["a label", makeDeleted, { metadata: { labels: { a: "b" } } }],
      ["an annotation", makeDeleted, { metadata: { annotations: { [Annotation.overrideResourceName]: "a/b" } } }],
      ["another owner", makeDeleted, { metadata: { ownerReferences: [OTHER_OWNER] } }],
      ["that it has no owner", makeDeleted, { metadata: { ownerReferences: null } }],
    ] as const) {
      it(`refuses to write ${what}`, async () => {
        const claim = await of();
        expect(await refused(write(claim, patch))).to.equal(
          `${claim.metadata.name}: the controller takes the finalizer devices.harvesterhci.io/release from claims that are ` +
            `being deleted, and writes nothing else of any claim`,
        );
      });
    }
  });

  describe("on KubeVirt", () => {
    let made = 0;
    const namespace = "default";
    const at = { fieldManager: "somebody", namespace };
    // A controller that another test starts would look after them.
    after(async () => {
      for (let index = 1; index <= made; index++)
        await lab.client.delete(KUBE_VIRT, `kubevirt-${index}`, { namespace }).catch(unlessGone);
    });

    /** As KubeVirt's operator and an administrator leave it: full of what is none of our business. */
    async function make(permittedHostDevices?: object | null): Promise<KubeVirt> {
      const object: KubeObject & { readonly spec: unknown } = {
        metadata: { name: `kubevirt-${++made}`, namespace, labels: { theirs: "x" }, annotations: { theirs: "x" } },
        spec: {
          imagePullPolicy: "IfNotPresent",
          configuration: {
            developerConfiguration: { featureGates: ["HostDevices"] },
            ...(permittedHostDevices !== undefined && { permittedHostDevices }),
          },
        },
      };
      return await lab.client.create<KubeObject>(KUBE_VIRT, object, at);
    }
    const write = ({ metadata }: KubeVirt, patch: Fields): Promise<KubeVirt> =>
      controller.merge(KUBE_VIRT, metadata.name, patch, at);
    const configuration = (fields: Fields): Fields => ({ spec: { configuration: fields } });
    const list = (...pciHostDevices: PciHostDevice[]): Fields =>
      configuration({ permittedHostDevices: { pciHostDevices } });
    const listed = ({ spec }: KubeVirt): unknown => spec?.configuration?.permittedHostDevices?.pciHostDevices;

    it("lets it make the list where nothing leads there", async () => {
      const object: KubeObject = { metadata: { name: `kubevirt-${++made}`, namespace } };
      const bare = (await lab.client.create<KubeObject>(KUBE_VIRT, object, at)) as KubeVirt;
      expect(listed(await write(bare, list(OURS)))).to.deep.equal([OURS]);
      expect(listed(await write(await make(), list(OURS)))).to.deep.equal([OURS]);
    });

    it("lets it change the list, and take it away again", async () => {
      const made = await make({ pciHostDevices: [THEIRS], mediatedDevices: [{ mdevNameSelector: "a" }] });
      expect(listed(await write(made, list(THEIRS, OURS)))).to.deep.equal([THEIRS, OURS]);
      const without = await write(made, configuration({ permittedHostDevices: { pciHostDevices: null } }));
      expect(without.spec?.configuration?.permittedHostDevices).to.deep.equal({
        mediatedDevices: [{ mdevNameSelector: "a" }],
      });
    });

    it("lets it write the list by a JSON patch that is held to what it has read", async () => {
      const { metadata } = await make({ pciHostDevices: [THEIRS] });
      const path = `/apis/${KUBE_VIRT.apiVersion}/namespaces/${namespace}/${KUBE_VIRT.plural}/${metadata.name}`;
      const body = [
        { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
        { op: "add", path: "/spec/configuration/permittedHostDevices/pciHostDevices/-", value: OURS },
      ];
      const written = await controller.raw({ method: "PATCH", path, body, contentType: "application/json-patch+json" });
      expect(listed(written as KubeVirt)).to.deep.equal([THEIRS, OURS]);
    });

    it("lets it make the list where null leads there", async () => {
      const steps: JsonPatchStep[] = [
        { op: "add", path: "/spec/configuration/permittedHostDevices", value: { pciHostDevices: [OURS] } },
      ];
      const made = await make(null);
      const { metadata } = made;
      expect(listed(await controller.jsonPatch(KUBE_VIRT, metadata.name, steps, at))).to.deep.equal([OURS]);
    });

    it("lets it keep the annotation that says which entries are its own", async () => {
      const made = await make();
      const annotate = (text: string | null): Promise<KubeVirt> =>
        write(made, { metadata: { annotations: { [Annotation.permittedPciDevices]: text } } });
      expect((await annotate("{}")).metadata.annotations).to.include({ [Annotation.permittedPciDevices]: "{}" });
      expect((await annotate(null)).metadata.annotations).to.deep.equal({ theirs: "x" });
    });

    for (const [what, patch] of [
      ["another part of spec", { spec: { imagePullPolicy: "Always" } }],
      ["a part of spec away", { spec: { imagePullPolicy: null } }],
      ["a new part of spec", { spec: { imageTag: "v1" } }],
      ["the whole configuration away", { spec: { configuration: null } }],
      ["feature gates", configuration({ developerConfiguration: { featureGates: ["HostDevices", "Root"] } })],
      ["another part of the configuration", configuration({ network: {} })],
      ["other permitted devices", configuration({ permittedHostDevices: { usb: [] } })],
      ["other permitted devices away", configuration({ permittedHostDevices: { mediatedDevices: null } })],
      ["all permitted devices away", configuration({ permittedHostDevices: null })],
      ["a label", { metadata: { labels: { a: "b" } } }],
      ["an annotation", { metadata: { annotations: { theirs: null } } }],
      ["a finalizer", { metadata: { finalizers: ["example.org/stay"] } }],
      ["an owner", { metadata: { ownerReferences: [OTHER_OWNER] } }],
      ["a field beside spec", { another: "x" }],
    ] as const) {
      it(`refuses to write ${what}`, async () => {
        const kubeVirt = await make({ pciHostDevices: [THEIRS], mediatedDevices: [{ mdevNameSelector: "a" }] });
        expect(await refused(write(kubeVirt, patch))).to.equal(
          `${kubeVirt.metadata.name}: the reconciler writes nothing of a KubeVirt but ` +
            `spec.configuration.permittedHostDevices.pciHostDevices and the annotation ` +
            `devices.harvesterhci.io/permitted-pci-devices`,
        );
      });
    }

    it("refuses it beside a change of the list, too", async () => {
      const made = await make({ pciHostDevices: [THEIRS] });
      const patch = { metadata: { labels: { a: "b" } }, ...list(OURS) };
      await refused(write(made, patch));
    });

    describe("though a role lets it", () => {
      const clients: KubeClient[] = [];
      /** With all rights that there are. */
      async function mighty({ namespace, name }: ServiceAccountName): Promise<KubeClient> {
        const user = `system:serviceaccount:${namespace}:${name}`;
        const client = KubeClient.open({ kubeconfig: await lab.controlPlane.kubeconfigFor(user, ["system:masters"]) });
        clients.push(client);
        return client;
      }
      after(() => {
        for (const client of clients) client.close();
      });

      it("refuses the controller to make one", async () => {
        const work = (await mighty(CONTROLLER_ACCOUNT)).create(KUBE_VIRT, { metadata: { name: "a", namespace } }, at);
        expect(await refused(work)).to.match(/^a: the reconciler writes nothing of a KubeVirt but /);
      });

      it("refuses the controller to delete one", async () => {
        const { metadata } = await make();
        await refused((await mighty(CONTROLLER_ACCOUNT)).delete(KUBE_VIRT, metadata.name, { namespace }));
      });

      it("refuses the controller its status", async () => {
        const { metadata } = await make();
        const options = { ...at, subresource: "status" } as const;
        const client = await mighty(CONTROLLER_ACCOUNT);
        await refused(client.merge(KUBE_VIRT, metadata.name, { status: { phase: "Deployed" } }, options));
      });

      it("refuses an agent what the controller may not write either", async () => {
        const { metadata } = await make();
        const patch = { spec: { imagePullPolicy: "Always" } };
        await refused((await mighty(AGENT_ACCOUNT)).merge(KUBE_VIRT, metadata.name, patch, at));
      });
    });

    it("lets everybody else write what his role says", async () => {
      const { metadata } = await make();
      const patch = { spec: { imagePullPolicy: "Always" } };
      expect((await lab.client.merge(KUBE_VIRT, metadata.name, patch, at)).spec).to.include(patch.spec);
    });
  });
});
