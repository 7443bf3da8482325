import { expect } from "chai";
import { Label } from "../../../api/names.js";
import { claimReady, ClaimReason, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { Informer } from "../../../kube/informer.js";
import { until } from "../../integration/agent/observer.js";
import { AgentOnGuest } from "./agent-on-guest.js";
import { first, second } from "./guest.js";

describe("the agent on a real kernel: devices that are claimed for passthrough", function () {
  this.timeout(240_000);
  const VF = "0000:01:10.2";
  const claimed = "hw-000001102";
  let hw: AgentOnGuest;
  let claims: Informer<PciDeviceClaim>;
  let uid: string | undefined;

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    claims = new Informer(hw.lab.client, PCI_DEVICE_CLAIM).start();
    await claims.synced;
    await hw.restore();
    await hw.configure(first, 2);
    uid = hw.observer.pciDevices.get(claimed)?.metadata.uid;
    await claim(claimed, VF);
  });
  after(() => claims.stop());

  async function claim(name: string, address: string): Promise<void> {
    const object = { metadata: { name }, spec: { address, nodeName: "hw", userName: "alice" } };
    await hw.lab.client.create(PCI_DEVICE_CLAIM, object, { fieldManager: "person" });
  }

  const says = (name: string, reason: ClaimReason): Promise<PciDeviceClaim> =>
    until(
      claims,
      () => claims.get(name),
      (it) => claimReady(it)?.reason === reason,
      name,
      120_000,
    );

  async function release(name: string): Promise<void> {
    await hw.lab.client.delete(PCI_DEVICE_CLAIM, name);
    const gone = Promise.withResolvers<undefined>();
    const look = (): void => {
      if (claims.get(name) === undefined) gone.resolve(undefined);
    };
    const stop = claims.onChange(look);
    look();
    await gone.promise;
    stop();
  }

  const driverOf = (address: string): Promise<string> =>
    hw.guest.run(`basename "$(readlink /sys/bus/pci/devices/${address}/driver)"`);

  it("are bound to vfio-pci", async () => {
    const { status } = await says(claimed, ClaimReason.Enabled);
    expect(status).to.deep.include({
      kernelDriverToUnbind: "igbvf",
      passthroughEnabled: true,
      virtualFunction: { physicalFunction: first.address, index: 1 },
    });
    expect(await driverOf(VF)).to.equal("vfio-pci");
  });

  it("have their IOMMU group's device node", async () => {
    await hw.guest.run(`[ -c /dev/vfio/$(basename $(readlink /sys/bus/pci/devices/${VF}/iommu_group)) ]`);
  });

  it("are told as their user's", async () => {
    const { status } = await hw.observer.device(
      hw.nameOf(first),
      (device) => device.status?.virtualFunctions?.[1]?.driver === "vfio-pci",
    );
    expect(status?.virtualFunctions?.[1]).to.include({ usedBy: `claim ${claimed} of alice` });
    expect(status?.virtualFunctions?.[0]).to.include({ driver: "igbvf" });
  });

  it("are bound to vfio-pci when the VFs are made anew, and the other one to its network driver", async () => {
    await hw.guest.setNumVfsByHand(first, 0);
    await hw.lookAt(first);
    const { status } = await hw.configured(first, 2);
    expect(status?.virtualFunctions?.map(({ driver }) => driver)).to.deep.equal(["igbvf", "vfio-pci"]);
    await says(claimed, ClaimReason.Enabled);
  });

  it("keep their PCIDevice through that", () => {
    const { metadata } = hw.observer.pciDevices.get(claimed) ?? {};
    expect(metadata?.uid).to.equal(uid);
    expect(metadata?.labels).not.to.have.property(Label.absent);
  });

  it("leave the NIC's own setting, that new VFs are offered to drivers, as it was", async () => {
    expect(await hw.guest.run(`cat ${first.path}/sriov_drivers_autoprobe`)).to.equal("1");
  });

  it("have the same driver again after the node was reset, without a word", async () => {
    const told: (string | undefined)[] = [];
    const stop = claims.onChange(({ object }) => told.push(claimReady(object)?.reason));
    await hw.node.guest.reset();
    await hw.node.startAgent();
    await hw.guest.until(`[ -e ${first.path}/virtfn1/driver ]`);
    await hw.lookAt(first);
    await hw.configured(first, 2);
    expect(await driverOf(VF)).to.equal("vfio-pci");
    stop();
    expect(told).to.deep.equal([]);
  });

  it("are given back to their network driver", async () => {
    await release(claimed);
    expect(await driverOf(VF)).to.equal("igbvf");
    expect(await hw.guest.run(`cat /sys/bus/pci/devices/${VF}/driver_override`)).to.equal("(null)");
    await hw.configured(first, 2);
  });

  it("may be a NIC as a whole, which is one again afterwards", async () => {
    const name = "hw-000002000";
    await claim(name, second.address);
    await says(name, ClaimReason.Enabled);
    expect(await driverOf(second.address)).to.equal("vfio-pci");
    await hw.observer.device(
      hw.nameOf(second),
      ({ status }) => status?.conditions?.some(({ reason }) => reason === "Claimed") ?? false,
    );
    await release(name);
    expect(await driverOf(second.address)).to.equal("igb");
    await hw.guest.until(`[ -e ${second.path}/net ]`);
    await hw.configure(second, 1);
    await hw.configure(second, 0);
  });

  it("are not the bridge that they are behind", async () => {
    const bridge = await hw.guest.run(`basename $(dirname $(readlink -f ${first.path}))`);
    const name = `hw-${bridge.replace(/[:.]/g, "")}`;
    await claim(name, bridge);
    const { status } = await says(name, ClaimReason.NotEligible);
    expect(status?.conditions?.[0]?.message).to.contain("it is a bridge (class 0604)");
    await release(name);
  });
});
