import { describe } from "./describe-value.js";

/** Why a value cannot be a VF count, or nothing. */
export function numVfsProblem(value: unknown): string | undefined {
  if (typeof value !== "number") return `must be a number, not ${describe(value)}`;
  if (!Number.isInteger(value)) return `must be a whole number, not ${value}`;
  if (value < 0) return `must be 0 or more, not ${value}`;
  return undefined;
}

/** Why a NIC cannot have so many VFs, or nothing. `totalVfs` is undefined where the maximum is not known. */
export function aboveMaximumProblem(device: string, numVfs: number, totalVfs: number | undefined): string | undefined {
  if (totalVfs === undefined || numVfs <= totalVfs) return undefined;
  return `${device} supports at most ${totalVfs} ${totalVfs === 1 ? "VF" : "VFs"}, not ${numVfs}`;
}

/** Why a text cannot be a PCI address, or nothing. */
export function addressProblem(value: unknown): string | undefined {
  if (typeof value === "string" && /^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/.test(value)) return undefined;
  return `must be a PCI address such as 0000:04:00.0 (lower case, with domain), not ${describe(value)}`;
}

/** Why a value cannot be the name of something, or nothing. */
export function nameProblem(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? undefined : `must be a name, not ${describe(value)}`;
}
