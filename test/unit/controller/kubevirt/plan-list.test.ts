import { expect } from "chai";
import type { KubeVirt } from "../../../../api/kubevirt.js";
import { Annotation } from "../../../../api/names.js";
import { contended, planList, type Wanted } from "../../../../reconciler/controller/kubevirt/plan-list.js";
import { patched } from "./json-patch.js";
import { GPU, kubeVirt, listOf, OTHER_VF, ours, own, VF, wanted, withList } from "./kube-virt.js";

/** The object after what is planned. */
function planned(before: KubeVirt, asked: Wanted): KubeVirt {
  const plan = planList(before, asked);
  return plan.kind === "change" ? patched(before, plan.steps) : before;
}

function ownOf({ metadata }: KubeVirt): unknown {
  const text = metadata.annotations?.[Annotation.permittedPciDevices];
  return text === undefined ? undefined : JSON.parse(text);
}

describe("the list of devices that KubeVirt permits", () => {
  const nothing = wanted();
  const added = [
    ["ends with what claims want", withList([GPU]), wanted(VF), [GPU, ours(VF)]],
    [
      "has two kinds of device under one name",
      withList([ours(VF)], own(VF)),
      wanted(VF, { ...VF, pciVendorSelector: "8086:10ED" }),
      [ours(VF), ours({ ...VF, pciVendorSelector: "8086:10ED" })],
    ],
    [
      "has the claims' entry beside one of its name that leaves the advertising to KubeVirt",
      withList([VF]),
      wanted(VF),
      [VF, ours(VF)],
    ],
    [
      "has the claims' entry beside one of its name with another selector",
      withList([ours({ ...VF, pciVendorSelector: "1:2" })]),
      wanted(VF),
      [ours({ ...VF, pciVendorSelector: "1:2" }), ours(VF)],
    ],
    ["gets back what somebody has taken from it", withList([GPU], own(VF)), wanted(VF), [GPU, ours(VF)]],
    ["keeps entries that are none", withList([null, "x", 4, {}, [VF]]), wanted(VF), [null, "x", 4, {}, [VF], ours(VF)]],
  ] as const;
  for (const [what, before, asked, after] of added) {
    it(what, () => expect(listOf(planned(before, asked))).to.deep.equal(after));
  }

  const removed = [
    [
      "loses what no claim wants any more",
      withList([GPU, ours(VF), ours(OTHER_VF)], own(VF, OTHER_VF)),
      wanted(OTHER_VF),
      [GPU, ours(OTHER_VF)],
    ],
    [
      "loses several at once, whatever stands between",
      withList([ours(VF), GPU, ours(OTHER_VF), VF], own(VF, OTHER_VF)),
      nothing,
      [GPU, VF],
    ],
    [
      "loses of two equal entries the one that was there first",
      withList([ours(VF), GPU, ours(VF)], own(VF)),
      nothing,
      [GPU, ours(VF)],
    ],
    [
      "loses one kind of device under a name, and keeps the other",
      withList([ours(VF), ours({ ...VF, pciVendorSelector: "1:2" })], '{"intel.com/82576_VF":["8086:10CA","1:2"]}'),
      wanted(VF),
      [ours(VF)],
    ],
  ] as const;
  for (const [what, before, asked, after] of removed) {
    it(what, () => expect(listOf(planned(before, asked))).to.deep.equal(after));
  }

  const kept = [
    ["is as wanted where no claim is there", withList([GPU]), nothing],
    ["is as wanted where there is no list", kubeVirt({}), nothing],
    ["is as wanted where it has what claims want", withList([GPU, ours(VF)], own(VF)), wanted(VF)],
    ["is as wanted where somebody had permitted it before", withList([ours(VF)]), wanted(VF)],
    [
      "is as wanted where somebody had permitted it, in small letters",
      withList([{ ...ours(VF), pciVendorSelector: "8086:10ca" }]),
      wanted(VF),
    ],
    ["keeps an entry with the claims' words that was somebody else's before", withList([ours(VF)]), nothing],
    [
      "keeps what is the controller's own, where the kind of a claim's device is not known",
      withList([ours(VF)], own(VF)),
      { entries: [], undecided: new Set([VF.resourceName]) },
    ],
    ["is left alone where the annotation cannot be read", withList([ours(VF)], '["8086:10CA"'), nothing],
    ["is left alone where the annotation is no object", withList([ours(VF)], '["8086:10CA"]'), nothing],
    [
      "is left alone where the annotation names selectors that are none",
      withList([ours(VF)], '{"intel.com/82576_VF":[4, null]}'),
      nothing,
    ],
    [
      "is left alone where the annotation names no selectors",
      withList([ours(VF)], '{"intel.com/82576_VF":"8086:10CA"}'),
      nothing,
    ],
    ["is left alone where it is no list and nothing is wanted", withList({}), nothing],
  ] as const;
  for (const [what, before, asked] of kept) {
    it(what, () => expect(planList(before, asked)).to.deep.equal({ kind: "asWanted" }));
  }

  const permitted = { permittedHostDevices: { pciHostDevices: [ours(VF)] } };
  const usb = [{ resourceName: "kubevirt.io/usb" }];
  const blocks = [
    ["there is no spec", undefined, { configuration: permitted }],
    ["there is no configuration", { workloads: {} }, { workloads: {}, configuration: permitted }],
    ["the configuration is null", { configuration: null }, { configuration: permitted }],
    ["nothing is permitted", { configuration: { network: {} } }, { configuration: { network: {}, ...permitted } }],
    ["permittedHostDevices is null", { configuration: { permittedHostDevices: null } }, { configuration: permitted }],
    [
      "other kinds of device are permitted alone",
      { configuration: { permittedHostDevices: { usb, mediatedDevices: [] } } },
      { configuration: { permittedHostDevices: { usb, mediatedDevices: [], pciHostDevices: [ours(VF)] } } },
    ],
    ["it is null", { configuration: { permittedHostDevices: { pciHostDevices: null } } }, { configuration: permitted }],
  ] as const;
  for (const [what, before, after] of blocks) {
    it(`is made where ${what}`, () => expect(planned(kubeVirt(before), wanted(VF)).spec).to.deep.equal(after));
  }

  const unreadable = [
    ["the list", withList({}), "spec.configuration.permittedHostDevices.pciHostDevices"],
    ["the block", kubeVirt({ configuration: { permittedHostDevices: [] } }), "spec.configuration.permittedHostDevices"],
    ["the configuration", kubeVirt({ configuration: "x" }), "spec.configuration"],
  ] as const;
  for (const [what, before, path] of unreadable) {
    it(`is not touched where ${what} is something else`, () => {
      expect(planList(before, wanted(VF))).to.deep.equal({ kind: "unreadable", path });
    });
  }
});

