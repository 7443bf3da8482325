import { expect } from "chai";
import { NODE } from "../../../api/core.js";
import { ELIGIBLE, SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { AgentOnGuest } from "./agent-on-guest.js";
import { first, second } from "./guest.js";

describe("the agent on a real kernel: discovery", function () {
  this.timeout(240_000);
  let hw: AgentOnGuest;

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    await hw.restore();
  });

  for (const nic of [first, second]) {
    it(`finds the NIC at ${nic.address}, and tells what the kernel says of it`, async () => {
      const { metadata, spec, status } = await hw.reported(nic);
      expect(metadata.name).to.equal(`hw-${nic.interfaceName}`);
      expect(spec.address).to.equal(nic.address);
      expect(status).to.deep.include({
        interfaceName: nic.interfaceName,
        totalVFs: 7,
        vendorId: "8086",
        deviceId: "10c9",
        driver: "igb",
        macAddress: await hw.guest.run(`cat /sys/class/net/${nic.interfaceName}/address`),
      });
    });
  }

  it("has no object for the management NIC", () => {
    const addresses = hw.observer.devices.list().flatMap(({ spec }) => (spec.nodeName === "hw" ? spec.address : []));
    expect(addresses.sort()).to.deep.equal([first.address, second.address]);
  });

  it("says on the Node why the management NIC is not listed: it cannot have VFs", async () => {
    const [nic] = await hw.leftOut((nics) => nics.length === 1);
    expect(nic).to.include({ address: "0000:00:02.0", interfaceName: "enp0s2" });
    expect(nic?.reason).to.include("offers no virtual functions");
  });

  it("says on the Node that it is capable", async () => {
    const { labels } = (await hw.lab.client.get(NODE, "hw")).metadata;
    expect(labels).to.include({
      "network-sriov.capable": "true",
      "feature.node.kubernetes.io/network-sriov.capable": "true",
    });
  });

  for (const { nic, commands, reason, message } of ownUses()) {
    describe(nic, () => {
      let toldBefore = 0;
      before(async () => {
        toldBefore = hw.eventsSoFar("hw", "NicLeftOut", message);
        await hw.guest.run(commands);
        await hw.guest.rescan();
      });
      after(() => hw.guest.restoreInterfaces());

      it(`keeps its object, which is no longer eligible: ${reason}`, async () => {
        const told = await hw.observer.device(hw.nameOf(second), ({ status }) =>
          (status?.conditions ?? []).some(({ type, status: is }) => type === ELIGIBLE && is === "False"),
        );
        const eligible = told.status?.conditions?.find(({ type }) => type === ELIGIBLE);
        expect([eligible?.reason, eligible?.message]).to.deep.equal([reason, message]);
      });

      it("is told on the Node", async () => {
        const nics = await hw.leftOut((left) => left.some(({ address }) => address === second.address));
        expect(nics.find(({ address }) => address === second.address)).to.deep.equal({
          address: second.address,
          interfaceName: "enp2s0",
          reason: message,
        });
      });

      it("is told in an event on the Node", () => hw.event("hw", "NicLeftOut", message, toldBefore));

      it("gets no object where it has none", async () => {
        await hw.lab.client.delete(SRIOV_NETWORK_DEVICE, hw.nameOf(second));
        await hw.lookAt(first);
        expect(hw.objectOf(second)).to.equal(undefined);
      });

      it("gets one when it is free again", async () => {
        await hw.guest.restoreInterfaces();
        await hw.guest.rescan();
        await hw.reported(second);
        await hw.leftOut((left) => left.every(({ address }) => address !== second.address));
      });
    });
  }
});

interface OwnUse {
  readonly nic: string;
  readonly commands: string;
  readonly reason: string;
  readonly message: string;
}

/** All that a node may need a NIC for, as far as its kernel shows it. */
function ownUses(): OwnUse[] {
  const bond = (name: string): string =>
    `ip link add ${name} type bond && ip link set enp2s0 down && ip link set enp2s0 master ${name} && ip link set ${name} up`;
  const vlan = "ip link add link enp2s0 name enp2s0.5 type vlan id 5 && ip link set enp2s0.5 up";
  const management = (name: string): Pick<OwnUse, "reason" | "message"> => ({
    reason: "ManagementInterface",
    message: `enp2s0 belongs to the management interface ${name}`,
  });
  const route = (name: string): Pick<OwnUse, "reason" | "message"> => ({
    reason: "DefaultRoute",
    message: `enp2s0 carries the node's default route (${name})`,
  });
  const addRoute = (name: string): string => `ip route add default dev ${name} metric 500`;
  return [
    {
      nic: "a NIC in the management bridge",
      commands: "ip link set enp2s0 master mgmt-br",
      ...management("mgmt-br"),
    },
    {
      nic: "a NIC in a bond in the management bridge",
      commands: `${bond("bond0")} && ip link set bond0 master mgmt-br`,
      ...management("mgmt-br"),
    },
    {
      nic: "a NIC in the management bond",
      commands: bond("mgmt-bo"),
      ...management("mgmt-bo"),
    },
    {
      nic: "a NIC with a VLAN in the management bridge",
      commands: `${vlan} && ip link set enp2s0.5 master mgmt-br`,
      ...management("mgmt-br"),
    },
    {
      nic: "a NIC with a default route",
      commands: addRoute("enp2s0"),
      ...route("enp2s0"),
    },
    {
      nic: "a NIC in a bond with a default route",
      commands: `${bond("bond0")} && ${addRoute("bond0")}`,
      ...route("bond0"),
    },
    {
      nic: "a NIC with a default route on a VLAN of it",
      commands: `${vlan} && ${addRoute("enp2s0.5")}`,
      ...route("enp2s0.5"),
    },
    {
      nic: "a NIC with the address by which the agent reaches the API server",
      commands: "ip addr add 10.0.2.15/32 dev enp2s0",
      reason: "ApiServerConnection",
      message: "enp2s0 carries the node's connection to the API server (10.0.2.15 on enp2s0)",
    },
  ];
}
