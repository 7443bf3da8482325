import { expect } from "chai";
import type { SriovNetworkDevice } from "../../../../api/sriov-network-device.js";
import type { Condition } from "../../../../api/object.js";
import { progressOf } from "../../../../plan/policies/device-progress.js";
import type { DevicePlan } from "../../../../plan/policies/policy-plan.js";

const GROUP = { resourceName: "r", policyName: "p1", vfRange: "0-1", deviceType: "netdevice" } as const;
const PLAN: DevicePlan = {
  device: "node1-ens803f1",
  nodeName: "node1",
  numVfs: 2,
  mtu: 9000,
  vfGroups: [GROUP],
  policies: ["p1"],
};
const CONTROLLER = "pulumi-sriov-controller";

const ready = (status: "True" | "False", reason: string, message = "so it is"): Condition => ({
  type: "Ready",
  status,
  reason,
  message,
  lastTransitionTime: "2026-01-01T00:00:00Z",
});

interface Given {
  readonly spec?: Partial<SriovNetworkDevice["spec"]>;
  readonly status?: SriovNetworkDevice["status"];
  readonly condition?: Condition;
  readonly metadata?: Partial<SriovNetworkDevice["metadata"]>;
}

/** A device that has what PLAN says, but for what is given. */
function device({ spec, status, condition = ready("True", "Configured"), metadata }: Given = {}): SriovNetworkDevice {
  return {
    metadata: { name: "node1-ens803f1", generation: 3, ...metadata },
    spec: { address: "0000:86:00.1", nodeName: "node1", numVFS: 2, mtu: 9000, vfGroups: [GROUP], ...spec },
    status: { observedGeneration: 3, conditions: [condition], vfAddresses: ["a", "b"], ...status },
  };
}

const ownedBy = (manager: string, ...fields: readonly string[]) => ({
  managedFields: [{ manager, fieldsV1: { "f:spec": Object.fromEntries(fields.map((field) => [`f:${field}`, {}])) } }],
});

const stateOf = (plan: Partial<DevicePlan>, given?: Given) => progressOf({ ...PLAN, ...plan }, device(given)).state;

