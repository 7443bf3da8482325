import { RemoteKernel } from "../remote/remote-kernel.js";
import { connectToSimulatedNode } from "./node-connection.js";

/** The kernel of a simulated node that another process serves at `socketPath`. */
export class SimulatedKernel extends RemoteKernel {
  constructor(socketPath: string) {
    super(connectToSimulatedNode(socketPath));
  }
}
