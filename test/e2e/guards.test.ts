import { expect } from "chai";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Annotation } from "../../api/names.js";
import type { SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { readImpacts } from "../../plan/impact/impact.js";
import { rescan } from "../integration/agent/agent-process.js";
import { personKubeconfig } from "../integration/api/people.js";
import { sharedLab } from "../shared-lab.js";
import { freshNic, type Nic } from "./nics.js";
import { errorsOf, openStack, type Program, type TestStack, warningsOn } from "./stack.js";

/** Users that the agent reports, so that the API server's own guard holds. The tests are one story, in order. */
describe("VFs that the cluster knows to be in use", () => {
  const USER = "another network namespace";
  let nic: Nic;
  let stack: TestStack;

  type OnVfsInUse = "refuse" | "proceed";
  function asking(numVfs: number, onVfsInUse?: OnVfsInUse): Program {
    const { nodeName, interfaceName } = nic;
    return (sriov) => {
      const args = { nodeName, interfaceName, numVfs, ...(onVfsInUse && { onVfsInUse }) };
      new sriov.SriovNetworkDevice("nic", args);
      return undefined;
    };
  }
  const usersOf = ({ status }: SriovNetworkDevice): string[] =>
    (status?.virtualFunctions ?? []).map(({ usedBy }) => usedBy ?? "");
  const writes = async (): Promise<number[]> =>
    (await nic.node.hardware.writes()).filter(({ address }) => address === nic.address).map(({ count }) => count);

  /** A pod, say, takes the NIC's second VF. Answers how the VF is called from then on. */
  async function take(): Promise<string> {
    const address = (await nic.device()).status?.vfAddresses?.[1] ?? "";
    await nic.node.hardware.setInterfaceElsewhere(address, true);
    rescan(nic.lab.run, nic.node);
    const { status } = await nic.until("second VF used", (device) => usersOf(device)[1] === USER);
    const { interfaceName = "" } = status?.virtualFunctions?.[1] ?? {};
    return interfaceName === "" ? address : `${address} (${interfaceName})`;
  }

  /** Nothing of a permission stays, and the resource owns the count and nothing else. */
  async function expectCountAloneOwned(): Promise<void> {
    const device = await nic.until(
      "annotation gone",
      ({ metadata }) => metadata.annotations?.[Annotation.allowDisruption] === undefined,
    );
    const owned = (device.metadata.managedFields ?? [])
      .filter(({ manager }) => /^pulumi-sriov-[0-9a-f]{12}-/.test(manager ?? ""))
      .map(({ fieldsV1 }) => fieldsV1);
    expect(owned).to.deep.equal([{ "f:spec": { "f:numVFS": {} } }]);
  }

  async function environmentOf(name: string, verbs: readonly string[]): Promise<Record<string, string>> {
    const lab = await sharedLab();
    const file = join(lab.run.dir, `${name}.kubeconfig`);
    writeFileSync(file, await personKubeconfig(lab, name, verbs), { mode: 0o600 });
    return { KUBECONFIG: file };
  }

  let used = "";
  before(async () => {
    nic = await freshNic();
    stack = await openStack({ program: asking(4) });
    await stack.up();
    used = await take();
  });

  it("make preview fail, once, with the VFs, their users and the ways out", async () => {
    const done = await stack.previewFails(asking(6));
    const said = errorsOf(done).join("\n");
    expect(readImpacts(said)).to.have.length(1);
    expect(said).to.contain(`impact on NIC ${nic.deviceName} of node ${nic.nodeName}: 4 → 6 VFs`);
    expect(said).to.contain(`- ${used}, used by ${USER}`);
    expect(said).to.contain(
      'Release them, or set onVfsInUse: "proceed", for which you need the verb "disrupt" on ' +
        "sriovnetworkdevices.devices.harvesterhci.io.",
    );
    expect(warningsOn(done, "nic")).to.deep.equal([]);
  });

  it("make up fail likewise, and change nothing", async () => {
    const before = await nic.device();
    const [error = ""] = errorsOf(await stack.upFails(asking(6)));
    expect(error).to.contain(`impact on NIC ${nic.deviceName}`).and.to.contain(`- ${used}, used by ${USER}`);
    expect((await nic.device()).metadata.resourceVersion).to.equal(before.metadata.resourceVersion);
    expect(await writes()).to.deep.equal([4]);
    expect((await stack.resources())[0]?.outputs).to.include({ numVfs: 4 });
  });

  it("make destroy fail likewise, and the resource stays in the state", async () => {
    const [error = ""] = errorsOf(await stack.destroyFails());
    expect(error).to.contain(`numVfs was not changed from 4 to 0: VFs that would go are in use: ${used} is used by`);
    expect(await stack.resources()).to.have.length(1);
    expect(await writes()).to.deep.equal([4]);
    expect(await nic.owners()).to.have.length(1);
  });

  it("do not go by proceed of somebody who lacks the verb, who is told the rule", async () => {
    const colleague = await stack.withEnvironment(await environmentOf("colleague", ["get", "list", "watch", "patch"]));
    const [error = ""] = errorsOf(await colleague.upFails(asking(6, "proceed")));
    expect(error).to.contain('onVfsInUse is "proceed", but user "colleague" may not set the annotation');
    expect(error).to.contain("that needs the verb disrupt on sriovnetworkdevices.devices.harvesterhci.io. Nothing was");
    const rule = `{apiGroups: ["devices.harvesterhci.io"], resources: ["sriovnetworkdevices"], verbs: ["disrupt"]}`;
    expect(error).to.contain(`Ask for a ClusterRole with the rule ${rule}`);
    expect(await writes()).to.deep.equal([4]);
  });

  it("let the same person change what destroys nothing", async () => {
    const colleague = await stack.withEnvironment(await environmentOf("colleague", ["get", "list", "watch", "patch"]));
    await colleague.up(asking(4, "proceed"));
    await colleague.up(asking(4));
  });

  it("are named in preview with proceed, and up is not said to be refused", async () => {
    const warnings = warningsOn(await stack.preview(asking(6, "proceed")), "nic");
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.contain(`- ${used}, used by ${USER}`);
  });

  it("go with proceed, after which the resource owns the count and nothing else", async () => {
    const verbs = ["get", "list", "watch", "patch", "disrupt"];
    const holder = await stack.withEnvironment(await environmentOf("holder", verbs));
    await holder.up(asking(6, "proceed"));
    expect(await writes()).to.deep.equal([4, 0, 6]);
    await expectCountAloneOwned();
  });

  it("stay by destroy of a program that refuses, and go once it proceeds", async () => {
    await stack.up(asking(6, "refuse"));
    await take();
    await stack.destroyFails();
    expect(await nic.numVfs()).to.equal(6);
    const { steps } = await stack.up(asking(6, "proceed"));
    expect(steps["nic"]?.diffs).to.deep.equal(["onVfsInUse"]);
    await stack.destroy();
    expect(await nic.numVfs()).to.equal(0);
    expect(await stack.resources()).to.deep.equal([]);
    const device = await nic.until(
      "annotation gone",
      ({ metadata }) => metadata.annotations?.[Annotation.allowDisruption] === undefined,
    );
    expect([device.spec.numVFS, await nic.owners()]).to.deep.equal([0, []]);
  });
});
