import { expect } from "chai";
import { Annotation, CONTROLLER_FIELD_MANAGER } from "../../../../api/names.js";
import type { NetworkAttachmentDefinition } from "../../../../api/network-attachment-definition.js";
import type { ObjectMeta } from "../../../../api/object.js";
import { NetworkReason, type SriovNetwork } from "../../../../api/sriov-network.js";
import type { Verdict } from "../../../../kube/wait.js";
import { renderAttachment } from "../../../../plan/networks/render-attachment.js";
import { disagreements } from "../../../../provider/core/network/attachment-agreement.js";
import {
  attachedVerdict,
  networkVerdict,
  NetworkVanished,
  operatorVerdict,
} from "../../../../provider/core/network/network-verdict.js";

const applied: SriovNetwork = {
  metadata: { name: "storage", namespace: "pulumi-sriov", uid: "u1", generation: 2 },
  spec: { resourceName: "fast", vlan: 5 },
};

interface Answer {
  readonly reason: string;
  readonly status?: "True" | "False";
  readonly generation?: number;
}

function answered({ reason, status = "False", generation = 2 }: Answer, more: Partial<ObjectMeta> = {}): SriovNetwork {
  const condition = { type: "Ready", status, reason, message: "as the controller says", lastTransitionTime: "" };
  const metadata = { ...applied.metadata, ...more };
  return { ...applied, metadata, status: { observedGeneration: generation, conditions: [condition] } };
}
const ready = answered({ reason: NetworkReason.Attached, status: "True" });

function rendered(network = applied): NetworkAttachmentDefinition {
  const target = { namespace: "pulumi-sriov", resourceName: "fast", resourcePrefix: "openshift.io" };
  const result = renderAttachment(network, target);
  if (result.kind === "invalid") throw new Error("a network that can be rendered was expected");
  return result.attachment;
}
function annotated(annotations: Readonly<Record<string, string>>): NetworkAttachmentDefinition {
  const { metadata, ...rest } = rendered();
  return { ...rest, metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } } };
}

function words(verdict: Verdict<unknown>): string {
  if (verdict.state === "satisfied") return "satisfied";
  return verdict.state === "pending" ? `pending: ${verdict.what}` : `failed: ${verdict.error.message}`;
}

describe("networkVerdict", () => {
  it("is satisfied by Ready of this generation", () => {
    expect(words(networkVerdict(ready, applied))).to.equal("satisfied");
  });

  it("waits while Ready speaks of an earlier generation", () => {
    const old = answered({ reason: NetworkReason.Attached, status: "True", generation: 1 });
    expect(words(networkVerdict(old, applied))).to.equal("pending: waiting for the controller");
  });

  it("waits while there is no status", () => {
    expect(words(networkVerdict(applied, applied))).to.equal("pending: waiting for the controller");
  });

  for (const reason of ["NamespaceRefused", "ForeignOwner", "InvalidConfig", "ResourceNameMissing"]) {
    it(`fails for ${reason}, with the controller's words`, () => {
      const failed = "failed: pulumi-sriov/storage: as the controller says";
      expect(words(networkVerdict(answered({ reason }), applied))).to.equal(failed);
    });
  }

  for (const reason of ["NamespaceMissing", "PolicyMissing", "KindMissing", "Failed"]) {
    it(`waits for ${reason}, which passes by itself`, () => {
      const pending = `pending: ${reason}: as the controller says`;
      expect(words(networkVerdict(answered({ reason }), applied))).to.equal(pending);
    });
  }

  it("fails where the network is gone", () => {
    const verdict = networkVerdict(undefined, applied);
    expect(verdict.state === "failed" && verdict.error).to.be.instanceOf(NetworkVanished);
  });

  it("fails where another network has its name", () => {
    const other = answered({ reason: NetworkReason.Attached, status: "True" }, { uid: "u2" });
    expect(words(networkVerdict(other, applied))).to.contain("was deleted while it was waited for");
  });

  const renamedBy = (manager: string): SriovNetwork => {
    const managedFields = [{ manager, fieldsV1: { "f:spec": { "f:resourceName": {} } } }];
    const { metadata, ...rest } = ready;
    return { ...rest, metadata: { ...metadata, managedFields }, spec: { ...applied.spec, resourceName: "slow" } };
  };

  it("fails where somebody changed the resource name meanwhile, and names who", () => {
    expect(words(networkVerdict(renamedBy("kubectl-edit"), applied))).to.equal(
      'failed: pulumi-sriov/storage: its resource name was changed to "slow" by "kubectl-edit" while "fast" was waited for',
    );
  });

  it("waits where the controller did, which may not have heard of the policy's change", () => {
    expect(words(networkVerdict(renamedBy(CONTROLLER_FIELD_MANAGER), applied))).to.match(/^pending: its resource name/);
  });
});

