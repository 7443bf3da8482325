import { isDeepStrictEqual } from "node:util";
import { expect } from "chai";
import fc from "fast-check";
import type { KubeVirt } from "../../../../api/kubevirt.js";
import { Annotation } from "../../../../api/names.js";
import { type Entry, isRendered, keyOf, ownEntries } from "../../../../reconciler/controller/kubevirt/own-entries.js";
import { planList, type Wanted } from "../../../../reconciler/controller/kubevirt/plan-list.js";
import { patched } from "./json-patch.js";
import { kubeVirt, listOf, ours } from "./kube-virt.js";

/** One list, its other authors, who remember what is theirs, and a controller that remembers nothing. */
class World {
  /** Of every place of the list, whether it is somebody else's. */
  private theirs: boolean[];
  private wanted: Wanted = { entries: [], undecided: new Set() };

  constructor(private object: KubeVirt) {
    this.theirs = this.list.map(() => true);
  }

  get list(): unknown[] {
    return listOf(this.object);
  }

  get ofOthers(): unknown[] {
    return this.list.filter((_, index) => this.theirs[index]);
  }

  /** Claims come and go; the controller has not looked yet. */
  ask(entries: readonly Entry[], undecided: readonly string[]): void {
    this.wanted = { entries, undecided: new Set(undecided) };
  }

  add(entry: unknown, at: number): void {
    // One that is to the letter what the controller has added comes after that, so that they can be told apart.
    const index = isTwin(entry) ? this.list.length : at % (this.list.length + 1);
    this.edit((list) => list.splice(index, 0, entry));
    this.theirs.splice(index, 0, true);
  }

  remove(at: number): void {
    const own = this.theirs.flatMap((isTheirs, index) => (isTheirs ? [index] : []));
    const index = own[at % Math.max(1, own.length)];
    if (index !== undefined) this.drop(index);
  }

  /** Somebody takes out what the controller has added; of two that are equal nobody can tell whose is gone. */
  takeOut(at: number): void {
    const foreign = this.theirs.flatMap((isTheirs, index) => (isTheirs ? [] : [index]));
    const index = foreign[at % Math.max(1, foreign.length)];
    if (index === undefined) return;
    const twins = this.list.filter((found) => isDeepStrictEqual(found, this.list[index]));
    if (twins.length === 1) this.drop(index);
  }

  /** What a controller plans that is killed, or loses the race, is good for nothing later. */
  planInVain(entry: unknown): void {
    const plan = planList(this.object, this.wanted);
    this.add(entry, 0);
    if (plan.kind === "change") expect(() => patched(this.object, plan.steps)).to.throw("testing");
  }

  settle(): void {
    const { ofOthers, object } = this;
    const plan = planList(object, this.wanted);
    if (plan.kind === "change") this.object = touched(patched(object, plan.steps));
    const own = ownEntries(this.object);
    const places = new Set(own.map((entry) => this.list.findIndex((found) => isRendered(found, entry))));
    this.theirs = this.list.map((_, index) => !places.has(index));
    expect(this.ofOthers, "entries of others").to.deep.equal(ofOthers);
    expect(allElse(this.object), "all else").to.deep.equal(allElse(object));
    this.expectWanted(own);
    expect(planList(this.object, this.wanted), "a second look").to.deep.equal({ kind: "asWanted" });
  }

  private expectWanted(own: readonly Entry[]): void {
    const { entries, undecided } = this.wanted;
    const keys = new Set(entries.map(keyOf));
    const isAsked = (entry: Entry): boolean => keys.has(keyOf(entry)) || undecided.has(entry.resourceName);
    expect(
      own.filter((entry) => !isAsked(entry)),
      "what nobody wants",
    ).to.deep.equal([]);
    const missing = entries.filter((entry) => !this.list.some((found) => meansSame(found, entry)));
    expect(missing, "what claims want").to.deep.equal([]);
  }

  private drop(index: number): void {
    this.edit((list) => list.splice(index, 1));
    this.theirs.splice(index, 1);
  }

  private edit(change: (list: unknown[]) => void): void {
    const object = structuredClone(this.object);
    change(listOf(object));
    this.object = touched(object);
  }
}

