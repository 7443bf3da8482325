import * as pulumi from "@pulumi/pulumi";
import {
  getPciDevices,
  getPciDevicesOutput,
  getSriovCapability,
  getSriovCapabilityOutput,
  getSriovNetworkDevices,
  getSriovNetworkDevicesOutput,
} from "../../../sdk/index.js";

/**
 * A program of its own, without an engine: asks one lookup by both forms, prints the answers as a line of JSON each, and ends
 * when nothing keeps it. Configuration comes by the environment, as the engine gives it; lookup and filter by argument.
 */
async function main(): Promise<void> {
  const [lookup = "", filter = "{}"] = process.argv.slice(2);
  const [plain, asOutput] = lookups[lookup] ?? [];
  if (plain === undefined || asOutput === undefined) throw new Error(`no lookup "${lookup}"`);
  const args = JSON.parse(filter) as Readonly<Record<string, unknown>>;
  console.log(JSON.stringify(await plain(args)));
  const kubeconfig = pulumi.secret(new pulumi.Config("sriov").require("kubeconfig"));
  const outputs = Object.entries(args).map(([name, value]): [string, unknown] => [name, pulumi.output(value)]);
  const output = asOutput({ kubeconfig, ...Object.fromEntries(outputs) });
  output.apply((answer) => console.log(JSON.stringify(answer)));
  console.log(JSON.stringify({ isSecret: await pulumi.isSecret(output) }));
}

type Lookup = readonly [(args: object) => Promise<unknown>, (args: object) => pulumi.Output<unknown>];

const lookups: Readonly<Record<string, Lookup>> = {
  getPciDevices: [getPciDevices, getPciDevicesOutput],
  getSriovCapability: [getSriovCapability, getSriovCapabilityOutput],
  getSriovNetworkDevices: [getSriovNetworkDevices, getSriovNetworkDevicesOutput],
};

void main();
