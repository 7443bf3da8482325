import { authorityFile, serviceAccountKeyFile } from "./api-server.js";

const kubeconfigFile = "controller-manager.kubeconfig";

export function controllerManagerFiles(kubeconfig: string): Record<string, string> {
  return { [kubeconfigFile]: kubeconfig };
}

/** Paths are relative to the working directory. */
export function controllerManagerArguments(): string[] {
  return [
    `--kubeconfig=${kubeconfigFile}`,
    `--service-account-private-key-file=${serviceAccountKeyFile}`,
    `--root-ca-file=${authorityFile}`,
    "--use-service-account-credentials",
    // A simulated node has no kubelet whose silence could mean anything.
    "--controllers=*,-node-lifecycle-controller",
    "--leader-elect=false",
    "--secure-port=0",
  ];
}