const NAMES = ["intel.com/A", "intel.com/B"];
const SELECTORS = ["8086:10CA", "8086:10ED"];
const entries: Entry[] = NAMES.flatMap((resourceName) =>
  SELECTORS.map((pciVendorSelector) => ({ pciVendorSelector, resourceName })),
);

/** Like what claims want, in all ways in which it can be. */
const foreign = fc.oneof(
  fc.constantFrom(...entries).map(ours),
  fc.constantFrom(...entries),
  fc
    .constantFrom(...entries)
    .map((entry) => ({ ...ours(entry), pciVendorSelector: entry.pciVendorSelector.toLowerCase() })),
  fc.constantFrom(...entries).map((entry) => ({ ...entry, externalResourceProvider: false })),
  fc.constantFrom<unknown>(null, {}, "x", { resourceName: NAMES[0] }),
);

type Deed = (world: World) => void;

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.tuple(fc.subarray(entries), fc.subarray(NAMES, { maxLength: 1 })).map(
    ([asked, undecided]): Deed =>
      (world) =>
        world.ask(asked, undecided),
  ),
  fc.tuple(foreign, fc.nat(20)).map(
    ([entry, at]): Deed =>
      (world) =>
        world.add(entry, at),
  ),
  fc.nat(20).map(
    (at): Deed =>
      (world) =>
        world.remove(at),
  ),
  fc.nat(20).map((at): Deed => (world) => {
    world.takeOut(at);
    world.settle();
  }),
  foreign.map(
    (entry): Deed =>
      (world) =>
        world.planInVain(entry),
  ),
  fc.constant<Deed>((world) => world.settle()),
);

describe("any list of devices that KubeVirt permits", () => {
  it("has what claims want, and keeps entries of others, equal and in order", () => {
    fc.assert(
      fc.property(fc.array(foreign, { maxLength: 5 }), fc.array(deed, { maxLength: 40 }), (list, deeds) => {
        const world = new World(configured(structuredClone(list)));
        for (const act of [...deeds, (last: World) => last.settle()]) act(world);
      }),
      { numRuns: 500 },
    );
  });

  it("is as it was once the last claim is gone", () => {
    fc.assert(
      fc.property(
        fc.array(foreign, { maxLength: 5 }),
        fc.array(fc.subarray(entries), { maxLength: 10 }),
        (list, asked) => {
          const world = new World(configured(structuredClone(list)));
          for (const each of [...asked, []]) {
            world.ask(each, []);
            world.settle();
          }
          expect(world.list).to.deep.equal(list);
        },
      ),
      { numRuns: 200 },
    );
  });
});

function isTwin(entry: unknown): boolean {
  return entries.some((own) => isRendered(entry, own));
}

function meansSame(found: unknown, { pciVendorSelector, resourceName }: Entry): boolean {
  const { pciVendorSelector: selector = "", ...rest } = (found ?? {}) as Partial<Entry>;
  const isExternal = (rest as Record<string, unknown>)["externalResourceProvider"] === true;
  return isExternal && rest.resourceName === resourceName && selector.toLowerCase() === pciVendorSelector.toLowerCase();
}

function configured(pciHostDevices: readonly unknown[]): KubeVirt {
  const permittedHostDevices = { usb: [{ resourceName: "kubevirt.io/usb" }], pciHostDevices };
  return kubeVirt({ workloads: {}, configuration: { network: {}, permittedHostDevices } });
}

/** The object but for the list, the annotation about it, and its version. */
function allElse(object: KubeVirt): unknown {
  const { metadata, spec } = structuredClone(object);
  listOf({ metadata, ...(spec && { spec }) }).length = 0;
  const { annotations, resourceVersion, ...others } = metadata;
  const { [Annotation.permittedPciDevices]: _, ...othersOfOthers } = annotations ?? {};
  return { spec, metadata: { ...others, annotations: othersOfOthers } };
}

/** Every write gives an object a version that it never had. */
function touched(object: KubeVirt): KubeVirt {
  const resourceVersion = String(Number(object.metadata.resourceVersion) + 1);
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}
