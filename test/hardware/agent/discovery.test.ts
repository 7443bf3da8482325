import { expect } from "chai";
import { readFileSync } from "node:fs";
import { NODE } from "../../../api/core.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { until as eventually } from "../../integration/lab/until.js";
import { AgentOnGuest } from "./agent-on-guest.js";
import { first, second } from "./guest.js";

describe("the agent on a real kernel: discovery", function () {
  this.timeout(120_000);
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

  it("has no object for the management NIC, which cannot have VFs", () => {
    const addresses = hw.observer.devices.list().flatMap(({ spec }) => (spec.nodeName === "hw" ? spec.address : []));
    expect(addresses.sort()).to.deep.equal([first.address, second.address]);
  });

  it("says on the Node that it is capable", async () => {
    const { labels } = (await hw.lab.client.get(NODE, "hw")).metadata;
    expect(labels).to.include({
      "network-sriov.capable": "true",
      "feature.node.kubernetes.io/network-sriov.capable": "true",
    });
  });

  describe("a NIC that the node needs for itself", () => {
    const uses: readonly { what: string; commands: string; says: string }[] = [
      {
        what: "in the management bridge",
        commands: "ip link set enp2s0 master mgmt-br",
        says: "enp2s0 belongs to the management interface mgmt-br",
      },
      {
        what: "in a bond that is in the management bridge",
        commands: `ip link add bond0 type bond && ip link set enp2s0 down && ip link set enp2s0 master bond0
          ip link set bond0 up && ip link set bond0 master mgmt-br`,
        says: "enp2s0 belongs to the management interface mgmt-br",
      },
      {
        what: "in the management bond",
        commands: "ip link add mgmt-bo type bond && ip link set enp2s0 down && ip link set enp2s0 master mgmt-bo",
        says: "enp2s0 belongs to the management interface mgmt-bo",
      },
      {
        what: "with a default route",
        commands: "ip route add default dev enp2s0 metric 500",
        says: "enp2s0 carries the node's default route (enp2s0)",
      },
      {
        what: "whose bond has a default route",
        commands: `ip link add bond0 type bond && ip link set enp2s0 down && ip link set enp2s0 master bond0
          ip link set bond0 up && ip route add default dev bond0 metric 500`,
        says: "enp2s0 carries the node's default route (bond0)",
      },
    ];

    afterEach(() => hw.restore());

    for (const { what, commands, says } of uses) {
      it(`is left out ${what}, and comes back when it no longer is`, async () => {
        await hw.guest.run(commands);
        await leftOut(says);
        await lab().client.delete(SRIOV_NETWORK_DEVICE, hw.nameOf(second));
        await hw.lookAt(first);
        expect(hw.objectOf(second)).to.equal(undefined);
        await hw.guest.restoreInterfaces();
        await hw.guest.rescan();
        await hw.reported(second);
      });
    }
  });

  const lab = () => hw.lab;

  async function leftOut(reason: string): Promise<void> {
    const said = () =>
      readFileSync(hw.node.agentLog, "utf8")
        .split("\n")
        .filter((line) => line.includes(reason)).length;
    const before = said();
    await hw.guest.rescan();
    await eventually(() => said() > before);
  }
});
