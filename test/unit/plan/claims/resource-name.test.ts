import { expect } from "chai";
import { Annotation } from "../../../../api/names.js";
import { claimResourceName, resourceNameProblem } from "../../../../plan/claims/resource-name.js";

const device = { resourceName: "intel.com/82576_VIRTUAL_FUNCTION" };
const spec = { address: "0000:04:10.2", nodeName: "node1", userName: "alice" };
const metadata = { name: "node1-000004102" };
const overridden = (name: string) => ({ ...metadata, annotations: { [Annotation.overrideResourceName]: name } });

describe("the resource name of a claim", () => {
  it("is the device's own", () => {
    expect(claimResourceName({ metadata, spec }, device)).deep.equal({ resourceName: device.resourceName });
  });

  it("is what the annotation says, pooled or not", () => {
    const claim = { metadata: overridden("example.com/Fast_nic.1"), spec: { ...spec, disableResourcePooling: true } };
    expect(claimResourceName(claim, device)).deep.equal({ resourceName: "example.com/Fast_nic.1" });
  });

  it("is the PCIDevice's name behind the vendor's domain where it shares no pool", () => {
    const claim = { metadata, spec: { ...spec, disableResourcePooling: true } };
    expect(claimResourceName(claim, device)).deep.equal({ resourceName: "intel.com/node1-000004102" });
  });

  it("stays valid, and one device's alone, on a node with a long name", () => {
    const nodeName = `${"n".repeat(60)}.example.com`;
    const names = ["0000:04:10.2", "0000:04:10.4"].map((address) =>
      claimResourceName({ metadata, spec: { ...spec, nodeName, address, disableResourcePooling: true } }, device),
    );
    for (const name of names) expect("resourceName" in name && resourceNameProblem(name.resourceName)).equal(undefined);
    expect(names[0]).not.deep.equal(names[1]);
  });

  it("is refused with the annotation's name and what to do", () => {
    expect(claimResourceName({ metadata: overridden("nic"), spec }, device)).deep.equal({
      problem:
        'the annotation pcidevice.harvesterhci.io/override-resource-name must be a prefix, "/" and a name, such as ' +
        '"example.com/nic", not "nic". Set the annotation to a name such as example.com/nic, or take it away.',
    });
  });

  it("is refused where the device has none", () => {
    const name = claimResourceName({ metadata, spec }, { resourceName: "" });
    expect("problem" in name && name.problem).match(/^the device's resource name must be a prefix/);
  });
});

describe("a resource name that a kubelet takes", () => {
  const ok = [
    "intel.com/10ed",
    "a/b",
    "openshift.io/Fast-nic_2.x",
    `example.com/${"x".repeat(63)}`,
    `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(52)}/nic`,
  ];
  for (const name of ok) {
    it(`is ${name.slice(0, 30)} (${name.length} characters)`, () => {
      expect(resourceNameProblem(name)).equal(undefined);
    });
  }

  const bad: readonly (readonly [string, RegExp])[] = [
    ["", /a prefix, "\/" and a name/],
    ["nic", /a prefix, "\/" and a name/],
    ["example.com/a/b", /a prefix, "\/" and a name/],
    ["/nic", /a domain's name before/],
    ["Example.com/nic", /a domain's name before/],
    ["example..com/nic", /a domain's name before/],
    ["exam ple.com/nic", /a domain's name before/],
    ["example.com/", /behind the "\/", beginning and ending/],
    ["example.com/-nic", /behind the "\/", beginning and ending/],
    ["example.com/nic.", /behind the "\/", beginning and ending/],
    ["example.com/n(i)c", /behind the "\/", beginning and ending/],
    [`example.com/${"x".repeat(64)}`, /at most 63 characters behind the "\/", not 64/],
    [`${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(53)}/nic`, /at most 244 .* not 245/],
    ["kubernetes.io/nic", /outside kubernetes\.io/],
    ["node.kubernetes.io/nic", /outside kubernetes\.io/],
    ["notkubernetes.io/nic", /outside kubernetes\.io/],
    ["requests.example.com/nic", /without "requests\."/],
  ];
  for (const [name, problem] of bad) {
    it(`is not ${name.slice(0, 30)} (${name.length} characters)`, () => {
      expect(resourceNameProblem(name)).match(problem);
    });
  }
});
