/** Reasons of the events that an agent records. */
export const EventReason = {
  /** The VF count was changed as the object asks. */
  VfsChanged: "VfsChanged",
  /** MTUs and drivers of VFs were set as the object asks. */
  Adjusted: "Adjusted",
  /** The VFs that a node had before it was restarted are there again. */
  Restored: "Restored",
  /** VFs were destroyed though they were in use, as somebody had allowed; the message says whose. */
  Disrupted: "Disrupted",
  /** The NIC has its VFs, and its own interface could not be set up, so that they have no link. */
  LinkDown: "LinkDown",
  /** A change was refused, or failed; the message says by whom and why. */
  ChangeRefused: "ChangeRefused",
  /** The hardware no longer has what was reported: somebody changed it past the agent, or the node was restarted. */
  Drift: "Drift",
  /** On the Node: a NIC that can have VFs is not offered, and why. */
  NicLeftOut: "NicLeftOut",
  /** On a claim: its device is bound to vfio-pci; or was given back; or neither, and why. */
  Bound: "Bound",
  Released: "Released",
  ClaimRefused: "ClaimRefused",
  /** The NIC vanished, or came back. */
  DeviceGone: "DeviceGone",
  DeviceBack: "DeviceBack",
} as const;

export type EventReason = (typeof EventReason)[keyof typeof EventReason];
