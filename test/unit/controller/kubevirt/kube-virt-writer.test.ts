import { expect } from "chai";
import { pino } from "pino";
import type { KubeVirt } from "../../../../api/kubevirt.js";
import { Annotation } from "../../../../api/names.js";
import type { JsonPatchStep } from "../../../../kube/client.js";
import { ApiError } from "../../../../kube/errors.js";
import { KubeVirtWriter } from "../../../../reconciler/controller/kubevirt/kube-virt-writer.js";
import { Repairs } from "../../../../reconciler/controller/repairs.js";
import { patched } from "./json-patch.js";
import { GPU, listOf, ours, VF, wanted, withList } from "./kube-virt.js";

const term = new AbortController().signal;

describe("the writer of KubeVirt's list", () => {
  let now: number;
  /** As the API server has it. */
  let object: KubeVirt | undefined;
  let events: string[];
  /** What the next patches are answered with; then they are carried out. */
  let answers: (() => unknown)[];
  let patches: number;
  let writer: KubeVirtWriter;

  beforeEach(() => {
    now = 0;
    object = withList([GPU]);
    events = [];
    answers = [];
    patches = 0;
    writer = new KubeVirtWriter({
      client: {
        get: <T>() => Promise.resolve(current() as T),
        jsonPatch: <T>(_: unknown, __: string, steps: readonly JsonPatchStep[]) => {
          patches++;
          answers.shift()?.();
          object = touched(carriedOut(current(), steps));
          return Promise.resolve(object as T);
        },
      },
      log: pino({ level: "silent" }),
      events: { record: (_, __, { reason, message }) => void events.push(`${reason}: ${message}`) },
      repairs: new Repairs(() => now),
      observe: () => undefined,
    });
  });

  function current(): KubeVirt {
    if (object === undefined) throw new ApiError("not found", 404, { details: {} });
    return object;
  }
  const answer = (httpStatus: number): never => {
    throw new ApiError(`answered ${httpStatus}`, httpStatus, {});
  };
  const settle = (kubeVirt = current()): Promise<number | undefined> => writer.settle(kubeVirt, wanted(VF), term);
  /** Somebody sets the list. */
  function edit(list: readonly unknown[]): void {
    const { metadata } = current();
    object = touched({ ...withList(list), metadata });
  }

  it("says what it has added, once", async () => {
    await settle();
    await settle();
    expect(events).to.deep.equal([
      "PciDevicesPermitted: virtual machines may ask for what claims offer: intel.com/82576_VF (8086:10CA)",
    ]);
    expect(patches).to.equal(1);
  });

  for (const status of [409, 422]) {
    it(`looks again where the object has changed meanwhile, which is answered with ${status}`, async () => {
      answers.push(() => {
        edit([GPU, GPU]);
        answer(status);
      });
      await settle();
      expect(listOf(current())).to.deep.equal([GPU, GPU, ours(VF)]);
    });

    it(`fails where the object is as it was, and the answer is ${status}`, async () => {
      answers.push(() => answer(status));
      expect(await failure(settle())).to.equal(`answered ${status}`);
      expect(events).to.deep.equal([`PciDevicesRefused: answered ${status} It is tried again.`]);
    });
  }

  it("goes by what was read where what it was told of is out of date", async () => {
    const old = current();
    edit([]);
    await settle(old);
    expect(listOf(current())).to.deep.equal([ours(VF)]);
  });

  it("tells of a refusal once, and again after it was over", async () => {
    for (const refused of [true, true, false, true]) {
      if (refused) answers.push(() => answer(403));
      await settle().catch(() => undefined);
      if (!refused) edit([]);
    }
    expect(events.filter((event) => event.startsWith("PciDevicesRefused"))).to.have.length(2);
  });

  it("gives up, for a while, on an object that changes as soon as it is read", async () => {
    const change = (): never => {
      edit([GPU]);
      return answer(422);
    };
    answers.push(...Array.from({ length: 100 }, () => change));
    expect(await failure(settle())).to.include("somebody else changes it as soon as it is read");
    expect(patches).to.be.lessThan(20);
  });

  it("leaves an object alone that is gone, is another of that name, or is about to go", async () => {
    const old = current();
    for (const successor of [
      undefined,
      touched({ ...old, metadata: { ...old.metadata, uid: "another" } }),
      touched({ ...old, metadata: { ...old.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } }),
    ]) {
      object = successor;
      await settle(old);
      expect(object).to.equal(successor);
    }
    expect(events).to.deep.equal([]);
  });

  it("puts back at once what is taken out once, and after a pause what is taken out again", async () => {
    const pauses: (number | undefined)[] = [];
    for (let time = 0; time < 3; time++) {
      pauses.push(await settle());
      edit([GPU]);
    }
    expect(pauses).to.deep.equal([undefined, undefined, 1_000]);
  });

  it("does not call its own, while it pauses, what it has not put back", async () => {
    for (let time = 0; time < 3; time++) {
      await settle();
      edit([GPU]);
    }
    await settle();
    expect(current().metadata.annotations ?? {}).not.to.have.property(Annotation.permittedPciDevices);
    now += 1_000;
    expect(await settle()).to.equal(undefined);
    expect(listOf(current())).to.deep.equal([GPU, ours(VF)]);
  });

  it("does not pause where claims themselves come and go", async () => {
    for (let time = 0; time < 5; time++) {
      expect(await settle()).to.equal(undefined);
      await writer.settle(current(), wanted(), term);
    }
    expect(listOf(current())).to.deep.equal([GPU]);
  });
});

function carriedOut(object: KubeVirt, steps: readonly JsonPatchStep[]): KubeVirt {
  try {
    return patched(object, steps);
  } catch (error) {
    throw new ApiError((error as Error).message, 422, {});
  }
}

async function failure(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "it worked",
    (error: unknown) => (error as Error).message,
  );
}

function touched(object: KubeVirt): KubeVirt {
  const resourceVersion = String(Number(object.metadata.resourceVersion) + 1);
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}
