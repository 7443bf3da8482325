import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { providerText } from "../../../cli/import/import-document.js";
import { freshNic, type Nic } from "../nics.js";
import { openStack, type Program, type TestStack } from "../stack.js";
import { bringIn, only, written } from "./brought-in.js";
import { pulumi } from "./pulumi.js";

/** Resources whose place on record changes: the VFs stay, and are still the resource's to change. */
describe("a NIC's resource", () => {
  let nic: Nic;
  let stack: TestStack;
  beforeEach(async () => {
    nic = await freshNic();
    stack = await openStack({ program: program(2) });
    await stack.up();
  });

  function program(numVfs: number, name = "nic"): Program {
    const { nodeName, interfaceName } = nic;
    return (sriov) => {
      new sriov.SriovNetworkDevice(name, { nodeName, interfaceName, numVfs });
      return undefined;
    };
  }

  async function writes(): Promise<number[]> {
    const all = await nic.node.hardware.writes();
    return all.filter(({ address }) => address === nic.address).map(({ count }) => count);
  }

  async function urn(): Promise<string> {
    return (await stack.resources())[0]?.urn ?? "";
  }

  it("has the provider on record in the words that an import has, and is renamed with pulumi state rename", async () => {
    expect((await stack.resources())[0]?.inputs["__provider"]).to.equal(providerText("device"));
    await pulumi(stack, "state", "rename", await urn(), "renamed", "--yes");
    expect((await stack.preview(program(2, "renamed"))).steps).to.deep.equal({});
    await stack.up(program(3, "renamed"));
    await stack.destroy();
    expect(await writes()).to.deep.equal([2, 0, 3, 0]);
  });

  it("is forgotten with pulumi state delete, and imported again with --owned", async () => {
    await pulumi(stack, "state", "delete", await urn(), "--yes");
    const { KUBECONFIG = "" } = stack.automation.workspace.envVars;
    const left = await written(KUBECONFIG, "--node", nic.nodeName);
    expect(left.resources.map(({ id }) => id)).not.to.include(nic.deviceName);
    expect(left.warnings.join("\n")).to.contain(nic.deviceName).and.to.contain("--owned");
    const owned = await written(KUBECONFIG, "--node", nic.nodeName, "--owned");
    only(owned, [nic.deviceName]);
    await bringIn(stack, owned);
    expect((await stack.preview(program(2, nic.deviceName))).steps).to.deep.equal({});
    await stack.up(program(3, nic.deviceName));
    expect(await nic.owners()).to.have.length(1);
    await stack.destroy();
    expect(await writes()).to.deep.equal([2, 0, 3, 0]);
  });

  it("is forgotten with pulumi state delete, and declared again", async () => {
    await pulumi(stack, "state", "delete", await urn(), "--yes");
    await stack.up();
    expect(await nic.owners()).to.have.length(1);
    await stack.destroy();
    expect(await writes()).to.deep.equal([2, 0]);
  });

  it("moves to another stack with pulumi stack export and import", async () => {
    const other = await openStack({ program: program(2) });
    const file = join(stack.automation.workspace.workDir, `${stack.automation.name}.json`);
    await pulumi(stack, "stack", "export", "--file", file);
    const moved = readFileSync(file, "utf8")
      .replaceAll(`urn:pulumi:${stack.automation.name}::`, `urn:pulumi:${other.automation.name}::`)
      .replaceAll(`-${stack.automation.name}"`, `-${other.automation.name}"`);
    writeFileSync(file, moved);
    await pulumi(other, "stack", "import", "--file", file);
    await pulumi(stack, "stack", "rm", "--force", "--yes");
    expect((await other.preview()).steps).to.deep.equal({});
    await other.up(program(3));
    await other.destroy();
    expect(await writes()).to.deep.equal([2, 0, 3, 0]);
  });
});
