import { createConnection } from "node:net";
import { Connection } from "../remote/connection.js";

/** To the simulated node that is served at `socketPath`; it connects with the first request. */
export function connectToSimulatedNode(socketPath: string): Connection {
  return new Connection({
    connect: () => createConnection(socketPath),
    name: `The simulated node at ${socketPath}`,
    advice: "Is its process (lab/nodes/simulated/main.js) running?",
  });
}
