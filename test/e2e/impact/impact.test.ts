import { expect } from "chai";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../../lab/control-plane/free-port.js";
import { rescan } from "../../integration/agent/agent-process.js";
import { freshNic, type Nic } from "../nics.js";
import { type DeclaringStack, declaringStack, type Ended, type ImpactOptions } from "./declaring.js";

/** From a program by the engine's preview to the exit status that a pipeline sees. One story, in order. */
describe("pulumi-sriov impact", () => {
  const USER = "another network namespace";
  let nic: Nic;
  let other: Nic;
  let project: DeclaringStack;
  let used: string;

  const nicArgs = ({ nodeName, interfaceName }: Nic, numVfs: number, more: object = {}): readonly [string, object] => [
    "SriovNetworkDevice",
    { nodeName, interfaceName, numVfs, ...more },
  ];
  const told = async (options?: ImpactOptions): Promise<Ended> => project.impact(await project.preview(), options);
  const rows = ({ stdout }: Ended): string[] => stdout.split("\n").filter((line) => line.startsWith("| `"));

  before(async () => {
    [nic, other] = [await freshNic(), await freshNic()];
    project = await declaringStack("impact");
  });

  it("ends with 0 and tells of the VFs to be made where a NIC gets its first", async () => {
    await project.declare({ nic: nicArgs(nic, 4), other: nicArgs(other, 2) });
    const { status, stdout } = await told();
    expect(stdout).to.contain("Nothing in use is lost.").and.to.contain(`\`${nic.deviceName}\``);
    expect(status).to.equal(0);
  });

  it("ends with 0 and one sentence where nothing changes", async () => {
    await project.stack.up();
    const { status, stdout } = await told();
    expect([status, stdout]).to.deep.equal([0, "### SR-IOV impact\n\nThis preview changes no SR-IOV resource.\n"]);
  });

  it("ends with 2 and names VF and user where a preview is refused", async () => {
    used = (await nic.device()).status?.vfAddresses?.[1] ?? "";
    await nic.node.hardware.setInterfaceElsewhere(used, true);
    rescan(nic.lab.run, nic.node);
    await nic.until("second VF used", ({ status }) => status?.virtualFunctions?.[1]?.usedBy === USER);
    await project.declare({ nic: nicArgs(nic, 6), other: nicArgs(other, 2) });
    const preview = await project.preview();
    expect(preview.status).to.equal(1);
    const ended = await project.impact(preview);
    const [row = ""] = rows(ended);
    expect(row).to.contain(
      `\`SriovNetworkDevice nic\`<br>\`${nic.deviceName}\` | \`${nic.nodeName}\` | \`4 → 6 VFs\` | 4 | 6 | `,
    );
    expect(row).to.contain(`\`${used}`).and.to.contain(`\`${USER}\` | **refused** |`);
    expect(ended.stdout).to.contain("**In use, and would be lost: 1.**");
    expect(ended.status).to.equal(2);
  });

  it("ends with 2 where the program proceeds", async () => {
    await project.declare({ nic: nicArgs(nic, 6, { onVfsInUse: "proceed" }), other: nicArgs(other, 2) });
    const preview = await project.preview();
    expect(preview.status).to.equal(0);
    const ended = await project.impact(preview);
    expect(rows(ended)[0]).to.contain(`\`${USER}\` | **lost** |`);
    expect(ended.status).to.equal(2);
  });

  it("reads a file too, and prints JSON", async () => {
    const file = join(nic.lab.run.dir, "impact-preview.json");
    writeFileSync(file, (await project.preview()).stdout);
    const { stdout, status } = await project.impact({ stdout: "", stderr: "", status: 0 }, { args: ["--json", file] });
    const { verdict, rows: found } = JSON.parse(stdout) as { verdict: string; rows: Record<string, unknown>[] };
    expect([status, verdict]).to.deep.equal([2, "lost"]);
    expect(found[0]).to.deep.include({
      name: "nic",
      object: nic.deviceName,
      destroyed: 4,
      created: 6,
      outcome: "proceeds",
    });
  });

  it("ends with 2 where a NIC goes from the program whose VF is in use", async () => {
    await project.declare({ other: nicArgs(other, 2) });
    const ended = await told();
    expect(rows(ended)[0]).to.contain(`\`4 → 0 VFs\` | 4 | 0 | `).and.to.contain(`\`${USER}\` | **refused** |`);
    expect(ended.status).to.equal(2);
  });

  it("ends with 0 where one goes whose VFs nobody uses", async () => {
    await project.declare({ nic: nicArgs(nic, 4) });
    const ended = await told();
    expect(rows(ended)[0])
      .to.contain(`\`${other.deviceName}\``)
      .and.to.contain(`\`2 → 0 VFs\` | 2 | 0 |  | nothing in use`);
    expect(ended.status).to.equal(0);
  });

  it("ends with 0 where a resource is renamed, since the new one keeps the VFs", async () => {
    await project.declare({ renamed: nicArgs(nic, 4), other: nicArgs(other, 2) });
    const ended = await told();
    expect(ended.stdout).to.contain("Nothing in use is lost. VFs destroyed: 0,");
    expect(ended.status).to.equal(0);
  });

  it("ends with 0 where a NIC goes together with the claim of its VF, and with 2 where the claim stays", async () => {
    const [address = ""] = (await other.device()).status?.vfAddresses ?? [];
    const claim: readonly [string, object] = ["PciDeviceClaim", { nodeName: other.nodeName, address }];
    await project.declare({ nic: nicArgs(nic, 4), other: nicArgs(other, 2), claim });
    await project.stack.up();
    await other.until("claimed", ({ status }) => status?.virtualFunctions?.[0]?.usedBy?.startsWith("claim ") === true);
    await project.declare({ nic: nicArgs(nic, 4) });
    const together = await told();
    expect(together.stdout).to.contain("`2 → 0 VFs` | 2 | 0 |  | nothing in use");
    expect(together.status).to.equal(0);
    await project.declare({ nic: nicArgs(nic, 4), claim });
    expect((await told()).status).to.equal(2);
  });

  it("ends with 1 where a NIC goes and the cluster is not reached", async () => {
    await project.declare({});
    const nowhere = join(nic.lab.run.dir, "impact-nowhere.kubeconfig");
    writeFileSync(nowhere, kubeconfigOf(`https://127.0.0.1:${await freePort()}`), { mode: 0o600 });
    const { status, stdout, stderr } = await told({ args: ["--kubeconfig", nowhere] });
    expect(stdout).to.contain("**not known**");
    expect(stderr).to.contain("cannot reach the API server https://127.0.0.1:");
    expect(status).to.equal(1);
  });

  it("ends with 1 where a preview failed for another reason, and says which", async () => {
    await project.declare({ nic: nicArgs(nic, 99), other: nicArgs(other, 2) });
    const { status, stdout } = await told();
    expect(stdout).to.contain(`supports at most`);
    expect(status).to.equal(1);
  });

  it("ends with 1 where its input is no preview", async () => {
    const { status, stdout, stderr } = await project.impact({ stdout: "Previewing update\n", stderr: "", status: 0 });
    expect([status, stdout]).to.deep.equal([1, ""]);
    expect(stderr).to.contain('the input is not JSON; it begins with "Previewing update"');
  });

  it("ends with 64 and its usage where it is called wrongly", async () => {
    const { status, stderr } = await project.impact(
      { stdout: "", stderr: "", status: 0 },
      { args: ["--format", "html"] },
    );
    expect(status).to.equal(64);
    expect(stderr).to.contain("'--format'").and.to.contain("Usage: pulumi preview --json | pulumi-sriov impact");
  });
});

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server } }],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
  });
}
