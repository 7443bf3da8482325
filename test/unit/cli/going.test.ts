import { expect } from "chai";
import { type Going, goingOf, type Surroundings, surroundingsOf } from "../../../cli/impact/going.js";
import { type PreviewStep, readPreview, SECRET } from "../../../cli/impact/preview.js";
import { NIC, previewText, step, urnOf } from "./previews.js";

describe("resources that go in an up", () => {
  const nic = { deviceName: "node1-eno49", numVfs: 4, fieldManager: "first" };
  const OTHER = urnOf("SriovNetworkDevice", "other");
  const POLICY = urnOf("SriovNetworkNodePolicy", "pool");
  const CLAIM = urnOf("PciDeviceClaim", "vf");

  const stepsOf = (...steps: object[]): readonly PreviewStep[] => readPreview(previewText({ steps })).steps;
  const gone = (urn: string, fieldManager: string, more: object = {}): object =>
    step("delete", { urn, oldInputs: { ...nic, fieldManager, ...more } });

  /** What the one of `urn` is told. */
  function told(urn: string, steps: readonly PreviewStep[], freed: readonly Going[] = []): Surroundings {
    const going = goingOf(steps);
    const one = going.find((other) => other.urn === urn) ?? expect.fail(`${urn} does not go`);
    return surroundingsOf(one, going, steps, freed);
  }

  it("are asked about in order: claims, NICs, policies", () => {
    const steps = stepsOf(gone(POLICY, "p"), gone(NIC, "first"), gone(CLAIM, "c"));
    expect(goingOf(steps).map(({ urn }) => urn)).to.deep.equal([CLAIM, NIC, POLICY]);
  });

  it("are told of the owners that go before them, so that the last takes along what they share", () => {
    const steps = stepsOf(gone(POLICY, "p"), gone(NIC, "first"), gone(OTHER, "second"));
    expect([...(told(NIC, steps).gone ?? [])]).to.deep.equal([]);
    expect([...(told(OTHER, steps).gone ?? [])]).to.deep.equal(["first"]);
    expect([...(told(POLICY, steps).gone ?? [])]).to.deep.equal(["first", "second"]);
  });

  it("leave a NIC to what is made, not to what is only looked up, or stays as it is", () => {
    const made = (op: string) => told(NIC, stepsOf(gone(NIC, "first"), step(op, { urn: OTHER, newInputs: nic })));
    expect(made("create").successors).to.have.length(1);
    expect([...(made("update").declared ?? [])]).to.deep.equal(["node1-eno49"]);
    expect(made("read").successors).to.deep.equal([]);
    expect(made("same").successors).to.deep.equal([]);
  });

  it("leave nothing to what is made of the same name on another cluster", () => {
    const [here, there] = [{ clusterUid: "here" }, { clusterUid: "there" }];
    const made = step("create", { urn: OTHER, newInputs: { ...nic, ...there } });
    const steps = stepsOf(gone(NIC, "first", here), made, gone(CLAIM, "c", there));
    const claims = goingOf(steps).filter(({ urn }) => urn === CLAIM);
    const { successors, declared, freed } = told(NIC, steps, claims);
    expect([successors, [...(declared ?? [])], [...(freed ?? [])]]).to.deep.equal([[], [], []]);
  });

  it("leave nothing to what hides in secrets which object it is", () => {
    const made = step("create", { urn: OTHER, newInputs: { ...nic, deviceName: SECRET } });
    expect(told(NIC, stepsOf(gone(NIC, "first"), made)).successors).to.deep.equal([]);
  });

  describe("as they are made anew", () => {
    const replaced = (op: string): object => step(op, { oldInputs: nic, newInputs: nic });

    it("are asked about both ways where the preview does not tell which way it is", () => {
      const { successors, otherwise } = told(NIC, stepsOf(replaced("replace")));
      expect([successors?.length, otherwise?.successors?.length]).to.deep.equal([1, 0]);
    });

    it("keep their hardware where they are deleted after", () => {
      const steps = stepsOf(...["create-replacement", "replace", "delete-replaced"].map(replaced));
      const { successors, otherwise } = told(NIC, steps);
      expect([successors?.length, otherwise]).to.deep.equal([2, undefined]);
      expect(goingOf(steps)).to.have.length(1);
    });

    it("lose it where they are deleted before", () => {
      const { successors, otherwise } = told(
        NIC,
        stepsOf(...["delete-replaced", "replace", "create-replacement"].map(replaced)),
      );
      expect([successors, otherwise]).to.deep.equal([[], undefined]);
    });

    it("go beside what an earlier replacement has left to delete", () => {
      const left = step("delete-replaced", { oldInputs: { ...nic, fieldManager: "zeroth" } });
      expect(goingOf(stepsOf(gone(NIC, "first"), left))).to.have.length(2);
    });
  });
});
