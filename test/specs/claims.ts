/** Specs of PCIDeviceClaims, right and wrong ones: for whoever checks them, the API server or a preview. */

type Fields = Readonly<Record<string, unknown>>;

/** What all others differ from in the fields that they give; of these, what is undefined is left out. */
export const CLAIM_SPEC: Fields = { address: "0000:04:10.1", nodeName: "node1", userName: "alice" };

const LONG_NODE = "n".repeat(63).concat(".").repeat(3).concat("n".repeat(52));

export const ACCEPTED_CLAIMS: readonly (readonly [what: string, fields: Fields])[] = [
  ["an address of a long domain", { address: "10000:e1:00.0" }],
  ["an address of the longest domain", { address: "7fffffff:ff:1f.7" }],
  ["a node with dots and dashes in its name", { nodeName: "worker-1.example.org" }],
  ["a node whose name and address fill a name of 253 characters", { nodeName: LONG_NODE.slice(0, 243) }],
  ["an empty user, as an import may leave it", { userName: "" }],
  ["a user with blanks", { userName: "Alice of the network team" }],
  ["a name of its own in the pool's place", { disableResourcePooling: true }],
  ["a pool, said", { disableResourcePooling: false }],
];

/** Where: the property that is named; why: what the API server says of it. */
export const REFUSED_CLAIMS: readonly (readonly [what: string, fields: Fields, where: string, why: string])[] = [
  ["no address", { address: undefined }, "spec.address", "Required value"],
  ["an empty address", { address: "" }, "spec.address", "should match"],
  ["an address that is a name", { address: "eno49" }, "spec.address", "should match"],
  ["an address without a domain", { address: "04:10.1" }, "spec.address", "should match"],
  ["an address in capitals", { address: "0000:AF:10.1" }, "spec.address", "should match"],
  ["an address of a device that no bus has", { address: "0000:04:20.1" }, "spec.address", "should match"],
  ["an address of a function that no device has", { address: "0000:04:10.8" }, "spec.address", "should match"],
  ["an address with more after it", { address: "0000:04:10.1 " }, "spec.address", "should match"],
  ["an address of too long a domain", { address: "000000000:04:10.1" }, "spec.address", "may not be more than 16"],
  ["an address of null", { address: null }, "spec.address", "Required value"],
  ["no node", { nodeName: undefined }, "spec.nodeName", "Required value"],
  ["an empty node", { nodeName: "" }, "spec.nodeName", "should be at least 1 chars long"],
  ["a node whose name no node can have", { nodeName: "n".repeat(254) }, "spec.nodeName", "may not be more than 253"],
  ["no user", { userName: undefined }, "spec.userName", "Required value"],
  ["a user who is a number", { userName: 1 }, "spec.userName", "must be of type string"],
  ["a pool that is a text", { disableResourcePooling: "no" }, "spec.disableResourcePooling", "must be of type boolean"],
];

/** A node whose name leaves no room for an address beside it. */
export const LONG_NODE_NAME = LONG_NODE.slice(0, 244);
