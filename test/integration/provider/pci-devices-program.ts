import * as pulumi from "@pulumi/pulumi";
import { getPciDevices, getPciDevicesOutput } from "../../../sdk/index.js";

/**
 * A program of its own, without an engine: asks for PCI devices by both forms, prints the answers as a line of JSON each, and
 * ends when nothing keeps it. Configuration comes by the environment, as the engine gives it; the NIC by argument.
 */
async function main(): Promise<void> {
  const [parentDevice = ""] = process.argv.slice(2);
  console.log(JSON.stringify(await getPciDevices({ parentDevice })));
  const kubeconfig = pulumi.secret(new pulumi.Config("sriov").require("kubeconfig"));
  const output = getPciDevicesOutput({ kubeconfig, parentDevice: pulumi.output(parentDevice) });
  output.apply((answer) => console.log(JSON.stringify(answer)));
  console.log(JSON.stringify({ isSecret: await pulumi.isSecret(output) }));
}

void main();
