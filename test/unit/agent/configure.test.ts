import { expect } from "chai";
import { carryOut, decide } from "../../../reconciler/agent/change/configure.js";
import { type Kernel, KernelError } from "../../../reconciler/kernel/kernel.js";
import { deviceObject, physicalFunction, virtualFunctions } from "./nic.js";
import { kernelWith } from "./kernel.js";

describe("what is to be done about a NIC", () => {
  const withFour = physicalFunction({ virtualFunctions: virtualFunctions(4) });

  it("is nothing while its object is as it was made and nobody owns the count", () => {
    expect(decide(deviceObject({ numVFS: 0 }), withFour)).to.deep.equal({ kind: "unmanaged" });
  });

  it("is a change as soon as somebody owns the count, in the first generation too", () => {
    const decision = decide(deviceObject({ numVFS: 0, countOwner: "kubectl" }), withFour);
    expect(decision.kind === "change" && decision.plan.writes).to.deep.equal([0]);
  });

  it("is a change in a later generation, also where nobody owns the count any more", () => {
    expect(decide(deviceObject({ numVFS: 0, generation: 2 }), withFour)).to.have.property("kind", "change");
  });

  it("is nothing where the count is there", () => {
    expect(decide(deviceObject({ numVFS: 4, generation: 2 }), withFour)).to.deep.equal({ kind: "settled" });
  });

  it("is a change by way of 0 that tells the VFs that go", () => {
    const decision = decide(deviceObject({ numVFS: 6, generation: 2 }), withFour);
    expect(decision).to.have.nested.property("plan.writes").that.deep.equals([0, 6]);
    expect(decision).to.have.nested.property("plan.destroyed.length", 4);
    expect(decision).to.have.nested.property("plan.destroyed[1].interfaceName", "eno49v1");
  });

  it("is to refuse a count above the maximum", () => {
    expect(decide(deviceObject({ numVFS: 64, generation: 2 }), withFour)).to.deep.equal({
      kind: "tooMany",
      message: "node1-eno49 supports at most 63 VFs, not 64",
    });
  });

  it("is to remove the VFs where an object without the default has no count any more", () => {
    expect(decide(deviceObject({ generation: 3 }), withFour)).to.have.nested.property("plan.to", 0);
  });
});

describe("carrying out a plan", () => {
  const nic = physicalFunction({ virtualFunctions: virtualFunctions(4) });
  const plan = { from: 4, to: 6, writes: [0, 6], destroyed: [], created: 6 };
  const options = { writeDeadlineMs: 1_000 };

  function kernelThatAnswers(answer: (count: number) => void): { kernel: Kernel; written: number[] } {
    const written: number[] = [];
    const setNumVfs = (_address: string, count: number): Promise<void> => {
      written.push(count);
      answer(count);
      return Promise.resolve();
    };
    return { kernel: kernelWith({ setNumVfs }), written };
  }

  const failing = (code: string, at: number) =>
    kernelThatAnswers((count) => {
      if (count === at) throw new KernelError(code, "/sys/…/sriov_numvfs", `write ${count}`);
    });

  it("writes its counts in order", async () => {
    const { kernel, written } = kernelThatAnswers(() => undefined);
    expect(await carryOut(kernel, nic, plan, options)).to.deep.equal({ kind: "configured" });
    expect(written).to.deep.equal([0, 6]);
  });

  it("ends at the first refusal", async () => {
    const { kernel, written } = failing("EIO", 0);
    await carryOut(kernel, nic, plan, options);
    expect(written).to.deep.equal([0]);
  });

  for (const code of ["EBUSY", "EPERM"]) {
    it(`takes ${code} at the removal for VFs in use`, async () => {
      expect(await carryOut(failing(code, 0).kernel, nic, plan, options)).to.have.property("kind", "inUse");
    });
  }

  it("takes EBUSY at the creation for the kernel's refusal", async () => {
    expect(await carryOut(failing("EBUSY", 6).kernel, nic, plan, options)).to.have.property("kind", "kernelRefused");
  });

  it("tells the errno in words, and the file", async () => {
    const outcome = await carryOut(failing("EIO", 6).kernel, nic, plan, options);
    expect(outcome).to.have.property("message").that.includes("write 6 /sys/…/sriov_numvfs: input/output error (EIO)");
  });

  it("fails with what is no answer of the kernel's", async () => {
    const { kernel } = kernelThatAnswers(() => {
      throw new TypeError("a mistake");
    });
    const error: unknown = await carryOut(kernel, nic, plan, options).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(TypeError);
  });
});
