import { join } from "node:path";
import type { LabRun } from "../processes/lab-run.js";
import { Administrator } from "./administrator.js";
import { apiServerArguments, apiServerFiles, isServing } from "./api-server.js";
import { createAuthority } from "./certificate-authority.js";
import { controllerManagerArguments, controllerManagerFiles } from "./controller-manager.js";
import { etcdArguments } from "./etcd.js";
import { findBinaries, findScheduler } from "./find-binaries.js";
import { freePort } from "./free-port.js";
import { renderKubeconfig } from "./kubeconfig.js";
import { writePrivateFiles } from "./private-files.js";
import { schedulerArguments, schedulerFiles } from "./scheduler.js";
import { startServer, type Server } from "./server.js";
import { requestToken, type TokenRequest } from "./service-account-token.js";

/**
 * A real etcd, kube-apiserver and kube-controller-manager, and a kube-scheduler where it was asked for, without any node. They
 * end with their run.
 */
export interface ControlPlane {
  /** `https://127.0.0.1:PORT`. Its certificate is also for `localhost` and for 10.0.2.2, the host in a QEMU guest's eyes. */
  readonly server: string;
  readonly caPem: string;
  /** Path of a cluster administrator's kubeconfig (mode 0600). */
  readonly kubeconfig: string;
  /** Text of a kubeconfig for a user with a client certificate of its own. `groups`: default none. */
  kubeconfigFor(user: string, groups?: readonly string[], options?: KubeconfigOptions): Promise<string>;
  /** Text of a kubeconfig with a bearer token of a service account. Creates namespace and account where missing. */
  serviceAccountKubeconfig(request: TokenRequest & KubeconfigOptions): Promise<string>;
  readonly apiServer: Server;
  readonly controllerManager: Server;
  /** Only where it was asked for. */
  readonly scheduler?: Server;
  /** Path of the audit log, one JSON object a request; only where `audit` was asked for. */
  readonly auditLog?: string;
}

export interface KubeconfigOptions {
  /** The API server's address as that user sees it; default `ControlPlane.server`. */
  readonly server?: string;
}

export interface ControlPlaneOptions {
  readonly log?: (line: string) => void;
  /** Keep an audit log; default false. */
  readonly audit?: boolean;
  /** Give pods to nodes; default false: a pod without `nodeName` stays `Pending`. */
  readonly scheduler?: boolean;
}

/**
 * Starts a control plane as part of a run and resolves when it answers. Gets the programs where they are missing, which
 * can take minutes the first time.
 *
 * @throws Error if the programs cannot be had, or with the end of its output if one of them doesn't start.
 */
export async function startControlPlane(run: LabRun, options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { log = () => undefined, audit = false } = options;
  const binaries = await findBinaries(run, log);
  const kubeScheduler = options.scheduler === true ? await findScheduler(run, log) : undefined;
  const dir = join(run.dir, "control-plane");
  const port = await freePort();
  const server = `https://127.0.0.1:${port}`;
  const authority = await createAuthority("pulumi-sriov lab");
  const caPem = authority.certificatePem;
  const kubeconfigFor: ControlPlane["kubeconfigFor"] = async (user, groups = [], { server: address = server } = {}) =>
    renderKubeconfig({ server: address, caPem, user, credentials: await authority.issueClient(user, groups) });
  const user = "lab-admin";
  const credentials = await authority.issueClient(user, ["system:masters"]);
  const administrator = new Administrator({ server, caPem, credentials });

  writePrivateFiles(dir, {
    ...(await apiServerFiles(authority)),
    ...controllerManagerFiles(await kubeconfigFor("system:kube-controller-manager")),
    ...(kubeScheduler !== undefined && schedulerFiles(await kubeconfigFor("system:kube-scheduler"))),
    "admin.kubeconfig": renderKubeconfig({ server, caPem, user, credentials }),
  });
  const etcd = await startServer(run, { name: "etcd", command: binaries.etcd, args: etcdArguments(), cwd: dir });
  const apiServer = await startServer(run, {
    name: "kube-apiserver",
    command: binaries["kube-apiserver"],
    args: apiServerArguments({ port, audit }),
    cwd: dir,
    isReady: () => isServing(administrator),
    needs: etcd,
  });
  const controllerManager = await startServer(run, {
    name: "kube-controller-manager",
    command: binaries["kube-controller-manager"],
    args: controllerManagerArguments(),
    cwd: dir,
  });
  const scheduler =
    kubeScheduler &&
    (await startServer(run, { name: "kube-scheduler", command: kubeScheduler, args: schedulerArguments(), cwd: dir }));
  return {
    server,
    caPem,
    kubeconfig: join(dir, "admin.kubeconfig"),
    kubeconfigFor,
    serviceAccountKubeconfig: async ({ server: address = server, ...request }) => {
      const token = await requestToken(administrator, request);
      return renderKubeconfig({ server: address, caPem, user: request.name, credentials: { token } });
    },
    apiServer,
    controllerManager,
    ...(scheduler && { scheduler }),
    ...(audit && { auditLog: join(run.dir, "logs", "audit.log") }),
  };
}
