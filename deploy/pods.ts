import type { Container, EnvVar, PodSpec, Probe } from "./kinds.js";
import type { ReconcilerSettings } from "./settings.js";

/** What the pods of agents and controllers have in common. */
export function podSpec(
  { imagePullSecrets }: ReconcilerSettings,
  serviceAccountName: string,
  rest: Omit<PodSpec, "serviceAccountName">,
): PodSpec {
  return {
    serviceAccountName,
    // The account itself says no, so that a pod which merely runs as it gets no token.
    automountServiceAccountToken: true,
    // Variables for each Service of the namespace, of which none is read.
    enableServiceLinks: false,
    // By the node's resolver: the API server is reached by address, or by a name for which no pod of a DNS service need run.
    dnsPolicy: "Default",
    ...(imagePullSecrets.length > 0 && { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
    ...rest,
  };
}

/** What their containers have in common. The image's entrypoint is the reconciler; `args` begin with its command. */
export function container(
  { image, imagePullPolicy, apiServer }: ReconcilerSettings,
  { env = [], ...rest }: Omit<Container, "image">,
): Container {
  return {
    image,
    imagePullPolicy,
    env: [
      ...env,
      ...(apiServer === undefined
        ? []
        : [
            { name: "KUBERNETES_SERVICE_HOST", value: apiServer.host },
            { name: "KUBERNETES_SERVICE_PORT", value: String(apiServer.port) },
          ]),
    ],
    ...rest,
  };
}

/** An environment variable with a field of the pod, such as `spec.nodeName`. */
export function fieldOfPod(name: string, fieldPath: string): EnvVar {
  return { name, valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } } };
}

/**
 * Probes of the plain HTTP port. On a node that is short of processors a process may take five minutes to start, and after
 * that not answer for three, until it is started anew: to be started too early costs such a node what it is short of.
 *
 * @param host Of a pod on its node's network: the address that the process listens on. Default: the pod's
 */
export function probes(
  port: number,
  host?: string,
): Pick<Container, "startupProbe" | "livenessProbe" | "readinessProbe"> {
  const get = (path: string): Probe => ({
    httpGet: { path, port, scheme: "HTTP", ...(host !== undefined && { host }) },
    timeoutSeconds: 5,
  });
  return {
    startupProbe: { ...get("/healthz"), periodSeconds: 2, failureThreshold: 150 },
    livenessProbe: { ...get("/healthz"), periodSeconds: 10, failureThreshold: 18 },
    readinessProbe: { ...get("/readyz"), periodSeconds: 5, failureThreshold: 2 },
  };
}
