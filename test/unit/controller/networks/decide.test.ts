import { expect } from "chai";
import { Annotation } from "../../../../api/names.js";
import type { SriovNetworkNodePolicy } from "../../../../api/sriov-network-node-policy.js";
import { decide, type NetworkDecision, type Surroundings } from "../../../../reconciler/controller/networks/decide.js";
import { attachmentOf, CENTRAL, CONTROLLER_NAMESPACE, network, withManager, withOwner } from "./network.js";

const around: Surroundings = {
  controllerNamespace: CONTROLLER_NAMESPACE,
  resourcePrefix: "openshift.io",
  policy: undefined,
  namespace: { metadata: { name: "team" } },
  kindServed: true,
  existing: undefined,
};

const policy: SriovNetworkNodePolicy = {
  metadata: { name: "nics", namespace: CONTROLLER_NAMESPACE },
  spec: { resourceName: "fast", nodeSelector: {}, nicSelector: { vendor: "8086" }, numVfs: 4 },
};
const following = { annotations: { [Annotation.policy]: "nics" } };

describe("a network", () => {
  it("gets an attachment where there is none", () => {
    const decision = decide(network(), around);
    expect(decision.kind).to.equal("make");
  });

  it("has the attachment that it wants", () => {
    expect(decide(network(), { ...around, existing: attachmentOf(network()) }).kind).to.equal("attached");
  });

  it("keeps what others have added to its attachment", () => {
    const existing = attachmentOf(network());
    const annotations = { ...existing.metadata.annotations, note: "mine" };
    const changed = { ...existing, metadata: { ...existing.metadata, annotations, labels: { a: "b" } } };
    expect(decide(network(), { ...around, existing: changed }).kind).to.equal("attached");
  });

  const existing = attachmentOf(network());
  const edits = {
    "another configuration": { ...existing, spec: { config: "{}" } },
    "no configuration": { metadata: existing.metadata },
    "another resource": {
      ...existing,
      metadata: {
        ...existing.metadata,
        annotations: { ...existing.metadata.annotations, [Annotation.resourceName]: "openshift.io/slow" },
      },
    },
    "no owner": withOwner(existing, undefined),
    "no owner reference": { ...existing, metadata: { ...existing.metadata, ownerReferences: [] } },
    "an owner reference to a network of that name that is gone": {
      ...existing,
      metadata: {
        ...existing.metadata,
        ownerReferences: (existing.metadata.ownerReferences ?? []).map((it) => ({ ...it, uid: "uid-0" })),
      },
    },
    "another maker, though all else is the same": withManager(existing, "sriov-network-operator"),
  };
  for (const [what, edited] of Object.entries(edits)) {
    it(`has an attachment corrected that has ${what}`, () => {
      const decision = decide(network(), { ...around, existing: edited });
      expect(decision).to.include({ kind: "correct", existing: edited });
    });
  }

  it("has its attachment corrected in a namespace that is about to go", () => {
    const going = { metadata: { name: "team", deletionTimestamp: "2026-01-01T00:00:00Z" } };
    const edited = { ...existing, spec: { config: "{}" } };
    expect(decide(network(), { ...around, namespace: going, existing: edited }).kind).to.equal("correct");
  });

  it("has an owner reference on an attachment in its own namespace", () => {
    const decision = decide(network(), around);
    expect(decision.kind === "make" && decision.attachment.metadata.ownerReferences).to.deep.equal([
      { apiVersion: "sriovnetwork.openshift.io/v1", kind: "SriovNetwork", name: "storage", uid: "uid-1" },
    ]);
  });

  it("has none on an attachment in another namespace, where Kubernetes would take it for gone", () => {
    const decision = decide(network({ networkNamespace: "apps" }, CENTRAL), around);
    expect(decision.kind === "make" && decision.attachment.metadata.ownerReferences).to.equal(undefined);
    expect(decision.kind === "make" && decision.attachment.metadata.namespace).to.equal("apps");
  });
});

