import { expect } from "chai";
import { readPreview } from "../../../cli/impact/preview.js";
import {
  type ForeseenDelete,
  impactReport,
  type ImpactReport,
  Verdict,
  verdictOf,
} from "../../../cli/impact/report.js";
import { describeUntold } from "../../../plan/impact/untold.js";
import { impact, NIC, previewText, refusal, STACK, step, urnOf, warning } from "./previews.js";
import { UNKNOWN } from "../../../provider/dynamic/values.js";

describe("an impact report", () => {
  const inputs = { deviceName: "node1-eno49", nodeName: "node1", numVfs: 6 };
  const update = step("update", { oldInputs: { ...inputs, numVfs: 4 }, newInputs: inputs });

  function report(
    parts: Parameters<typeof previewText>[0],
    deletes: Readonly<Record<string, ForeseenDelete>> = {},
  ): ImpactReport {
    return impactReport(readPreview(previewText(parts)), new Map(Object.entries(deletes)));
  }
  const verdict = (...args: Parameters<typeof report>): Verdict => verdictOf(report(...args));

  it("has a row for what check refuses, with its users", () => {
    const { rows } = report({ diagnostics: [refusal(impact())] });
    const { kind: _, ...told } = impact();
    expect(rows).to.deep.equal([{ urn: NIC, type: "SriovNetworkDevice", name: "storage", ...told }]);
  });

  it("says that something in use would be lost where it is refused, and where it proceeds", () => {
    expect(verdict({ diagnostics: [refusal(impact())] })).to.equal(Verdict.lost);
    expect(verdict({ steps: [update], diagnostics: [warning(impact({ outcome: "proceeds" }))] })).to.equal("lost");
  });

  it("says that nothing in use is lost where nobody uses what goes", () => {
    const free = impact({ inUse: [], outcome: "none" });
    expect(verdict({ steps: [update], diagnostics: [warning(free)] })).to.equal(Verdict.none);
  });

  it("does not know where an impact says that nobody knows", () => {
    const told = impact({ inUse: [], outcome: "unknown" });
    expect(verdict({ steps: [update], diagnostics: [warning(told)] })).to.equal(Verdict.unknown);
  });

  it("has one row for each NIC of a policy", () => {
    const urn = urnOf("SriovNetworkNodePolicy", "pool");
    const told = [impact(), impact({ object: "node2-eno49", nodeName: "node2" })];
    const { rows } = report({ diagnostics: told.map((of) => warning(of, urn)) });
    expect(rows.map(({ object }) => object)).to.deep.equal(["node1-eno49", "node2-eno49"]);
  });

  it("has one row of a resource and an object that are told of twice: the worse", () => {
    const told = [warning(impact({ outcome: "none", inUse: [] })), warning(impact({ outcome: "proceeds" }))];
    const { rows } = report({ diagnostics: [...told, told[0] ?? {}] });
    expect(rows.map(({ outcome }) => outcome)).to.deep.equal(["proceeds"]);
  });

  it("says of a step without an impact that nothing is lost", () => {
    const { rows } = report({ steps: [update] });
    expect(rows).to.have.length(1);
    expect(rows[0]).to.include({ object: "node1-eno49", nodeName: "node1", change: "update", outcome: "none" });
  });

  it("does not know of a count, or a NIC, that is not known before up", () => {
    const newInputs = { ...inputs, numVfs: UNKNOWN };
    expect(report({ steps: [step("create", { newInputs })] }).rows[0]).to.include({
      change: "create, numVfs not known before up",
      outcome: "unknown",
    });
    const elsewhere = { nodeName: "node1", interfaceName: "eno50", numVfs: 2 };
    expect(report({ steps: [step("create", { newInputs: elsewhere })] }).rows[0]).to.include({
      object: "node1-eno50",
      outcome: "unknown",
    });
  });

  it("does not know of a resource whose cluster is not known before up", () => {
    const urn = urnOf("SriovNetworkNodePolicy", "pool");
    const newInputs = { policyName: "pool", namespace: "sriov", numVfs: 6, kubeconfig: UNKNOWN };
    expect(verdict({ steps: [step("update", { urn, oldInputs: newInputs, newInputs })] })).to.equal(Verdict.unknown);
  });

  it("has no row for resources of others, for lookups and for what stays", () => {
    const others = [
      step("create", { urn: "urn:pulumi:dev::net::kubernetes:core/v1:Pod::p", newInputs: {} }),
      step("read", { newInputs: inputs }),
      step("same", { oldInputs: inputs, newInputs: inputs }),
    ];
    expect(report({ steps: others })).to.deep.equal({ rows: [], untold: [] });
    expect(verdict({ steps: others })).to.equal(Verdict.none);
  });

  it("does not know of a policy whose NICs check was not let see", () => {
    const urn = urnOf("SriovNetworkNodePolicy", "pool");
    const message = `warning: ${describeUntold("which NICs the policy selects", "not allowed")}\n`;
    const told = { diagnostics: [{ urn, message, severity: "warning" }] };
    expect(report(told).untold).to.deep.equal([
      'SriovNetworkNodePolicy "pool": which NICs the policy selects cannot be told: not allowed',
    ]);
    expect(verdict(told)).to.equal(Verdict.unknown);
  });

  describe("of a delete", () => {
    const remove = step("delete", { oldInputs: inputs });

    it("has what the cluster tells", () => {
      const deletes = { [NIC]: { impacts: [impact({ change: "4 → 0 VFs", created: 0 })] } };
      const { rows } = report({ steps: [remove] }, deletes);
      expect(rows.map(({ change, created }) => [change, created])).to.deep.equal([["4 → 0 VFs", 0]]);
      expect(verdict({ steps: [remove] }, deletes)).to.equal(Verdict.lost);
    });

    it("says that nothing is lost where the cluster tells of nothing", () => {
      expect(verdict({ steps: [remove] }, { [NIC]: { impacts: [] } })).to.equal(Verdict.none);
    });

    it("does not know where the cluster could not be asked, and says why", () => {
      const deletes = { [NIC]: { problem: "cannot reach the API server" } };
      const { rows, untold } = report({ steps: [remove] }, deletes);
      expect(rows.map(({ outcome }) => outcome)).to.deep.equal(["unknown"]);
      expect(untold).to.deep.equal(['what deleting SriovNetworkDevice "storage" does: cannot reach the API server']);
      expect(verdict({ steps: [remove] }, deletes)).to.equal(Verdict.unknown);
    });
  });

  describe("of a preview that failed", () => {
    const failure = { urn: NIC, message: "error: the node is not there\nmore", severity: "error" };

    it("is not the whole truth, and says what failed", () => {
      expect(report({ diagnostics: [failure] }).untold).to.deep.equal([
        'the preview failed at SriovNetworkDevice "storage": the node is not there',
      ]);
      expect(verdict({ diagnostics: [failure] })).to.equal(Verdict.unknown);
    });

    it("is not the whole truth where it is the program that failed", () => {
      const thrown = { urn: STACK, message: "error: Running program failed\n", severity: "error" };
      expect(verdict({ steps: [update], diagnostics: [thrown] })).to.equal(Verdict.unknown);
    });

    it("says that something in use would be lost, as far as it came", () => {
      const refused = report({ diagnostics: [refusal(impact()), failure] });
      expect(verdictOf(refused)).to.equal(Verdict.lost);
    });

    it("and does not say why, as where a policy pack forbids something, is not the whole truth", () => {
      const last = { message: "error: preview failed\n", severity: "error" };
      expect(report({ diagnostics: [last] }).untold).to.deep.equal([
        "the preview failed for a reason that its JSON does not tell, such as a policy pack's",
      ]);
    });

    it("at what is refused says that it ends there, and no more of the engine's last word", () => {
      const last = { message: "error: preview failed\n", severity: "error" };
      expect(report({ diagnostics: [refusal(impact()), last] }).untold).to.deep.equal([
        "the preview ends at what is refused: resources that depend on it, and deletes, are not in it",
      ]);
    });
  });
});