describe("the annotation that says which entries are the controller's", () => {
  const cases = [
    ["names what is added", withList([GPU]), wanted(VF), { [VF.resourceName]: [VF.pciVendorSelector] }],
    [
      "does not name what somebody had permitted before",
      withList([ours(VF)]),
      wanted(VF, OTHER_VF),
      { [OTHER_VF.resourceName]: [OTHER_VF.pciVendorSelector] },
    ],
    [
      "names several kinds of device under one name",
      withList([]),
      wanted(VF, { ...VF, pciVendorSelector: "1:2" }),
      { [VF.resourceName]: [VF.pciVendorSelector, "1:2"] },
    ],
    [
      "names no longer what is removed",
      withList([ours(VF), ours(OTHER_VF)], own(VF, OTHER_VF)),
      wanted(VF),
      { [VF.resourceName]: [VF.pciVendorSelector] },
    ],
    ["goes with the last", withList([ours(VF)], own(VF)), wanted(), undefined],
    ["goes where somebody has removed the last that no claim wants", withList([GPU], own(VF)), wanted(), undefined],
    [
      "does not name any more what somebody has changed",
      withList([{ ...ours(VF), pciVendorSelector: "8086:10ca" }], own(VF)),
      wanted(VF),
      undefined,
    ],
    [
      "is repaired where it could not be read",
      withList([], "{"),
      wanted(VF),
      { [VF.resourceName]: [VF.pciVendorSelector] },
    ],
  ] as const;
  for (const [what, before, asked, after] of cases) {
    it(what, () => expect(ownOf(planned(before, asked))).to.deep.equal(after));
  }

  it("leaves other annotations as they are", () => {
    const before = withList([GPU]);
    const annotated = { ...before, metadata: { ...before.metadata, annotations: { "a/b": "c" } } };
    expect(planned(annotated, wanted(VF)).metadata.annotations).to.include({ "a/b": "c" });
  });

  it("comes and goes without anything else being changed", () => {
    const before = withList([GPU]);
    const { metadata, ...rest } = planned(planned(before, wanted(VF, OTHER_VF)), wanted());
    expect(rest).to.deep.equal({ spec: before.spec });
    expect(metadata).to.deep.equal({ ...before.metadata, annotations: {} });
  });
});

describe("the steps by which the list is changed", () => {
  it("fit no other version of the object", () => {
    const before = withList([GPU]);
    const plan = planList(before, wanted(VF));
    if (plan.kind !== "change") throw new Error(plan.kind);
    const later = { ...before, metadata: { ...before.metadata, resourceVersion: "8" } };
    expect(() => patched(later, plan.steps)).to.throw("testing /metadata/resourceVersion failed");
  });

  it("carry no entry of others", () => {
    const plan = planList(withList([GPU, ours(VF)], own(VF)), wanted(OTHER_VF));
    expect(JSON.stringify(plan)).not.to.include(GPU.resourceName);
  });
});

describe("entries by which KubeVirt advertises as well what claims offer", () => {
  const renamed = { pciVendorSelector: "8086:10ca", resourceName: "example.com/vf" };
  const otherKind = { ...VF, pciVendorSelector: "1:2" };
  const cases = [
    ["one that does not say otherwise", [VF], [VF]],
    ["one that says so", [{ ...VF, externalResourceProvider: false }], [VF]],
    ["one of the same name for devices of another kind", [otherKind], [otherKind]],
    ["one of another name for devices of the same kind", [renamed], [renamed]],
    ["none of another provider", [ours(VF), ours(renamed)], []],
    ["none of other names and kinds", [GPU, null, { resourceName: VF.resourceName }], []],
  ] as const;
  for (const [what, list, found] of cases) {
    it(`are ${what}`, () => expect(contended(withList(list), [VF])).to.deep.equal(found));
  }
});
