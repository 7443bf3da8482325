import { expect } from "chai";
import { readFileSync } from "node:fs";
import { pciDeviceName } from "../../../api/names.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import { PCI_DEVICE_CLAIM, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { isNotFound } from "../../../kube/errors.js";
import { freshNic, type Nic } from "../nics.js";
import { openStack, type Program, type TestStack } from "../stack.js";

/** The resource itself on the engine; the tests are one story, in order. */
describe("a PciDeviceClaim of a program", () => {
  let nic: Nic;
  let name: string;
  let stack: TestStack;
  let kubeconfig: string;

  before(async () => {
    nic = await freshNic();
    kubeconfig = readFileSync(nic.lab.controlPlane.kubeconfig, "utf8");
    name = pciDeviceName(nic.nodeName, nic.address.replace("00.0", "10.0"));
    stack = await openStack({ program: program() });
  });

  function program(more: { readonly userName?: string; readonly create?: string } = {}): Program {
    const { nodeName, interfaceName } = nic;
    const { userName, create = "2m" } = more;
    return (sriov) => {
      const { vfPciDevices } = new sriov.SriovNetworkDevice("nic", { nodeName, interfaceName, numVfs: 2 });
      const pciDevice = vfPciDevices.apply((names) => names[0] ?? "");
      const args = { pciDevice, kubeconfig, ...(userName !== undefined && { userName }) };
      const claim = new sriov.PciDeviceClaim("vf", args, { customTimeouts: { create } });
      const found = sriov.PciDeviceClaim.get("looked-up", claim.claimName, { kubeconfig });
      const devices = sriov.getPciDevicesOutput({
        parentDevice: nic.deviceName,
        addresses: [claim.address],
        kubeconfig,
      });
      const { status, kernelDriverToUnbind } = claim;
      return {
        status,
        kernelDriverToUnbind,
        lookedUp: found.userName,
        users: devices.apply((all) => all.map((device) => device.claim?.userName)),
      };
    };
  }
  const isClaimed = (): Promise<boolean> =>
    nic.lab.client.get(PCI_DEVICE_CLAIM, name).then(
      () => true,
      (error: unknown) => {
        if (isNotFound(error)) return false;
        throw error;
      },
    );

  it("is previewed though its device is not there yet, and nothing is changed", async () => {
    const { steps } = await stack.preview();
    expect([steps["nic"]?.op, steps["vf"]?.op]).to.deep.equal(["create", "create"]);
    expect(await nic.numVfs()).to.equal(0);
  });

  it("hands the device out by the same up, and gives its outputs to whoever asks", async () => {
    const { outputs } = await stack.up();
    const { status } = await nic.lab.client.get(PCI_DEVICE, name);
    expect(status?.kernelDriverInUse).to.equal(VFIO_DRIVER);
    const users = { lookedUp: "pulumi", users: ["pulumi"] };
    expect(outputs).to.deep.equal({ status: "Enabled", kernelDriverToUnbind: "ixgbevf", ...users });
  });

  it("keeps no credentials in clear in its state", () => {
    const key = /"?client-key-data"?: *"?([A-Za-z0-9+/=]{60})/.exec(kubeconfig)?.[1] ?? expect.fail();
    expect(stack.stateFile()).to.contain(name).and.not.to.contain(key);
  });

  it("leaves nothing to do", async () => {
    await stack.up(undefined, { expectNoChanges: true });
  });

  it("is updated in place with another user, and with timeouts of its own", async () => {
    const { steps, outputs } = await stack.up(program({ userName: "alice", create: "1m" }));
    expect(steps["vf"]).to.deep.include({ op: "update" });
    expect(steps["vf"]?.diffs).to.include.members(["userName", "timeouts"]);
    expect(outputs["users"]).to.deep.equal(["alice"]);
  });

  it("gives the device back by a destroy, before its VF goes", async () => {
    await stack.destroy();
    expect(await isClaimed()).to.equal(false);
    expect(await nic.numVfs()).to.equal(0);
  });
});
