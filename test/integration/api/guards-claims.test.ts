import { expect } from "chai";
import { Guard } from "../../../api/admission-policies.js";
import { Annotation } from "../../../api/names.js";
import { CLAIM_FINALIZER, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { KubeClient } from "../../../kube/client.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { claimInUse, makeClaim, removeClaims, writeClaimStatus } from "./claim.js";
import { refusedBy } from "./guarded.js";
import { letDisrupt, person } from "./people.js";

describe("the guard of claimed devices in use", () => {
  let lab: Lab;
  let editor: KubeClient;
  let disruptor: KubeClient;
  const EVERYTHING = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
  const refused = (work: Promise<unknown>): Promise<string> => refusedBy(Guard.claims, work);
  const remove = (client: KubeClient, { metadata }: PciDeviceClaim): Promise<void> =>
    client.delete(PCI_DEVICE_CLAIM, metadata.name);
  const write = (client: KubeClient, claim: PciDeviceClaim, metadata: object): Promise<PciDeviceClaim> =>
    client.merge(PCI_DEVICE_CLAIM, claim.metadata.name, { metadata }, { fieldManager: "somebody" });
  const allow = (client: KubeClient, claim: PciDeviceClaim, value: string | null): Promise<PciDeviceClaim> =>
    write(client, claim, { annotations: { [Annotation.allowDisruption]: value } });
  const allowed = ({ metadata }: PciDeviceClaim): string | undefined =>
    metadata.annotations?.[Annotation.allowDisruption];

  before(async () => {
    lab = await sharedLab();
    editor = await person(lab, "editor-of-claims", EVERYTHING);
    disruptor = await person(lab, "disruptor-of-claims", [...EVERYTHING, "disrupt"]);
  });
  after(async () => {
    editor.close();
    disruptor.close();
    await removeClaims(lab);
  });

  describe("on a delete", () => {
    it("lets it pass while nobody uses the device", async () => {
      await remove(editor, await makeClaim(lab.client));
      const bound = { kernelDriverToUnbind: "igbvf", passthroughEnabled: true, usedBy: "" };
      await remove(editor, await writeClaimStatus(lab, await makeClaim(lab.client), bound));
    });

    it("refuses it while somebody does, and says who, and the ways out", async () => {
      const claim = await claimInUse(lab);
      expect(await refused(remove(editor, claim))).to.equal(
        `${claim.metadata.name}: the device is in use by virtual machine web/vm1. Stop it first; or set the annotation ` +
          `devices.harvesterhci.io/allow-disruption to release, which needs the verb disrupt on ` +
          `pcideviceclaims.devices.harvesterhci.io, and delete the claim then.`,
      );
    });

    it("refuses it to an administrator as well, who has not said so", async () => {
      await refused(remove(lab.client, await claimInUse(lab)));
    });

    it("refuses it in the foreground, too", async () => {
      const { metadata } = await claimInUse(lab);
      const path = `/apis/${PCI_DEVICE_CLAIM.apiVersion}/${PCI_DEVICE_CLAIM.plural}/${metadata.name}`;
      const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Foreground" };
      await refused(editor.raw({ method: "DELETE", path, body }));
    });

    it("refuses to delete it among all of a kind", async () => {
      await write(lab.client, await claimInUse(lab), { labels: { "delete-all": "this" } });
      const path = `/apis/${PCI_DEVICE_CLAIM.apiVersion}/${PCI_DEVICE_CLAIM.plural}?labelSelector=delete-all%3Dthis`;
      await refused(editor.raw({ method: "DELETE", path }));
    });

    it("lets it pass again once the agent reports that nobody does", async () => {
      const claim = await claimInUse(lab);
      await writeClaimStatus(lab, claim, { usedBy: null });
      await remove(editor, claim);
    });

    it("lets a claim that is being deleted be deleted again, whoever uses the device by now", async () => {
      const claim = await makeClaim(lab.client, {}, { finalizers: [CLAIM_FINALIZER] });
      await remove(editor, claim);
      await writeClaimStatus(lab, claim, { usedBy: "virtual machine web/vm1" });
      await remove(editor, claim);
      await write(lab.client, claim, { finalizers: null });
    });

    for (const user of [
      "system:serviceaccount:kube-system:generic-garbage-collector",
      "system:kube-controller-manager",
    ]) {
      it(`lets the garbage collector delete it, as ${user}`, async () => {
        const kubeconfig = await lab.controlPlane.kubeconfigFor(user, ["system:masters"]);
        const collector = KubeClient.open({ kubeconfig });
        await remove(collector, await claimInUse(lab));
        collector.close();
      });
    }
  });

  describe("on the annotation that allows it", () => {
    it("lets anybody who may delete a claim do so once a holder of the verb has set it", async () => {
      const claim = await claimInUse(lab);
      expect(allowed(await allow(disruptor, claim, "release"))).to.equal("release");
      await remove(editor, claim);
    });

    it("refuses it to others, in words that name the verb", async () => {
      const claim = await claimInUse(lab);
      expect(await refused(allow(editor, claim, "release"))).to.equal(
        `user "editor-of-claims" may not set the annotation devices.harvesterhci.io/allow-disruption of ` +
          `${claim.metadata.name}: that needs the verb disrupt on pcideviceclaims.devices.harvesterhci.io`,
      );
    });

    it("refuses it to others while nobody uses the device, and in a new claim, too", async () => {
      await refused(allow(editor, await makeClaim(lab.client), "release"));
      await refused(makeClaim(editor, {}, { annotations: { [Annotation.allowDisruption]: "release" } }));
    });

    it("is for the claim alone that the verb is held for", async () => {
      const [mine, other] = [await claimInUse(lab), await claimInUse(lab)];
      const owner = await person(lab, "owner-of-a-claim", EVERYTHING);
      await letDisrupt(lab, "owner-of-a-claim", owner, mine.metadata.name, "pcideviceclaims");
      await allow(owner, mine, "release");
      await refused(allow(owner, other, "release"));
      owner.close();
    });

    it("is no matter of the verb on devices", async () => {
      const claim = await claimInUse(lab);
      const owner = await person(lab, "disruptor-of-nics", EVERYTHING);
      await letDisrupt(lab, "disruptor-of-nics", owner, claim.metadata.name);
      await refused(allow(owner, claim, "release"));
      owner.close();
    });

    for (const value of ["0", "yes", "Release"]) {
      it(`refuses "${value}", which says nothing of a claim`, async () => {
        const message = await refused(allow(disruptor, await claimInUse(lab), value));
        expect(message).to.include(`of a claim must be release, not "${value}"`);
      });
    }

    it("lets anybody who may write the claim take it away, and refuses the delete then", async () => {
      const claim = await claimInUse(lab);
      await allow(disruptor, claim, "release");
      expect(allowed(await allow(editor, claim, null))).to.equal(undefined);
      await refused(remove(editor, claim));
    });

    it("lets others write the rest of a claim that has it", async () => {
      const claim = await claimInUse(lab);
      await allow(disruptor, claim, "release");
      expect((await write(editor, claim, { labels: { team: "network" } })).metadata.labels).to.include({
        team: "network",
      });
    });
  });
});
