/** One node of the lab, whatever kernel it has: a Node object, an agent, and hardware under it that outlives the agent. */
export interface LabNode {
  readonly name: string;
  /** Starts the agent's process. When it has looked at the hardware, the Node carries its label. */
  startAgent(): Promise<void>;
  /** Ends the agent's process; resolves when it is gone. */
  stopAgent(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** What the node's own kernel says of a NIC's `sriov_numvfs`. */
  numVfs(address: string): Promise<number>;
  /** Path of the agent's log on this machine. */
  readonly agentLog: string;
}
