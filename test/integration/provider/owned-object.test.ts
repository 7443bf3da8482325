import { expect } from "chai";
import { RECONCILER_NAMESPACE } from "../../../api/names.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import type { KubeClient } from "../../../kube/client.js";
import { isNotFound } from "../../../kube/errors.js";
import { mintFieldManager } from "../../../provider/core/field-manager.js";
import {
  findObject,
  makeObject,
  type ObjectOwner,
  ObjectConflict,
  removeObject,
  setObject,
  specOwners,
  type WantedObject,
} from "../../../provider/core/owned-object.js";
import { sharedLab } from "../../shared-lab.js";
import { refusal } from "../refusal.js";

const TYPE = SRIOV_NETWORK_NODE_POLICY;

describe("an object that a resource makes", () => {
  let client: KubeClient;
  let made = 0;
  before(async () => {
    client = (await sharedLab()).client;
  });

  function wanted(numVfs = 4, more: Readonly<Record<string, unknown>> = {}): WantedObject {
    const spec = { resourceName: "storage", nodeSelector: { none: "such" }, nicSelector: { vendor: "8086" }, numVfs };
    return { name: `owned-${++made}`, namespace: RECONCILER_NAMESPACE, spec: { ...spec, ...more } };
  }
  const urnOf = (object: WantedObject, resource = "first"): string =>
    `urn:pulumi:t::t::policy::${object.name}-${resource}`;
  function ownerOf(object: WantedObject, resource = "first", more: Partial<ObjectOwner> = {}): ObjectOwner {
    const urn = urnOf(object, resource);
    return { urn, fieldManager: mintFieldManager(urn), force: false, ...more };
  }
  const make = (object: WantedObject, owner: ObjectOwner): Promise<SriovNetworkNodePolicy> =>
    makeObject(client, TYPE, object, owner);
  const live = (object: WantedObject): Promise<SriovNetworkNodePolicy | undefined> => findObject(client, TYPE, object);
  const byKubectl = (object: WantedObject): Promise<SriovNetworkNodePolicy> => {
    const { name, namespace, spec } = object;
    const body = { metadata: { name, namespace }, spec } as unknown as SriovNetworkNodePolicy;
    return client.create(TYPE, body, { fieldManager: "kubectl-create" });
  };

  it("is owned by the resource's own field manager", async () => {
    const object = wanted();
    const owner = ownerOf(object);
    expect(specOwners(await make(object, owner))).to.deep.equal([owner.fieldManager]);
  });

  it("is not made where somebody else has made it, equal or not, and names who has", async () => {
    const object = wanted();
    await byKubectl(object);
    const error = await refusal(make(object, ownerOf(object)), ObjectConflict);
    expect(error.message).to.contain(`SriovNetworkNodePolicy ${RECONCILER_NAMESPACE}/${object.name} is there already`);
    expect(error.message).to.contain('owned by field manager "kubectl-create"');
    expect(specOwners((await live(object)) ?? expect.fail())).to.deep.equal(["kubectl-create"]);
  });

  it("is taken over from somebody else where the program says so", async () => {
    const object = wanted(4);
    await byKubectl(object);
    const changed = { ...object, spec: { ...object.spec, numVfs: 6 } };
    expect((await make(changed, ownerOf(object, "first", { force: true }))).spec.numVfs).to.equal(6);
  });

  it("is taken up again as an interrupted create has left it, whose manager goes", async () => {
    const object = wanted();
    await make(object, ownerOf(object));
    const owner = ownerOf(object);
    await make(object, owner);
    expect(specOwners((await live(object)) ?? expect.fail())).to.deep.equal([owner.fieldManager]);
  });

  it("is not taken where one with the same URN has set something else, which a stack elsewhere may be", async () => {
    const object = wanted(4);
    await make(object, ownerOf(object));
    const other = { ...object, spec: { ...object.spec, numVfs: 6 } };
    const error = await refusal(make(other, ownerOf(object)), ObjectConflict);
    expect(error.message).to.contain("of a resource with the URN of this one");
    expect((await live(object))?.spec.numVfs).to.equal(4);
  });

  it("is shared by two resources of Pulumi that want the very same, and goes with the last", async () => {
    const object = wanted();
    const [first, second] = [ownerOf(object, "first"), ownerOf(object, "second")];
    await make(object, first);
    await make(object, second);
    expect(await removeObject(client, TYPE, await live(object), first)).to.deep.equal({
      kind: "released",
      owners: [second.fieldManager],
    });
    expect((await live(object))?.spec.numVfs).to.equal(4);
    expect(await removeObject(client, TYPE, await live(object), second)).to.deep.equal({ kind: "deleted" });
    expect(await live(object)).to.equal(undefined);
  });

  for (const [what, more] of [
    ["another value", { numVfs: 6 }],
    ["less", { mtu: undefined }],
    ["more", { priority: 7 }],
  ] as const) {
    it(`is not shared with a resource that wants ${what}`, async () => {
      const object = wanted(4, { mtu: 9000 });
      await make(object, ownerOf(object, "first"));
      const spec = Object.fromEntries(
        Object.entries({ ...object.spec, ...more }).filter(([, value]) => value !== undefined),
      );
      const error = await refusal(make({ ...object, spec }, ownerOf(object, "second")), ObjectConflict);
      expect(error.message).to.contain("of another resource of Pulumi");
      expect((await live(object))?.spec).to.deep.include({ numVfs: 4, mtu: 9000 });
    });
  }

  it("is changed by its resource", async () => {
    const object = wanted(4, { mtu: 9000 });
    const owner = ownerOf(object);
    const first = await make(object, owner);
    const { mtu, ...spec } = object.spec as { mtu: number };
    const second = await setObject(client, TYPE, first, { ...object, spec: { ...spec, numVfs: 6 } }, owner);
    expect(second.spec).to.deep.include({ numVfs: 6 }).and.not.have.property("mtu");
  });

  it("is not changed in what somebody else has set since, who is named with the field", async () => {
    const object = wanted(4);
    const owner = ownerOf(object);
    const { namespace } = object;
    await make(object, owner);
    await client.merge(TYPE, object.name, { spec: { numVfs: 2 } }, { namespace, fieldManager: "kubectl-edit" });
    const error = await refusal(setObject(client, TYPE, await live(object), object, owner), ObjectConflict);
    expect(error.message).to.contain('spec.numVfs is owned by field manager "kubectl-edit"');
    expect((await live(object))?.spec.numVfs).to.equal(2);
  });

  it("is changed in what a manager has set that the owner overrules", async () => {
    const object = wanted(4);
    const { namespace } = object;
    const owner = ownerOf(object, "first", { overruled: ["filler"] });
    await make(object, owner);
    await client.merge(TYPE, object.name, { spec: { numVfs: 2 } }, { namespace, fieldManager: "filler" });
    expect((await setObject(client, TYPE, await live(object), object, owner)).spec.numVfs).to.equal(4);
  });

  it("is not made anew by a change that comes after its end", async () => {
    const object = wanted(4);
    const owner = ownerOf(object);
    const first = await make(object, owner);
    await client.delete(TYPE, object.name, { namespace: object.namespace });
    await refusal(setObject(client, TYPE, first, object, owner), Error);
    expect(await live(object)).to.equal(undefined);
  });

  it("is left to who has taken all of it over", async () => {
    const object = wanted(4);
    const [first, second] = [ownerOf(object, "first"), ownerOf(object, "second", { force: true })];
    await make(object, first);
    const spec = { resourceName: "other", nodeSelector: { none: "other" }, nicSelector: { vendor: "15b3" }, numVfs: 5 };
    await make({ ...object, spec }, second);
    const removal = await removeObject(client, TYPE, await live(object), first);
    expect(removal).to.deep.equal({ kind: "foreign", owners: [second.fieldManager] });
    expect(await live(object)).not.to.equal(undefined);
  });

  it("is gone for a resource whose object somebody deleted", async () => {
    expect(await removeObject(client, TYPE, undefined, ownerOf(wanted()))).to.deep.equal({ kind: "gone" });
  });

  it("is not another one of its name that was made meanwhile", async () => {
    const object = wanted(4);
    const owner = ownerOf(object);
    const first = await make(object, owner);
    await client.delete(TYPE, object.name, { namespace: object.namespace });
    await byKubectl(object);
    expect(await removeObject(client, TYPE, first, owner)).to.deep.equal({ kind: "gone" });
    expect(await live(object)).not.to.equal(undefined);
  });

  it("says what is missing where its namespace is", async () => {
    const object = { ...wanted(), namespace: "no-such-namespace" };
    const error = await refusal(make(object, ownerOf(object)), Error);
    expect(isNotFound(error)).to.equal(true);
    expect(error.message).to.contain('namespaces "no-such-namespace" not found');
  });
});
