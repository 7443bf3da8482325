import { ReadyReason } from "../../../api/sriov-network-device.js";

/** What came of a pass over a NIC. */
export type Outcome =
  /** `shortcoming`: the VFs are there, and something beside them is not as it should be. */
  { readonly kind: "configured"; readonly shortcoming?: string | undefined } | { readonly kind: "unmanaged" } | Refusal;

/** Why it could not be done, for people: what was tried, what was answered, and what to do. */
export interface Refusal {
  readonly kind: "inUse" | "groupsInUse" | "usersUnknown" | "tooMany" | "notEligible" | "kernelRefused" | "notListed";
  readonly message: string;
}

/** One that says all of them; with what the kernel refused among them it is tried again. */
export function joined(refusals: readonly (Refusal | undefined)[]): Refusal | undefined {
  const all = refusals.filter((refusal) => refusal !== undefined);
  const first = all.find(({ kind }) => kind === "kernelRefused") ?? all[0];
  return first && { kind: first.kind, message: all.map(({ message }) => message).join(" ") };
}

/** The reason of the Ready condition that tells of it. */
export function reasonOf(outcome: Outcome): ReadyReason {
  return REASONS[outcome.kind];
}

/** The word that metrics count it under. */
export function resultOf(outcome: Outcome): string {
  return outcome.kind === "configured" ? "configured" : reasonOf(outcome);
}

const REASONS: Readonly<Record<Outcome["kind"], ReadyReason>> = {
  configured: ReadyReason.Configured,
  unmanaged: ReadyReason.Unmanaged,
  inUse: ReadyReason.InUse,
  groupsInUse: ReadyReason.GroupsInUse,
  usersUnknown: ReadyReason.UsersUnknown,
  tooMany: ReadyReason.TooManyVFs,
  notEligible: ReadyReason.NotEligible,
  kernelRefused: ReadyReason.KernelRefused,
  notListed: ReadyReason.NotListed,
};
