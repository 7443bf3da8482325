import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { Lab } from "../../lab/lab.js";
import type { RealNode } from "../../lab/nodes/real-node.js";
import { bundle } from "../../image/bundle-reconciler.js";
import { bundleEnv, bundleFlags } from "../../image/runtime.js";
import { listRuns } from "../../lab/processes/lab-run.js";
import { join } from "node:path";
import { type AuditEvent, auditEvents } from "../audit-log.js";
import { ChangeWatch } from "./change-watch.js";
import type { Figure } from "./figure.js";

const NICS = 4;
const VFS_EACH = 64;
const REST_MINUTES = 2;
/** After a change the agent looks again for a while, in case udev is late. */
const SETTLE_MS = 20_000;

/** A simulated node with many VFs, whose agent is one bundled file as it ships. */
export async function addNodeWithManyVfs(lab: Lab, name: string): Promise<void> {
  const agentProgram = join(lab.run.dir, "simulated-agent.cjs");
  await bundle("lab/nodes/simulated/agent.ts", agentProgram);
  const nics = Array.from({ length: NICS }, (_, index) => ({
    address: `0000:0${index + 1}:00.0`,
    interfaces: [{ name: `nic${index}` }],
    totalVfs: VFS_EACH,
  }));
  const agentEnv = bundleEnv(lab.run.dir);
  await lab.addSimulatedNode(name, { spec: { nics }, agentProgram, agentNodeFlags: bundleFlags, agentEnv });
  const watch = await ChangeWatch.open(lab);
  for (let index = 0; index < NICS; index++) await watch.change(`${name}-nic${index}`, VFS_EACH);
  await watch.close();
}

/** Two minutes in which nobody wants anything. `lab` keeps an audit log. */
export async function benchRest(lab: Lab, guest: RealNode, many: string): Promise<readonly Figure[]> {
  await setTimeout(SETTLE_MS);
  const pid = Number(await guest.guest.read("/run/lab/agent.pid"));
  const ticksBefore = await ticksInGuest(guest, pid);
  const began = new Date();
  await setTimeout(REST_MINUTES * 60_000);
  const ticks = (await ticksInGuest(guest, pid)) - ticksBefore;
  const events = auditEvents(lab);
  const requestsOf = (node: string): Requests => countRequests(events, node, began);
  const [real, simulated] = [requestsOf(guest.name), requestsOf(many)];
  const vfs = NICS * VFS_EACH;
  const atRest = (what: string, value: number): Pick<Figure, "what" | "value"> => ({ what: `at rest: ${what}`, value });
  return [
    { ...atRest(`writes in ${REST_MINUTES} minutes, guest`, real.writes), unit: "", target: 0, peer: "60–72 a minute" },
    { ...atRest(`writes in ${REST_MINUTES} minutes, ${vfs} VFs`, simulated.writes), unit: "", target: 0 },
    { ...atRest("reads, guest", real.reads / REST_MINUTES), unit: "a minute", target: 2 },
    { ...atRest(`reads, ${vfs} VFs`, simulated.reads / REST_MINUTES), unit: "a minute", target: 2 },
    { ...atRest("watches, guest", real.watches), unit: "", target: 4, peer: "25" },
    // Linux counts 100 ticks a second for every process.
    { ...atRest("CPU in the guest", ticks / (REST_MINUTES * 60)), unit: "%", target: 0.5, below: true, peer: "4 %" },
    { what: `resident memory, ${vfs} VFs`, value: residentMb(lab, many), unit: "MB", target: 80, peer: "90 MB, 4 VFs" },
    { what: "resident memory in the guest, 4 VFs", value: await residentMbInGuest(guest, pid), unit: "MB" },
  ];
}

async function ticksInGuest(guest: RealNode, pid: number): Promise<number> {
  const stat = await guest.guest.read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

async function residentMbInGuest(guest: RealNode, pid: number): Promise<number> {
  return residentMbOf(await guest.guest.read(`/proc/${pid}/status`));
}

function residentMb(lab: Lab, node: string): number {
  const processes = listRuns().find(({ id }) => id === lab.run.id)?.processes ?? [];
  const agent = processes.find(({ name, alive }) => alive && name === `${node}-agent`);
  return residentMbOf(readFileSync(`/proc/${agent?.pid ?? 0}/status`, "utf8"));
}

function residentMbOf(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1_000;
}

interface Requests {
  readonly writes: number;
  readonly reads: number;
  /** Different ones that are open at the end. */
  readonly watches: number;
}

function countRequests(events: readonly AuditEvent[], node: string, since: Date): Requests {
  // All agents are one account; which node one is on, its credentials tell.
  const own = events.filter(({ user }) => user.extra?.["authentication.kubernetes.io/node-name"]?.includes(node));
  if (own.length === 0) throw new Error(`the audit log has no request of the agent on ${node}`);
  const recent = own.filter((event) => Date.parse(event.requestReceivedTimestamp) >= since.getTime());
  const done = (verbs: readonly string[], among: readonly AuditEvent[]): number =>
    among.filter(({ stage, verb }) => stage === "ResponseComplete" && verbs.includes(verb)).length;
  const reads = ["get", "list"];
  const ended = new Set(own.filter(({ stage }) => stage === "ResponseComplete").map(({ auditID }) => auditID));
  const open = own.filter(
    ({ verb, stage, auditID }) => verb === "watch" && stage !== "ResponseComplete" && !ended.has(auditID),
  );
  return {
    writes: done(["create", "update", "patch", "delete", "deletecollection"], recent),
    reads: done(reads, recent),
    watches: new Set(open.map(({ requestURI }) => watched(requestURI))).size,
  };
}

/** What is watched, whatever version and deadline a watch of it began with. */
function watched(requestUri: string): string {
  const { pathname, searchParams } = new URL(requestUri, "https://server");
  return [pathname, searchParams.get("labelSelector"), searchParams.get("fieldSelector")].join(" ");
}
