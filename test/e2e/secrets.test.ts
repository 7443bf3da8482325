import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sharedLab } from "../shared-lab.js";
import { freshNic, type Nic } from "./nics.js";
import { testProject } from "./project.js";
import { openStack, type Program } from "./stack.js";

describe("credentials in the state", () => {
  let text: string;
  let token: string;

  before(async () => {
    const { controlPlane } = await sharedLab();
    text = readFileSync(controlPlane.kubeconfig, "utf8");
    token = /"?client-key-data"?: *"?([A-Za-z0-9+/=]{60})/.exec(text)?.[1] ?? "";
    expect(token).to.have.length(60);
  });

  function asking(nic: Nic, numVfs: number, more: object): Program {
    const { nodeName, interfaceName } = nic;
    return (sriov) => {
      const args = { nodeName, interfaceName, numVfs, ...more };
      const { vfAddresses } = new sriov.SriovNetworkDevice("nic", args);
      return { vfAddresses };
    };
  }

  /** No file of the engine's backend, history and backups included, nor the stack's settings have it in clear. */
  async function expectNoTrace(when: string): Promise<void> {
    const { backend, folder } = await testProject();
    const files = readdirSync(backend, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const settings = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
    for (const path of [...files, ...settings.map((name) => join(folder, name))]) {
      const content = readFileSync(path, "utf8");
      expect(content.includes(token), `${path} ${when}`).to.equal(false);
      expect(content.includes("client-key-data"), `${path} ${when}`).to.equal(false);
    }
  }

  it("are never in clear when the kubeconfig is an argument", async () => {
    const nic = await freshNic();
    const stack = await openStack({ environment: { KUBECONFIG: "/nowhere" } });
    const more = { kubeconfig: text };
    await stack.up(asking(nic, 2, more));
    expect(stack.stateFile()).to.contain(nic.deviceName);
    await expectNoTrace("after create");
    await stack.refresh();
    await expectNoTrace("after refresh");
    await stack.up(asking(nic, 3, more));
    await expectNoTrace("after update");
    const [used = ""] = (await nic.device()).status?.vfAddresses ?? [];
    await nic.node.hardware.setInUse(used, true);
    await stack.upFails(asking(nic, 4, more));
    await expectNoTrace("after a failed update");
  });

  it("are never in clear when the kubeconfig is configured as a secret", async () => {
    const nic = await freshNic();
    const config = { "sriov:kubeconfig": { value: text, secret: true } };
    const stack = await openStack({ program: asking(nic, 2, {}), config, environment: { KUBECONFIG: "/nowhere" } });
    await stack.up();
    await expectNoTrace("after create");
    await stack.refresh();
    await expectNoTrace("after refresh");
  });

  it("are marked as secret where the state is exported in clear on purpose", async () => {
    const nic = await freshNic();
    const stack = await openStack({ program: asking(nic, 1, { kubeconfig: text }) });
    await stack.up();
    await stack.refresh();
    const [resource] = await stack.resources();
    const signature = "4dabf18193072939515e22adb298388d";
    for (const properties of [resource?.inputs, resource?.outputs]) {
      expect(properties?.["kubeconfig"]).to.have.property(signature, "1b47061264138c4ac30d75fd1eb44270");
    }
  });
});
