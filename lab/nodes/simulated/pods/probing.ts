import { request as requestHttp, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import type { ContainerSpec, Probe } from "./node-pod.js";

export interface ProbeListener {
  /** Success, as often as the threshold asks for, and each one after that. */
  succeeded(): void;
  /** As `succeeded`; `why` is the latest answer. */
  failed(why: string): void;
}

/**
 * What has not succeeded is asked again this soon, so that a roll-out need not wait for a probe's period. As failures only those
 * count that are a period apart.
 */
const EAGER_MS = 200;

/** Asks until `signal` aborts. @param address of the pod. */
export async function probe(
  { httpGet, ...probe }: Probe,
  container: ContainerSpec,
  address: string,
  listener: ProbeListener,
  signal: AbortSignal,
): Promise<void> {
  const { initialDelaySeconds = 0, periodSeconds = 10, timeoutSeconds = 1 } = probe;
  const { successThreshold = 1, failureThreshold = 3 } = probe;
  const isAborted = (): boolean => signal.aborted;
  const periodMs = periodSeconds * 1_000;
  let successes = 0;
  let failures = 0;
  let counted = -Infinity;
  await pause(initialDelaySeconds * 1_000, signal);
  while (!isAborted()) {
    const problem =
      httpGet === undefined
        ? "the simulated kubelet has no probe but httpGet"
        : await ask(httpGet, container, address, timeoutSeconds * 1_000, signal);
    if (isAborted()) return;
    if (problem === undefined) {
      failures = 0;
      if (++successes >= successThreshold) listener.succeeded();
    } else {
      successes = 0;
      if (Date.now() - counted >= periodMs) {
        failures++;
        counted = Date.now();
        if (failures >= failureThreshold) listener.failed(problem);
      }
    }
    await pause(problem === undefined ? periodMs : Math.min(periodMs, EAGER_MS), signal);
  }
}

/** What is wrong with the answer; undefined for nothing. */
function ask(
  { host, port, path = "/", scheme = "HTTP" }: NonNullable<Probe["httpGet"]>,
  container: ContainerSpec,
  address: string,
  timeoutMs: number,
  stopping: AbortSignal,
): Promise<string | undefined> {
  const number = typeof port === "number" ? port : portNamed(container, port);
  const options: RequestOptions = {
    host: host === undefined || host === "127.0.0.1" || host === "localhost" ? address : host,
    port: number,
    path,
    agent: false,
    headers: { "user-agent": "kube-probe/lab" },
    signal: AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)]),
  };
  return new Promise((resolve) => {
    // A kubelet does not look at certificates here either.
    const asking = scheme === "HTTPS" ? requestHttps({ ...options, rejectUnauthorized: false }) : requestHttp(options);
    asking.on("error", (error) => resolve(`Get ${path} of ${address}:${number}: ${error.message}`));
    asking.on("response", (response) => {
      response.resume();
      const { statusCode = 0 } = response;
      const isGood = statusCode >= 200 && statusCode < 400;
      resolve(isGood ? undefined : `HTTP probe failed with statuscode: ${statusCode}`);
    });
    asking.end();
  });
}

function portNamed({ ports = [] }: ContainerSpec, name: string): number {
  return ports.find((port) => port.name === name)?.containerPort ?? Number(name);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
