import { readFileSync } from "node:fs";
import type { Lab } from "../lab/lab.js";

/** One stage of one request, as the API server writes it down. */
export interface AuditEvent {
  readonly auditID: string;
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly requestReceivedTimestamp: string;
  readonly userAgent?: string;
  readonly user: { readonly username: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
  /** Absent for what is no object, such as the list of kinds. */
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  /** What it was answered with; of a watch also what it began with. */
  readonly responseStatus?: { readonly code: number; readonly message?: string };
}

/** All that the API server of a lab has been asked, in the order in which it was written down; `lab` must keep an audit log. */
export function auditEvents(lab: Lab): AuditEvent[] {
  const lines = readFileSync(lab.controlPlane.auditLog ?? "", "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as AuditEvent);
}
