import { expect } from "chai";
import type { ManagedFieldsEntry } from "../../../api/object.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { describeTaken, takenFields } from "../../../provider/core/object-drift.js";

const OURS = "pulumi-sriov-0123456789ab-01234567";
const spec = { numVfs: 2, nicSelector: { vendor: "8086", pfNames: ["eno49"] } };
const everything = { "f:numVfs": {}, "f:nicSelector": { "f:vendor": {}, "f:pfNames": {} } };

function owned(...owners: readonly (readonly [string, object])[]) {
  const managedFields = owners.map(([manager, fields]) => ({ manager, fieldsV1: { "f:spec": fields } }));
  return { metadata: { name: "p", namespace: "n", managedFields: managedFields as readonly ManagedFieldsEntry[] } };
}

describe("the fields that others have taken from a resource", () => {
  it("are none where all are its own", () => {
    expect(takenFields(owned([OURS, everything]), spec, OURS)).to.deep.equal([]);
  });

  it("are none where others own the same beside it", () => {
    expect(takenFields(owned([OURS, everything], ["a", everything]), spec, OURS)).to.deep.equal([]);
  });

  it("are told one by one, also within an object", () => {
    const theirs = { "f:nicSelector": { "f:vendor": {} } };
    const ours = { "f:numVfs": {}, "f:nicSelector": { "f:pfNames": {} } };
    expect(takenFields(owned([OURS, ours], ["a", theirs]), spec, OURS)).to.deep.equal([
      { field: "nicSelector.vendor", owners: ["a"] },
    ]);
  });

  it("are told where the schema has an object owned as a whole", () => {
    const object = owned([OURS, { "f:numVfs": {} }], ["a", { "f:nicSelector": {} }]);
    const fields = takenFields(object, spec, OURS).map(({ field }) => field);
    expect(fields).to.deep.equal(["nicSelector.vendor", "nicSelector.pfNames"]);
  });

  it("are none that the resource has not set", () => {
    expect(takenFields(owned([OURS, everything], ["a", { "f:mtu": {} }]), spec, OURS)).to.deep.equal([]);
  });

  it("are none that nobody owns any more", () => {
    expect(takenFields(owned(), spec, OURS)).to.deep.equal([]);
  });

  it("are not lost to who is passed over", () => {
    expect(takenFields(owned(["a", everything]), spec, OURS, ["a"])).to.deep.equal([]);
  });

  it("are told with the object, the owner, and how to take them back", () => {
    const object = owned(["a", { "f:numVfs": {} }]);
    const taken = takenFields(object, spec, OURS);
    expect(describeTaken(SRIOV_NETWORK_NODE_POLICY, object, taken, false)).to.equal(
      'SriovNetworkNodePolicy n/p: numVfs is owned by field manager "a", no longer by this resource. To take it back, set ' +
        'forceConflicts: true, or have "a" let go of it.',
    );
    expect(describeTaken(SRIOV_NETWORK_NODE_POLICY, object, taken, true)).to.match(/up takes it back, since/);
    expect(describeTaken(SRIOV_NETWORK_NODE_POLICY, object, [], false)).to.equal(undefined);
  });
});
