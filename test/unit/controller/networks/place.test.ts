import { expect } from "chai";
import {
  asksTooMuch,
  belongsTo,
  isMadeByController,
  networkNamed,
  placeFromKey,
  placeKey,
  placeOf,
} from "../../../../reconciler/controller/networks/place.js";
import { isLeftBehind } from "../../../../reconciler/controller/networks/sweeper.js";
import { attachmentOf, CENTRAL, CONTROLLER_NAMESPACE, network, withManager, withOwner } from "./network.js";

describe("where a network's attachment belongs", () => {
  it("is its own namespace, under its own name", () => {
    expect(placeOf(network(), CONTROLLER_NAMESPACE)).to.deep.equal({ namespace: "team", name: "storage" });
  });

  it("is the namespace that it names, where it is beside the controller", () => {
    const central = network({ networkNamespace: "apps" }, CENTRAL);
    expect(placeOf(central, CONTROLLER_NAMESPACE)).to.deep.equal({ namespace: "apps", name: "storage" });
  });

  it("stays its own namespace where it may not name another", () => {
    const daring = network({ networkNamespace: "apps" });
    expect(asksTooMuch(daring, CONTROLLER_NAMESPACE)).to.equal(true);
    expect(placeOf(daring, CONTROLLER_NAMESPACE).namespace).to.equal("team");
  });

  for (const networkNamespace of ["", "team"]) {
    it(`may be said to be its own: ${JSON.stringify(networkNamespace)}`, () => {
      expect(asksTooMuch(network({ networkNamespace }), CONTROLLER_NAMESPACE)).to.equal(false);
      expect(placeOf(network({ networkNamespace }), CONTROLLER_NAMESPACE).namespace).to.equal("team");
    });
  }

  it("is the same place after it was written as a key", () => {
    const place = { namespace: "team", name: "storage.v2" };
    expect(placeFromKey(placeKey(place))).to.deep.equal(place);
  });
});

describe("whose an attachment is", () => {
  const attachment = attachmentOf(network());
  const text = "SriovNetwork.sriovnetwork.openshift.io/team/storage";

  it("is told by its annotation, in the operator's form", () => {
    expect(networkNamed(text)).to.deep.equal({ namespace: "team", name: "storage" });
    expect(belongsTo(attachment, network())).to.equal(true);
  });

  for (const other of [
    "SriovIBNetwork.sriovnetwork.openshift.io/team/storage",
    "team/storage",
    `${text}/x`,
    "",
    undefined,
  ]) {
    it(`is no network of ours where it says ${JSON.stringify(other)}`, () => {
      expect(networkNamed(other)).to.equal(undefined);
    });
  }

  it("is the network's although the operator has made it", () => {
    expect(belongsTo(withManager(attachment, "sriov-network-operator"), network())).to.equal(true);
  });

  it("is not the network's of that name in another namespace", () => {
    expect(belongsTo(attachment, network({}, CENTRAL))).to.equal(false);
  });

  it("is nobody's where somebody made it without saying so", () => {
    expect(belongsTo(withManager(withOwner(attachment, undefined), "kubectl"), network())).to.equal(false);
  });

  it("is still the network's where somebody took the annotation off what the controller had made", () => {
    expect(belongsTo(withOwner(attachment, undefined), network())).to.equal(true);
  });
});

describe("what the controller has made", () => {
  const attachment = attachmentOf(network());
  const [entry] = attachment.metadata.managedFields ?? [];
  const managed = (change: object) => ({
    ...attachment,
    metadata: { ...attachment.metadata, managedFields: [{ ...entry, ...change }] },
  });

  it("is told by its managed fields", () => {
    expect(isMadeByController(attachment)).to.equal(true);
  });

  it("is not what somebody else has made for the same network", () => {
    expect(isMadeByController(withManager(attachment, "sriov-network-operator"))).to.equal(false);
  });

  it("is not what somebody has given to another network since", () => {
    expect(isMadeByController(managed({ fieldsV1: { "f:spec": { "f:config": {} } } }))).to.equal(false);
  });

  it("is not what its manager has updated alone", () => {
    expect(isMadeByController(managed({ operation: "Update" }))).to.equal(false);
  });
});

describe("an attachment is left behind", () => {
  const owner = { namespace: CONTROLLER_NAMESPACE, name: "storage" };
  const apps = { namespace: "apps", name: "storage" };
  const left = (place: typeof apps, of: typeof owner, it: Parameters<typeof isLeftBehind>[2]) =>
    isLeftBehind(place, of, it, CONTROLLER_NAMESPACE);

  it("where its network in another namespace is gone", () => {
    expect(left(apps, owner, undefined)).to.equal(true);
  });

  it("where its network in another namespace is about to go, whoever holds that up", () => {
    const going = network({ networkNamespace: "apps" }, { ...CENTRAL, deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(left(apps, owner, going)).to.equal(true);
  });

  it("where its network names another namespace", () => {
    expect(left(apps, owner, network({ networkNamespace: "web" }, CENTRAL))).to.equal(true);
  });

  it("in the network's own namespace, where the network names another since", () => {
    expect(left(owner, owner, network({ networkNamespace: "web" }, CENTRAL))).to.equal(true);
  });

  it("not where its network wants it", () => {
    expect(left(apps, owner, network({ networkNamespace: "apps" }, CENTRAL))).to.equal(false);
  });

  it("not where its network, now refused, had it", () => {
    const team = { namespace: "team", name: "storage" };
    expect(left(team, team, network({ networkNamespace: "apps" }))).to.equal(false);
  });

  it("not in the network's own namespace when that goes: it is the garbage collector's", () => {
    expect(left(owner, owner, undefined)).to.equal(false);
  });
});
