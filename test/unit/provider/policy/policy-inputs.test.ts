import { expect } from "chai";
import { type PartialPolicyInputs, policyInputFailures } from "../../../../provider/core/policy/policy-inputs.js";
import { settingsOf, specOf } from "../../../../provider/core/policy/policy-spec.js";

const none: ReadonlySet<string> = new Set<string>();
const sound: PartialPolicyInputs = {
  resourceName: "storage",
  nodeSelector: {},
  nicSelector: { vendor: "8086", deviceId: "10c9" },
  numVfs: 4,
  resourceUrn: "urn",
};

describe("inputs of a policy", () => {
  it("are sound where they are", () => {
    expect(policyInputFailures(sound, none)).to.deep.equal([]);
  });

  for (const name of ["resourceName", "nodeSelector", "nicSelector", "numVfs"] as const) {
    it(`must have ${name}`, () => {
      const failures = policyInputFailures({ ...sound, [name]: undefined }, none);
      expect(failures).to.deep.equal([{ property: name, reason: `${name} must be given` }]);
    });

    it(`may have a ${name} that is not known yet`, () => {
      expect(policyInputFailures({ ...sound, [name]: undefined }, new Set([name]))).to.deep.equal([]);
    });
  }

  it("are not at odds with one that is not known yet", () => {
    expect(policyInputFailures({ ...sound, vdpaType: "virtio" }, new Set(["eSwitchMode"]))).to.deep.equal([]);
    expect(policyInputFailures({ ...sound, vdpaType: "virtio" }, none)).to.have.length(1);
  });

  it("are told at the input, in the program's names", () => {
    const [failure] = policyInputFailures({ ...sound, nicSelector: { deviceId: "1" } }, none);
    expect(failure?.property).to.equal("nicSelector");
    expect(failure?.reason).to.match(/^nicSelector\.deviceId must be four hex digits/);
  });

  it("are told all at once", () => {
    const wrong = { ...sound, numVfs: -1, priority: 100, deviceType: "other" as "netdevice", policyName: "No Name" };
    expect(policyInputFailures(wrong, none).map(({ property }) => property)).to.have.members([
      "numVfs",
      "priority",
      "deviceType",
      "policyName",
    ]);
  });

  for (const maxUnavailable of [1, "2", "10%"]) {
    it(`take ${JSON.stringify(maxUnavailable)} for maxUnavailable`, () => {
      expect(policyInputFailures({ ...sound, maxUnavailable }, none)).to.deep.equal([]);
    });
  }

  for (const maxUnavailable of [0, 1.5, -1, "0", "101%", "some"]) {
    it(`take no ${JSON.stringify(maxUnavailable)} for maxUnavailable`, () => {
      expect(policyInputFailures({ ...sound, maxUnavailable }, none).map(({ property }) => property)).to.deep.equal([
        "maxUnavailable",
      ]);
    });
  }

  it("become a spec in v1's names, without what is not the spec's", () => {
    expect(specOf({ ...sound, mtu: 9000 })).to.deep.equal({
      resourceName: "storage",
      nodeSelector: {},
      nicSelector: { vendor: "8086", deviceID: "10c9" },
      numVfs: 4,
      mtu: 9000,
    });
  });

  it("are what a spec was made of", () => {
    const { resourceUrn, ...settings } = sound;
    const spec = {
      resourceName: "storage",
      nodeSelector: {},
      nicSelector: { vendor: "8086", deviceID: "10c9" },
      numVfs: 4,
    };
    expect(settingsOf(spec)).to.deep.equal(settings);
    expect(resourceUrn).to.equal("urn");
  });
});
