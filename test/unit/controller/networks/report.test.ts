import { expect } from "chai";
import { NetworkReason, type SriovNetwork, type SriovNetworkStatus } from "../../../../api/sriov-network.js";
import type { NetworkOutcome } from "../../../../reconciler/controller/networks/outcome.js";
import { contended, failed } from "../../../../reconciler/controller/networks/outcome.js";
import { eventOf } from "../../../../reconciler/controller/networks/announcer.js";
import { reportOutcome, statusPatch } from "../../../../reconciler/controller/networks/report.js";
import { attachmentOf, network, withManager } from "./network.js";

const NOW = new Date("2026-03-01T12:00:00.500Z");
const LATER = new Date("2026-03-01T13:00:00Z");

const attached: NetworkOutcome = {
  reason: NetworkReason.Attached,
  message: "there it is",
  attachment: attachmentOf(network()),
};
const refused: NetworkOutcome = { reason: NetworkReason.PolicyMissing, message: "no policy", attachment: undefined };

/** The network after that outcome was written at `NOW`. */
function after(outcome: NetworkOutcome, it: SriovNetwork = network()): SriovNetwork {
  return { ...it, status: reportOutcome(it, outcome, NOW) };
}

describe("the status of a network", () => {
  it("names the attachment and what pods ask for, of this generation", () => {
    expect(reportOutcome(network(), attached, NOW)).to.deep.equal({
      observedGeneration: 3,
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "Attached",
          message: "there it is",
          observedGeneration: 3,
          lastTransitionTime: "2026-03-01T12:00:00Z",
        },
      ],
      networkAttachmentDefinition: "team/storage",
      resourceName: "openshift.io/fast",
    });
  });

  it("names no attachment where there is none", () => {
    expect(reportOutcome(network(), refused, NOW)).to.have.all.keys("observedGeneration", "conditions");
  });

  it("still names the attachment that a refused network has", () => {
    const status = reportOutcome(network(), { ...refused, attachment: attachmentOf(network()) }, NOW);
    expect(status).to.include({ networkAttachmentDefinition: "team/storage", resourceName: "openshift.io/fast" });
  });

  it("keeps the time since when it is Ready, with another message too", () => {
    const status = reportOutcome(after(attached), { ...attached, message: "anew" }, LATER);
    expect(status.conditions?.[0]).to.include({ message: "anew", lastTransitionTime: "2026-03-01T12:00:00Z" });
  });

  it("tells a new time when it is Ready no more", () => {
    const status = reportOutcome(after(attached), refused, LATER);
    expect(status.conditions?.[0]).to.include({ status: "False", lastTransitionTime: "2026-03-01T13:00:00Z" });
  });

  it("keeps conditions of others", () => {
    const degraded = { type: "Degraded", status: "False", reason: "R", message: "m", lastTransitionTime: "t" } as const;
    const status = reportOutcome({ ...network(), status: { conditions: [degraded] } }, attached, NOW);
    expect(status.conditions?.map(({ type }) => type)).to.deep.equal(["Ready", "Degraded"]);
  });
});

describe("the patch of a network's status", () => {
  it("is nothing where all is said already", () => {
    expect(statusPatch(after(attached), reportOutcome(after(attached), attached, LATER))).to.equal(undefined);
  });

  it("takes away what is true no more", () => {
    const status: SriovNetworkStatus = reportOutcome(after(attached), refused, NOW);
    expect(statusPatch(after(attached), status)).to.include({ networkAttachmentDefinition: null, resourceName: null });
  });

  it("tells the new generation alone", () => {
    const grown = { ...after(attached), metadata: { ...network().metadata, generation: 4 } };
    expect(statusPatch(grown, reportOutcome(grown, attached, NOW))).to.include({ observedGeneration: 4 });
  });
});

describe("an event about a network", () => {
  it("tells that it has its attachment", () => {
    expect(eventOf(network(), attached, "made")).to.include({ type: "Normal", reason: "Attached" });
  });

  it("does not tell it again", () => {
    expect(eventOf(after(attached), attached, undefined)).to.equal(undefined);
  });

  it("tells that somebody's edit was put back", () => {
    expect(eventOf(after(attached), attached, "corrected")).to.include({ type: "Normal", reason: "PutBack" });
  });

  it("tells that the attachment follows the network", () => {
    const grown = { ...after(attached), metadata: { ...network().metadata, generation: 4 } };
    expect(eventOf(grown, attached, "corrected")).to.include({ type: "Normal", reason: "Updated" });
  });

  it("warns of a refusal", () => {
    expect(eventOf(after(attached), refused, undefined)).to.deep.equal({
      type: "Warning",
      reason: "PolicyMissing",
      message: "no policy",
    });
  });

  it("does not warn of the same refusal again", () => {
    expect(eventOf(after(refused), refused, undefined)).to.equal(undefined);
  });
});

describe("what went wrong with a network", () => {
  it("is said in the words of the API server, with what is done about it", () => {
    expect(failed(new Error("PATCH /x was answered with 500: boom."))).to.deep.equal({
      reason: "Failed",
      message: "PATCH /x was answered with 500: boom. It is tried again with growing pauses.",
    });
  });

  it("names who else writes to the attachment", () => {
    const other = withManager(attachmentOf(network()), "sriov-network-operator");
    expect(contended({ namespace: "team", name: "storage" }, other).message).to.include("sriov-network-operator");
  });
});
