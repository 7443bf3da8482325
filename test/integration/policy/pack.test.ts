import { credentials } from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import * as proto from "@pulumi/pulumi/proto/analyzer_pb.js";
import { expect } from "chai";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** As the package ships it, started and asked as an engine does. */
describe("the shipped policy pack", () => {
  const repository = join(__dirname, "..", "..", "..", "..");
  const folder = join(repository, "node_modules", "pulumi-sriov", "policy");
  let served: ChildProcess;
  let client: AnalyzerClient;

  const analyze = async (props: Parameters<typeof Struct.fromJavaScript>[0]): Promise<proto.AnalyzeDiagnostic[]> => {
    const request = new proto.AnalyzeRequest();
    request.setType("pulumi-nodejs:dynamic/sriov:SriovNetworkNodePolicy");
    request.setUrn("urn:pulumi:dev::net::pulumi-nodejs:dynamic/sriov:SriovNetworkNodePolicy::pool");
    request.setName("pool");
    request.setOptions(new proto.AnalyzerResourceOptions());
    request.setProperties(Struct.fromJavaScript(props));
    const ask = promisify<proto.AnalyzeRequest, proto.AnalyzeResponse>(client.analyze.bind(client));
    return (await ask(request)).getDiagnosticsList();
  };

  before(async () => {
    const runner = createRequire(join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run-policy-pack");
    const env = { ...process.env, KUBECONFIG: "/nowhere/kubeconfig", PULUMI_CONFIG: '{"sriov:context":"production"}' };
    served = spawn(process.execPath, [runner, "127.0.0.1:1", folder], {
      ...{ cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] },
    });
    if (served.stdout === null) throw new Error("the pack's output is not read");
    const [port] = (await once(createInterface(served.stdout), "line")) as [string];
    client = new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
  });

  after(async () => {
    client.close();
    served.kill();
    await once(served, "exit");
  });

  it("serves its rules, and the package's version", async () => {
    const { Empty } = createRequire(createRequire(__filename).resolve("@pulumi/pulumi"))(
      "google-protobuf/google/protobuf/empty_pb.js",
    ) as typeof import("google-protobuf/google/protobuf/empty_pb.js");
    const ask = promisify(client.getAnalyzerInfo.bind(client)) as (empty: unknown) => Promise<proto.AnalyzerInfo>;
    const info = await ask(new Empty());
    const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { version: string };
    expect([info.getName(), info.getVersion()]).to.deep.equal(["pulumi-sriov", version]);
    expect(info.getPoliciesList().map((policy) => policy.getName())).to.deep.equal([
      "no-vf-in-use-destroyed",
      "max-vfs-per-nic",
      "no-pf-passthrough",
    ]);
  });

  it("finds its cluster by the stack's configuration and the environment, and takes it for a violation where it cannot", async () => {
    const [found] = await analyze({ numVfs: 4, resourceName: "a", nodeSelector: {}, nicSelector: { vendor: "8086" } });
    expect(found?.getPolicyname()).to.equal("no-vf-in-use-destroyed");
    expect(found?.getEnforcementlevel()).to.equal(proto.EnforcementLevel.MANDATORY);
    expect(found?.getMessage()).to.contain("kubeconfig /nowhere/kubeconfig cannot be read");
  });

  it("holds the number that the pack is configured with, at the level that is", async () => {
    const configured = new proto.PolicyConfig();
    configured.setEnforcementlevel(proto.EnforcementLevel.MANDATORY);
    configured.setProperties(Struct.fromJavaScript({ maximum: 2 }));
    const off = new proto.PolicyConfig();
    off.setEnforcementlevel(proto.EnforcementLevel.DISABLED);
    off.setProperties(Struct.fromJavaScript({}));
    const request = new proto.ConfigureAnalyzerRequest();
    request.getPolicyconfigMap().set("max-vfs-per-nic", configured).set("no-vf-in-use-destroyed", off);
    await promisify(client.configure.bind(client) as (request: unknown, done: () => void) => void)(request);
    const found = await analyze({ numVfs: 4 });
    expect(found.map((one) => [one.getPolicyname(), one.getEnforcementlevel()])).to.deep.equal([
      ["max-vfs-per-nic", proto.EnforcementLevel.MANDATORY],
    ]);
    expect(found[0]?.getMessage()).to.contain("numVfs is 4; a NIC may have at most 2 VFs here");
  });
});
