import { MatchedDeviceState } from "../../../api/sriov-network-node-policy.js";
import type { KubeObject } from "../../../api/object.js";
import type { Informer } from "../../../kube/informer.js";
import { type Verdict, waitFor, WaitTimeout } from "../../../kube/wait.js";
import type { Operation } from "../resource.js";
import { type Answerer, watchForSilence } from "../silence.js";
import { inTime } from "../waiting.js";

/** A NIC that does not have what a policy asks for. */
export interface FailingNic {
  readonly name: string;
  readonly state: MatchedDeviceState;
  readonly message?: string;
}

/** NICs do not get what the policy asks for; the others have it. */
export class NicsFailed extends Error {
  override readonly name = "NicsFailed";

  constructor(
    policy: string,
    readonly nics: readonly FailingNic[],
  ) {
    super(`policy ${policy}: ${describeFailing(nics)}`);
  }
}

/** What is waited for, in the terms of whoever carries policies out. */
export interface NicWait {
  readonly policy: string;
  readonly informer: Pick<Informer<KubeObject>, "onChange">;
  readonly answerer: Answerer;
  /** Nobody has taken note of the policy as it is. */
  isSilent(): boolean;
  /** Satisfied once all NICs are as far as they get, with those that do not get what they should. */
  verdict(): Verdict<readonly FailingNic[]>;
}

/** A controller acknowledges at once, but another one takes over only when the Lease of one that has died runs out. */
const SILENCE_LIMIT_MS = 30_000;

/** What has failed is tried again by itself; failure for this long, with nothing else under way, is an answer. */
const FAILURE_MS = 15_000;

/** Waits until every NIC that the policy selects has what it asks for. @throws {NicsFailed} */
export async function awaitNics(operation: Operation, nics: NicWait): Promise<void> {
  await awaitAnswer(operation, nics);
  try {
    for (;;) {
      const failing = await wait(operation, nics, () => nics.verdict(), operation.deadline);
      if (failing.length === 0) return;
      if (failing.some(({ state }) => state !== MatchedDeviceState.Failed)) throw new NicsFailed(nics.policy, failing);
      operation.log.status(`${describeFailing(failing)}; it is tried again`);
      if (!(await hasChanged(operation, nics, failing))) throw new NicsFailed(nics.policy, failing);
    }
  } catch (error) {
    const next = "The policy stands, and is carried out further; the next up waits again.";
    throw inTime(operation, error, `policy ${nics.policy}: not all NICs were ready in time`, next);
  }
}

/** Waits until somebody has taken note of the policy. */
async function awaitAnswer(operation: Operation, nics: NicWait): Promise<void> {
  const silence = watchForSilence(operation, nics.answerer, () => nics.isSilent());
  const limit = Date.now() + SILENCE_LIMIT_MS;
  try {
    const verdict = (): Verdict<undefined> =>
      nics.isSilent()
        ? { state: "pending", what: `waiting for ${nics.answerer.who}` }
        : { state: "satisfied", result: undefined };
    await wait(operation, nics, verdict, Math.min(operation.deadline, limit));
  } catch (error) {
    if (!(error instanceof WaitTimeout)) throw error;
    const finding = silence.finding() ?? `${nics.answerer.who} does not answer; ${nics.answerer.advice}`;
    // Past the limit, more time would change nothing.
    const { moreTime = "" } = operation.deadline < limit ? operation : {};
    throw new Error(
      `policy ${nics.policy} is there, but nobody carries it out: ${finding}. The policy stands; the next up goes on from ` +
        `here. ${moreTime}`.trim(),
      { cause: error },
    );
  } finally {
    silence.stop();
  }
}

/** Whether anything else becomes of NICs that have failed. */
async function hasChanged(operation: Operation, nics: NicWait, failing: readonly FailingNic[]): Promise<boolean> {
  const before = describeFailing(failing);
  const verdict = (): Verdict<boolean> => {
    const now = nics.verdict();
    const same = now.state === "satisfied" && describeFailing(now.result) === before;
    return same ? { state: "pending", what: "" } : { state: "satisfied", result: true };
  };
  try {
    return await wait(operation, nics, verdict, Math.min(operation.deadline, Date.now() + FAILURE_MS));
  } catch (error) {
    if (error instanceof WaitTimeout) return false;
    throw error;
  }
}

function wait<R>(
  { log, signal }: Operation,
  { informer }: NicWait,
  verdict: () => Verdict<R>,
  deadline: number,
): Promise<R> {
  const onPending = (what: string): void => {
    if (what !== "") log.status(what);
  };
  return waitFor(informer, verdict, { deadline, signal, onPending });
}

function describeFailing(nics: readonly FailingNic[]): string {
  const lines = nics.map(
    ({ name, state, message }) => `\n  - ${name}: ${state}${message === undefined ? "" : `: ${message}`}`,
  );
  return `${nics.length} ${nics.length === 1 ? "NIC does" : "NICs do"} not have what it asks for:${lines.join("")}`;
}
