import { expect } from "chai";
import { Annotation } from "../../../api/names.js";
import {
  MAX_MATCHED_DEVICES,
  MatchedDeviceState,
  type SriovNetworkNodePolicy,
} from "../../../api/sriov-network-node-policy.js";
import type { PlannedPolicy, PolicyMatch } from "../../../plan/policies/policy-plan.js";
import { stamped } from "../../../reconciler/controller/policies/conditions.js";
import type { DeviceState } from "../../../reconciler/controller/policies/device-roll-out.js";
import { isDone, policyStatus } from "../../../reconciler/controller/policies/policy-status.js";

describe("the status of a policy", () => {
  const policy = (annotations: Readonly<Record<string, string>> = {}): SriovNetworkNodePolicy => ({
    metadata: { name: "p", annotations },
    spec: { resourceName: "r", nodeSelector: {}, nicSelector: {}, numVfs: 2 },
  });
  const match = (device: string, problem?: PolicyMatch["problem"]): PolicyMatch => ({
    device,
    nodeName: "node",
    interfaceName: "eth",
    address: "0000:01:00.0",
    vfRange: "0-1",
    problem,
  });
  const planned = (matches: readonly PolicyMatch[], rest: Partial<PlannedPolicy> = {}): PlannedPolicy => ({
    name: "p",
    matches,
    problems: [],
    unsupported: [],
    ...rest,
  });
  /** By the states of NICs a, b, c, …. */
  const statusOf = (...states: MatchedDeviceState[]) => {
    const names = states.map((_, index) => String.fromCharCode(97 + index));
    const known = states.map((state, i): [string, DeviceState] => [names[i] ?? "", { state, message: `is ${state}` }]);
    return policyStatus(policy(), planned(names.map((name) => match(name))), new Map(), new Map(known));
  };
  const readyOf = (status: ReturnType<typeof statusOf>): string => {
    const [ready] = status.conditions;
    return `${ready?.status ?? ""} ${ready?.reason ?? ""}: ${ready?.message ?? ""}`;
  };

  const CASES: readonly (readonly [MatchedDeviceState[], string])[] = [
    [["Ready", "Ready"], "True Configured: 2 of 2 NICs are as asked"],
    [["Ready", "Configuring"], "False Configuring: 1 of 2 NICs are as asked, 1 being changed"],
    [["Configuring", "Failed"], "False Configuring: 0 of 2 NICs are as asked, 1 being changed; b: Failed: is Failed"],
    [["Waiting", "Ready"], "False Configuring: 1 of 2 NICs are as asked, 1 waiting for their turn"],
    [
      ["Waiting", "Failed"],
      "False Incomplete: 0 of 2 NICs are as asked, 1 waiting for their turn; b: Failed: is Failed",
    ],
    [["Ready", "Conflict"], "False Incomplete: 1 of 2 NICs are as asked; b: Conflict: is Conflict"],
    [["InUse"], "False Incomplete: 0 of 1 NICs are as asked; a: InUse: is InUse"],
    [
      ["Failed", "Failed", "Failed", "Failed", "Failed"],
      "False Incomplete: 0 of 5 NICs are as asked; a: Failed: is Failed; b: Failed: is Failed; c: Failed: is Failed; " +
        "and 2 more, see matchedDevices",
    ],
  ];
  for (const [states, said] of CASES) {
    it(`is ${said.split(":")[0] ?? ""} with NICs that are ${states.join(", ")}`, () => {
      expect(readyOf(statusOf(...states))).to.equal(said);
    });
  }

  it("is Ready, and says so, where no NIC is selected", () => {
    expect(readyOf(statusOf())).to.match(/^True NothingMatched: no NIC/);
  });

  it("names what is malformed", () => {
    const problems = [{ property: "numVfs", reason: "numVfs must be 0 or more, not -1" }];
    const status = policyStatus(policy(), planned([], { problems }), new Map(), new Map());
    expect(readyOf(status)).to.equal("False Invalid: numVfs must be 0 or more, not -1");
  });

  it("tells what is not carried out in a condition of its own", () => {
    const status = policyStatus(policy(), planned([], { unsupported: ["isRdma: true"] }), new Map(), new Map());
    expect(status.conditions[1]).to.include({
      type: "Unsupported",
      status: "True",
      message: "not carried out here: isRdma: true",
    });
  });

  it("tells of a limit that is none, and what it counts as", () => {
    const odd = policy({ [Annotation.maxUnavailable]: "many" });
    const status = policyStatus(odd, planned([]), new Map(), new Map());
    expect(readyOf(status)).to.match(/max-unavailable must be .* not the text "many"; it counts as 1$/);
  });

  it("takes another policy that goes before for a conflict, and what the NIC cannot for invalid", () => {
    const problem = (kind: NonNullable<PolicyMatch["problem"]>["kind"]) => match(kind, { kind, message: "because" });
    const kinds = [
      "overlap",
      "sameResource",
      "externallyManaged",
      "tooMany",
      "range",
      "linkType",
      "unsupported",
    ] as const;
    const { matchedDevices } = policyStatus(policy(), planned(kinds.map(problem)), new Map(), new Map());
    expect(matchedDevices.map(({ state }) => state)).to.deep.equal([
      ...["Conflict", "Conflict", "Conflict"],
      ...["Invalid", "Invalid", "Invalid", "Invalid"],
    ]);
  });

  it("counts every NIC, and lists as many as it has room for, those with problems among them", () => {
    const states = Array.from({ length: MAX_MATCHED_DEVICES + 10 }, (): MatchedDeviceState => "Ready");
    states[states.length - 1] = "Failed";
    const status = statusOf(...states);
    expect([status.matched, status.ready]).to.deep.equal([510, 509]);
    expect(status.matchedDevices).to.have.length(MAX_MATCHED_DEVICES);
    expect(status.matchedDevices.at(-1)?.state).to.equal("Failed");
  });

  it("is done with every NIC Ready, and not where there is none", () => {
    expect([isDone(statusOf("Ready")), isDone(statusOf("Ready", "Failed")), isDone(statusOf())]).to.deep.equal([
      true,
      false,
      false,
    ]);
  });

  it("keeps the time of a condition that says what it said", () => {
    const first = stamped(statusOf("Failed"), 1, [], new Date(0));
    const second = stamped(statusOf("Conflict"), 2, first.conditions, new Date(9_000));
    expect(second.conditions[0]).to.include({ lastTransitionTime: "1970-01-01T00:00:00Z", observedGeneration: 2 });
    const third = stamped(statusOf("Ready"), 2, second.conditions, new Date(9_000));
    expect(third.conditions[0]?.lastTransitionTime).to.equal("1970-01-01T00:00:09Z");
  });
});
