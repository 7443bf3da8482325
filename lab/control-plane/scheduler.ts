const kubeconfigFile = "scheduler.kubeconfig";

export function schedulerFiles(kubeconfig: string): Record<string, string> {
  return { [kubeconfigFile]: kubeconfig };
}

/** Paths are relative to the working directory. */
export function schedulerArguments(): string[] {
  return [`--kubeconfig=${kubeconfigFile}`, "--leader-elect=false", "--secure-port=0"];
}