describe("attachedVerdict", () => {
  const of = (attachment: NetworkAttachmentDefinition | undefined, network = ready): string =>
    words(attachedVerdict({ network, attachment }, applied));

  it("is satisfied by the network's attachment with its resource name", () => {
    expect(of(rendered())).to.equal("satisfied");
  });

  it("waits for the controller first", () => {
    expect(of(rendered(), applied)).to.equal("pending: waiting for the controller");
  });

  it("waits for an attachment that is not there", () => {
    expect(of(undefined)).to.equal("pending: the NetworkAttachmentDefinition is not there yet");
  });

  it("waits while the attachment carries another resource name", () => {
    const old = annotated({ [Annotation.resourceName]: "openshift.io/slow" });
    expect(of(old)).to.contain('still has the resource name "openshift.io/slow", not ".../fast"');
  });

  it("does not take a longer name that ends alike", () => {
    expect(of(annotated({ [Annotation.resourceName]: "openshift.io/superfast" }))).to.match(/^pending/);
  });

  it("waits while the attachment is another's, and says whose", () => {
    const other = annotated({ [Annotation.ownerRef]: "SriovNetwork.sriovnetwork.openshift.io/web/storage" });
    expect(of(other)).to.contain("belongs to SriovNetwork.sriovnetwork.openshift.io/web/storage");
  });
});

describe("operatorVerdict", () => {
  const stale = rendered({ ...applied, spec: { ...applied.spec, vlan: 4 } });
  const of = (attachment: NetworkAttachmentDefinition | undefined, network = applied): string =>
    words(operatorVerdict({ network, attachment }, applied));

  it("is satisfied without any status by an attachment that is as the network says", () => {
    expect(of(rendered())).to.equal("satisfied");
  });

  it("waits while the attachment is otherwise, and says in what", () => {
    expect(of(stale)).to.equal(
      "pending: the operator has not changed vlan of NetworkAttachmentDefinition pulumi-sriov/storage yet",
    );
  });

  it("is satisfied by the operator's word for this generation, whatever the attachment says", () => {
    expect(of(stale, answered({ reason: "NetworkReady", status: "True" }))).to.equal("satisfied");
  });

  it("does not take the operator's word for an earlier generation", () => {
    const old = answered({ reason: "NetworkReady", status: "True", generation: 1 });
    expect(of(stale, old)).to.match(/^pending/);
  });

  it("waits for what the operator says is wrong", () => {
    const said = answered({ reason: "NamespaceNotFound" });
    expect(of(undefined, said)).to.equal("pending: the operator says NamespaceNotFound: as the controller says");
  });

  it("waits for an attachment that is not there", () => {
    expect(of(undefined)).to.equal("pending: the NetworkAttachmentDefinition is not there yet");
  });
});

describe("disagreements", () => {
  const of = (config: string): readonly string[] => disagreements({ ...rendered(), spec: { config } }, applied);
  const plugin = { type: "sriov", vlan: 5, vlanQoS: 0, ipam: {} };

  it("are none with another CNI version, written otherwise", () => {
    expect(of(JSON.stringify({ ...plugin, cniVersion: "0.3.1" }, null, 2))).to.deep.equal([]);
  });

  it("are none with what is not mentioned", () => {
    expect(of(JSON.stringify({ type: "sriov", vlan: 5 }))).to.deep.equal([]);
  });

  it("are with what the network asks for otherwise", () => {
    expect(of(JSON.stringify({ ...plugin, vlan: 4, ipam: { type: "dhcp" } }))).to.deep.equal(["vlan", "ipam"]);
  });

  it("are with what the network does not ask for any more", () => {
    expect(of(JSON.stringify({ ...plugin, trust: "on" }))).to.deep.equal(["trust"]);
  });

  it("are with plugins that the network does not ask for any more", () => {
    expect(of(JSON.stringify({ plugins: [plugin, { type: "tuning" }] }))).to.deep.equal(["plugins"]);
  });

  it("are none with a chain of the same plugin alone", () => {
    expect(of(JSON.stringify({ plugins: [plugin] }))).to.deep.equal([]);
  });

  for (const config of ["", "[]", "{", '{"plugins":[5]}']) {
    it(`are with the whole of a configuration that is none: ${config}`, () => {
      expect(of(config)).to.deep.equal(["config"]);
    });
  }
});
