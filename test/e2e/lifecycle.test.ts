import { expect } from "chai";
import type * as pulumi from "@pulumi/pulumi";
import { freshNic, type Nic } from "./nics.js";
import { rescan } from "../integration/agent/agent-process.js";
import { errorsOf, openStack, type Program, warningsOn } from "./stack.js";

/** What Pulumi's own options come to on hardware. */
describe("resource options", () => {
  function program(nic: Nic, numVfs: number, opts: pulumi.CustomResourceOptions = {}, name = "nic"): Program {
    const { nodeName, interfaceName } = nic;
    return (sriov) => {
      const { vfAddresses } = new sriov.SriovNetworkDevice(name, { nodeName, interfaceName, numVfs }, opts);
      return { vfAddresses };
    };
  }

  /** Counts written to the NIC, in order. */
  async function writes(nic: Nic): Promise<number[]> {
    const all = await nic.node.hardware.writes();
    return all.filter((write) => write.address === nic.address).map((write) => write.count);
  }

  it("keep the VFs of a resource that was renamed without an alias", async () => {
    const nic = await freshNic();
    const stack = await openStack({ program: program(nic, 2, {}, "old") });
    await stack.up();
    const { steps } = await stack.up(program(nic, 2, {}, "new"));
    expect(steps["new"]?.op).to.equal("create");
    expect(steps["old"]?.op).to.equal("delete");
    expect((await stack.resources()).map(({ urn }) => urn.split("::").at(-1))).to.deep.equal(["new"]);
    expect(await writes(nic)).to.deep.equal([2]);
    expect(await nic.owners()).to.have.length(1);
  });

  it("leave nothing to do for a resource that was renamed with an alias", async () => {
    const nic = await freshNic();
    const stack = await openStack({ program: program(nic, 2, {}, "old") });
    await stack.up();
    const { steps } = await stack.up(program(nic, 2, { aliases: [{ name: "old" }] }, "new"));
    expect(steps).to.deep.equal({});
    expect((await stack.resources()).map(({ urn }) => urn.split("::").at(-1))).to.deep.equal(["new"]);
    await stack.destroy();
    expect(await writes(nic)).to.deep.equal([2, 0]);
  });

  it("move the VFs when the program names another NIC", async () => {
    const [first, second] = [await freshNic(), await freshNic()];
    const stack = await openStack({ program: program(first, 2) });
    await stack.up();
    const preview = await stack.preview(program(second, 3));
    expect(preview.steps["nic"]?.inputs).to.include({ deviceName: second.deviceName });
    await stack.up(program(second, 3));
    expect([await first.numVfs(), await second.numVfs()]).to.deep.equal([0, 3]);
  });

  it("keep the VFs of a resource that is replaced by itself", async () => {
    const nic = await freshNic();
    const stack = await openStack({ program: program(nic, 2) });
    await stack.up();
    const [before] = await nic.owners();
    const [resource] = await stack.resources();
    const replaced = await stack.up(undefined, { replace: [resource?.urn ?? ""] });
    expect(warningsOn(replaced, "nic")).to.deep.equal([]);
    expect(await writes(nic)).to.deep.equal([2]);
    expect(await nic.owners())
      .to.have.length(1)
      .and.not.to.include(before);
  });

  it("keep to the NIC that the program has named when it is renamed, after a refresh too", async () => {
    const nic = await freshNic();
    const stack = await openStack({ program: program(nic, 2) });
    await stack.up();
    await nic.node.hardware.rename(nic.address, `renamed-${nic.interfaceName}`);
    rescan(nic.lab.run, nic.node);
    await nic.until("renamed", (device) => device.status?.interfaceName === `renamed-${nic.interfaceName}`);
    await stack.refresh();
    const preview = await stack.preview();
    expect(preview.steps["nic"]?.op ?? "same").to.equal("same");
  });

  it("keep the VFs with retainOnDelete", async () => {
    const nic = await freshNic();
    const stack = await openStack({ program: program(nic, 2, { retainOnDelete: true }) });
    await stack.up();
    await stack.destroy();
    expect(await stack.resources()).to.deep.equal([]);
    expect(await nic.numVfs()).to.equal(2);
  });

  it("refuse to destroy what is protected", async () => {
    const nic = await freshNic();
    const stack = await openStack({ program: program(nic, 2, { protect: true }) });
    await stack.up();
    expect((await stack.destroyFails()).error).to.contain("protect");
    expect(await nic.numVfs()).to.equal(2);
  });

  it("let two NICs be worked on at once", async () => {
    const [slow, quick] = [await freshNic(), await freshNic()];
    await slow.node.hardware.hang(slow.address, true);
    const stack = await openStack({
      program: (sriov) => ({ ...program(slow, 2, {}, "slow")(sriov), ...program(quick, 2, {}, "quick")(sriov) }),
    });
    const up = stack.up();
    await quick.until("2 VFs", (device) => device.status?.virtualFunctions?.length === 2);
    expect((await slow.device()).status?.virtualFunctions).to.deep.equal([]);
    await slow.node.hardware.hang(slow.address, false);
    await up;
    expect(await slow.numVfs()).to.equal(2);
  });

  it("hold a resource back until what it depends on is done", async () => {
    const [first, second] = [await freshNic(), await freshNic()];
    const stack = await openStack({
      program: (sriov) => {
        const { nodeName, interfaceName } = second;
        const dependsOn = new sriov.SriovNetworkDevice("second", { nodeName, interfaceName, numVfs: 1 });
        return program(first, 1, { dependsOn }, "first")(sriov);
      },
    });
    await stack.up();
    const addresses = [first.address, second.address];
    const all = (await first.node.hardware.writes()).map((write) => String(write.address));
    expect(all.filter((address) => addresses.includes(address))).to.deep.equal([second.address, first.address]);
  });

  it("tolerate a numVfs that is not known before up", async () => {
    const [known, unknown] = [await freshNic(), await freshNic()];
    const stack = await openStack({
      program: (sriov) => {
        const { nodeName } = known;
        const a = new sriov.SriovNetworkDevice("a", { nodeName, interfaceName: known.interfaceName, numVfs: 3 });
        const numVfs = a.vfAddresses.apply((addresses) => addresses.length);
        new sriov.SriovNetworkDevice("b", { nodeName, interfaceName: unknown.interfaceName, numVfs });
        return undefined;
      },
    });
    const { steps } = await stack.preview();
    expect(steps["b"]?.op).to.equal("create");
    expect(steps["b"]?.inputs).to.include({ deviceName: unknown.deviceName });
    await stack.up();
    expect(await unknown.numVfs()).to.equal(3);
  });

  it("take an address in place of an interface's name", async () => {
    const nic = await freshNic();
    const { nodeName, address } = nic;
    const stack = await openStack({
      program: (sriov) => ({
        name: new sriov.SriovNetworkDevice("nic", { nodeName, address, numVfs: 1 }).interfaceName,
      }),
    });
    expect((await stack.up()).outputs).to.deep.equal({ name: nic.interfaceName });
    expect((await stack.up()).steps).to.deep.equal({});
  });

  it("keep the provider in state as one short require of its module's path in the package", async () => {
    const nic = await freshNic();
    const stack = await openStack({ program: program(nic, 1) });
    await stack.up();
    const provider = (await stack.resources())[0]?.outputs["__provider"];
    const text = typeof provider === "string" ? provider : JSON.stringify(provider);
    expect(text).to.contain("pulumi-sriov/dist/provider/dynamic/sriov-network-device.js");
    expect(text).to.have.length.below(400);
  });

  it("say in one error that VFs are too many for a NIC whose count was unknown in preview", async () => {
    const nic = await freshNic();
    const source = await freshNic();
    const stack = await openStack({
      program: (sriov) => {
        const { nodeName } = nic;
        const a = new sriov.SriovNetworkDevice("a", { nodeName, interfaceName: source.interfaceName, numVfs: 1 });
        const numVfs = a.vfAddresses.apply(() => 99);
        new sriov.SriovNetworkDevice("b", { nodeName, interfaceName: nic.interfaceName, numVfs });
        return undefined;
      },
    });
    await stack.preview();
    const errors = errorsOf(await stack.upFails());
    expect(errors.join("\n")).to.contain(`${nic.deviceName} supports at most 7 VFs, not 99`);
  });
});
