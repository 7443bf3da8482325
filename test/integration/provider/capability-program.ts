import * as pulumi from "@pulumi/pulumi";
import { getSriovCapability, getSriovCapabilityOutput } from "../../../sdk/index.js";

/**
 * A program of its own, without an engine: asks for the capability by both forms, prints the answers as a line of JSON each,
 * and ends when nothing keeps it. Configuration comes by the environment, as the engine gives it.
 */
async function main(): Promise<void> {
  console.log(JSON.stringify(await getSriovCapability()));
  const kubeconfig = pulumi.secret(new pulumi.Config("sriov").require("kubeconfig"));
  const output = getSriovCapabilityOutput({ kubeconfig });
  output.apply((answer) => console.log(JSON.stringify(answer)));
  console.log(JSON.stringify({ isSecret: await pulumi.isSecret(output) }));
}

void main();