describe("the resource name of a network", () => {
  it("is filled in from the policy that it names", () => {
    const decision = decide({ ...network({}, following), spec: {} }, { ...around, policy });
    expect(decision).to.deep.equal({ kind: "fill", resourceName: "fast" });
  });

  it("follows the policy although the network has one", () => {
    const decision = decide(network({ resourceName: "slow" }, following), { ...around, policy });
    expect(decision).to.deep.equal({ kind: "fill", resourceName: "fast" });
  });

  it("is left alone where it is the policy's", () => {
    expect(decide(network({}, following), { ...around, policy }).kind).to.equal("make");
  });
});

describe("a network is refused", () => {
  const refusal = (decision: NetworkDecision): string =>
    decision.kind === "refused" ? `${decision.reason}: ${decision.message}` : decision.kind;

  it("where it may not name that namespace, with what to do", () => {
    expect(refusal(decide(network({ networkNamespace: "apps" }), around))).to.equal(
      "NamespaceRefused: networkNamespace is apps, but only networks in sriov-system, the controller's own namespace, may " +
        "have their attachment in another. Leave networkNamespace out, so that the attachment is made in team, or make the " +
        "network in sriov-system.",
    );
  });

  for (const property of ["ipam", "capabilities", "metaPlugins"]) {
    it(`where ${property} is no JSON, with the place of the error`, () => {
      expect(refusal(decide(network({ [property]: '{\n  "a": }' }), around)))
        .to.match(new RegExp(`^InvalidConfig: ${property} .*line 2, column 8`))
        .and.match(/Correct the network's spec\.$/);
    });
  }

  it("where its policy is missing, which is waited for", () => {
    expect(refusal(decide(network({}, following), around))).to.match(
      /^PolicyMissing: there is no SriovNetworkNodePolicy nics in sriov-system.*waited for/,
    );
  });

  for (const resourceName of [undefined, ""]) {
    it(`where it has neither resource nor policy: ${JSON.stringify(resourceName)}`, () => {
      const nameless = { ...network(), spec: { ...(resourceName !== undefined && { resourceName }) } };
      expect(refusal(decide(nameless, around))).to.match(/^ResourceNameMissing: .*spec\.resourceName.*annotation/);
    });
  }

  it("where the cluster has no attachments, with what to install", () => {
    expect(refusal(decide(network(), { ...around, kindServed: false }))).to.match(/^KindMissing: .*Install Multus\.$/);
  });

  it("where the namespace is missing, which is waited for", () => {
    expect(refusal(decide(network(), { ...around, namespace: undefined }))).to.match(
      /^NamespaceMissing: the namespace team, .* does not exist; it is waited for/,
    );
  });

  it("where the namespace is about to go", () => {
    const going = { metadata: { name: "team", deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(refusal(decide(network(), { ...around, namespace: going }))).to.match(/^NamespaceMissing: .*being deleted/);
  });

  it("where somebody else's attachment is in its place, with his name", () => {
    const foreign = attachmentOf(network({ networkNamespace: "team" }, CENTRAL));
    expect(refusal(decide(network(), { ...around, existing: foreign }))).to.equal(
      "ForeignOwner: there is a NetworkAttachmentDefinition team/storage already, which is " +
        "SriovNetwork.sriovnetwork.openshift.io/sriov-system/storage's; it is left alone. Delete it, or give the network another name.",
    );
  });

  it("where an attachment of nobody is in its place, with how to hand it over", () => {
    const nobodys = withManager(withOwner(attachmentOf(network()), undefined), "kubectl");
    expect(refusal(decide(network(), { ...around, existing: nobodys }))).to.match(
      /^ForeignOwner: .*team\/storage already, which says nothing of an owner; .*owner-ref=SriovNetwork\.sriovnetwork\.openshift\.io\/team\/storage/,
    );
  });

  it("for what is wrong in itself before what is missing around it", () => {
    const nothing = { ...around, kindServed: false, namespace: undefined };
    expect(refusal(decide({ ...network({ ipam: "{" }), metadata: network({}, following).metadata }, nothing))).to.match(
      /^InvalidConfig/,
    );
  });
});