describe("a device's progress", () => {
  it("is Ready where the device has what the plan says, with nothing more to say", () => {
    expect(progressOf(PLAN, device())).to.deep.equal({ state: "Ready" });
  });

  const pending: readonly (readonly [string, Partial<DevicePlan>, Given?])[] = [
    ["another number is asked of it", { numVfs: 3 }],
    ["another MTU is asked of it", { mtu: 1500 }],
    ["it still has an older MTU", {}, { spec: { mtu: 1500 } }],
    ["no group is there yet", {}, { spec: { vfGroups: [] } }],
    ["a group more is there", {}, { spec: { vfGroups: [GROUP, { ...GROUP, vfRange: "2-3" }] } }],
    [
      "one group of two is another",
      { vfGroups: [GROUP, { ...GROUP, vfRange: "2-3" }] },
      { spec: { vfGroups: [GROUP, { ...GROUP, vfRange: "2-4" }] } },
    ],
    [
      "the controller still has groups that no policy asks for",
      { vfGroups: [] },
      { metadata: ownedBy(CONTROLLER, "vfGroups") },
    ],
    ["a group's range is another", { vfGroups: [{ ...GROUP, vfRange: "0-0" }] }],
    ["a group's resource name is another", { vfGroups: [{ ...GROUP, resourceName: "s" }] }],
    ["a group's policy is another", { vfGroups: [{ ...GROUP, policyName: "p2" }] }],
    ["a group's device type is another", { vfGroups: [{ ...GROUP, deviceType: "vfio-pci" }] }],
    ["a group's MTU is another", { vfGroups: [{ ...GROUP, mtu: 9000 }] }],
    ["a group's vhost-net is another", { vfGroups: [{ ...GROUP, needVhostNet: true }] }],
    ["a group's topology is another", { vfGroups: [{ ...GROUP, excludeTopology: true }] }],
    [
      "the controller still has an MTU that no policy asks for",
      { mtu: undefined },
      { metadata: ownedBy(CONTROLLER, "mtu") },
    ],
    [
      "the controller still has a number that is somebody else's by now",
      { numVfs: undefined },
      { metadata: ownedBy(CONTROLLER, "numVFS") },
    ],
    [
      "the plan's 0 is nothing but the API's default",
      { numVfs: 0 },
      { spec: { numVFS: 0 }, condition: ready("True", "Unmanaged") },
    ],
    [
      "the plan's 0 is the API's default, and the kernel has refused something else",
      { numVfs: 0 },
      { spec: { numVFS: 0 }, status: { countManaged: false }, condition: ready("False", "KernelRefused") },
    ],
  ];
  for (const [when, plan, given] of pending) {
    it(`is Pending while ${when}`, () => {
      expect(progressOf({ ...PLAN, ...plan }, device(given))).to.deep.equal({
        state: "Pending",
        message: "the controller has not asked it of node1-ens803f1 yet",
      });
    });
  }

  it("is Pending before a device has any groups or number", () => {
    const bare = device();
    const { address, nodeName } = bare.spec;
    const plan = { ...PLAN, mtu: undefined };
    expect(progressOf(plan, { ...bare, spec: { address, nodeName } }).state).to.equal("Pending");
    expect(progressOf(plan, { ...bare, spec: { address, nodeName, numVFS: 2 } }).state).to.equal("Pending");
  });

  it("is Ready where a plan without groups meets a device that never had any", () => {
    const { vfGroups, ...spec } = device().spec;
    expect(vfGroups).to.have.length(1);
    expect(progressOf({ ...PLAN, vfGroups: [] }, { ...device(), spec }).state).to.equal("Ready");
  });

  it("is Ready where the agent says so, whatever addresses it lists", () => {
    expect(stateOf({}, { status: { vfAddresses: [] } })).to.equal("Ready");
  });

  it("takes no field for the controller's that others, or none, are known to have set", () => {
    const managedFields = [
      { manager: CONTROLLER },
      { manager: CONTROLLER, fieldsV1: { "f:status": {} } },
      { manager: CONTROLLER, fieldsV1: { "f:spec": {} } },
    ];
    expect(stateOf({ mtu: undefined }, { metadata: { managedFields } })).to.equal("Ready");
  });

  it("is Ready where defaults are written on one side alone", () => {
    const { deviceType, ...short } = GROUP;
    expect(deviceType).to.equal("netdevice");
    const spec = { vfGroups: [{ ...short, needVhostNet: false, excludeTopology: false }] };
    expect(stateOf({}, { spec })).to.equal("Ready");
    expect(stateOf({ vfGroups: spec.vfGroups })).to.equal("Ready");
  });

  it("does not mind groups, an MTU or a number that somebody else has set", () => {
    expect(stateOf({ vfGroups: [] }, { metadata: ownedBy("kubectl", "vfGroups") })).to.equal("Ready");
    expect(stateOf({ mtu: undefined }, { metadata: ownedBy("kubectl", "mtu") })).to.equal("Ready");
    expect(stateOf({ mtu: undefined }, { metadata: ownedBy(CONTROLLER, "vfGroups") })).to.equal("Ready");
    expect(stateOf({ numVfs: undefined }, { metadata: ownedBy("kubectl", "numVFS") })).to.equal("Ready");
    expect(stateOf({}, { metadata: ownedBy("kubectl", "numVFS") })).to.equal("Ready");
  });

  it("is Conflict, in the controller's words, while somebody is in the way", () => {
    const metadata = { annotations: { "devices.harvesterhci.io/policy-conflict": "kubectl has set numVFS" } };
    expect(progressOf({ ...PLAN, numVfs: 3 }, device({ metadata }))).to.deep.equal({
      state: "Conflict",
      message: "kubectl has set numVFS",
    });
    expect(stateOf({}, { metadata })).to.equal("Ready");
  });

  const configuring: readonly (readonly [string, Given])[] = [
    ["the agent speaks of an older generation", { status: { observedGeneration: 2 } }],
    ["the agent has said nothing", { status: { conditions: [] } }],
    [
      "the agent has not seen that a number is declared",
      { condition: ready("True", "Unmanaged"), metadata: ownedBy(CONTROLLER, "numVFS") },
    ],
    [
      "the agent says that no number is declared, though the NIC has a trouble of its own",
      {
        status: { countManaged: false },
        condition: ready("False", "GroupsInUse"),
        metadata: ownedBy(CONTROLLER, "numVFS"),
      },
    ],
  ];
  for (const [when, given] of configuring) {
    it(`is Configuring while ${when}`, () => {
      expect(progressOf(PLAN, device(given))).to.deep.equal({
        state: "Configuring",
        message: "the agent of node node1 has not taken it up yet",
      });
    });
  }

  it("is Configuring while the device has no status at all", () => {
    const { metadata, spec } = device();
    expect(progressOf(PLAN, { metadata, spec }).state).to.equal("Configuring");
  });

  const reasons: readonly (readonly [string, string])[] = [
    ["Configuring", "Configuring"],
    ["InUse", "InUse"],
    ["GroupsInUse", "InUse"],
    ["TooManyVFs", "Invalid"],
    ["KernelRefused", "Failed"],
    ["NotEligible", "Failed"],
    ["UsersUnknown", "Failed"],
    ["NotListed", "Failed"],
    ["DeviceGone", "Failed"],
    ["SomethingNew", "Failed"],
  ];
  for (const [reason, state] of reasons) {
    it(`is ${state} where the agent says ${reason}, in the agent's words`, () => {
      const condition = ready("False", reason, `because of ${reason}`);
      expect(progressOf(PLAN, device({ condition }))).to.deep.equal({ state, message: `because of ${reason}` });
    });
  }

  describe("where somebody else makes the VFs", () => {
    const external = { numVfs: undefined, mtu: undefined, vfGroups: [GROUP, { ...GROUP, vfRange: "2-3" }] };
    const spec = { vfGroups: external.vfGroups };

    it("is Configuring, with how many there are, until they are there", () => {
      expect(progressOf({ ...PLAN, ...external }, device({ spec }))).to.deep.equal({
        state: "Configuring",
        message: "node1-ens803f1 has 2 of the 4 VFs that somebody else is to make (externallyManaged)",
      });
    });

    it("counts none where the device tells none", () => {
      const { state, message } = progressOf(
        { ...PLAN, ...external },
        { ...device({ spec }), status: { observedGeneration: 3, conditions: [ready("True", "Unmanaged")] } },
      );
      expect(state).to.equal("Configuring");
      expect(message).to.include("has 0 of the 4");
    });

    it("is Ready once they are there, though nobody has declared a number", () => {
      const status = { vfAddresses: ["a", "b", "c", "d"] };
      expect(stateOf(external, { spec, status, condition: ready("True", "Unmanaged") })).to.equal("Ready");
    });

    it("is Ready where none are wanted", () => {
      const none = { numVfs: undefined, mtu: undefined, vfGroups: [] };
      expect(stateOf(none, { spec: { vfGroups: [] }, status: { vfAddresses: [] } })).to.equal("Ready");
    });
  });
});
