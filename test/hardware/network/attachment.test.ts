import { expect } from "chai";
import { Label } from "../../../api/names.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { SriovNetworkSpec } from "../../../api/sriov-network.js";
import type { LabController } from "../../../lab/controller.js";
import { AgentOnGuest } from "../agent/agent-on-guest.js";
import { first, second } from "../agent/guest.js";
import { NetworkCluster } from "./cluster.js";
import { linksIn, type VfSettings, vfSettings } from "./kernel-links.js";
import { attach, type Attachment, detach, sriovConfig } from "./sriov-plugin.js";

const POLICY = "hw-storage";
const POD = "pod-1";
const MAC = "02:00:5e:10:00:07";
const MTU = 1400;
/** Of the NIC's two VFs the one that the pod gets. */
const VF = 1;
const VF_ADDRESS = "0000:01:10.2";

/** Networks, and what a VF in them is to be by the kernel of its node; a link state, a minimum rate and 802.1ad an 82576 has not. */
const networks: readonly {
  readonly title: string;
  readonly spec: SriovNetworkSpec;
  readonly settings: Omit<VfSettings, "macAddress">;
  /** Whether the pod may choose its MAC. */
  readonly mac: boolean;
}[] = [
  {
    title: "a network with all that the NIC can",
    spec: {
      ...{ vlan: 100, vlanQoS: 3, vlanProto: "802.1Q", spoofChk: "off", trust: "on" },
      ...{ minTxRate: 0, maxTxRate: 200, capabilities: '{"mac": true, "ips": true}' },
      ipam: '{"type": "host-local", "subnet": "192.0.2.0/24"}',
    },
    settings: { vlan: 100, qos: 3, spoofChk: false, trust: true, maxTxRate: 200 },
    mac: true,
  },
  {
    title: "a network that asks for nothing",
    spec: {},
    settings: { vlan: 0, qos: 0, spoofChk: true, trust: false, maxTxRate: 0 },
    mac: false,
  },
  {
    title: "a network with more plugins",
    spec: {
      vlan: 4094,
      spoofChk: "on",
      trust: "off",
      metaPlugins: '{"type": "tuning"}, {"type": "vrf", "vrfname": "red"}',
    },
    settings: { vlan: 4094, qos: 0, spoofChk: true, trust: false, maxTxRate: 0 },
    mac: false,
  },
];

describe("a VF of a policy, attached by the configuration that the controller renders, on a real kernel", function () {
  this.timeout(240_000);
  let hw: AgentOnGuest;
  let cluster: NetworkCluster;
  let controller: LabController;
  let device = "";

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    cluster = new NetworkCluster(hw.lab);
    await hw.restore();
    device = hw.nameOf(first);
    await hw.observer.release(device);
    controller = await hw.lab.startController();
    await cluster.addPolicy(POLICY, {
      resourceName: "storage",
      nodeSelector: { [Label.featureCapable]: "true" },
      nicSelector: { pfNames: [first.interfaceName] },
      numVfs: 2,
      mtu: MTU,
    });
    await hw.configured(first, 2);
    await hw.guest.run(`/usr/sbin/ip netns add ${POD}`);
  });
  after(async () => {
    await controller.stop();
    await hw.guest.run(`/usr/sbin/ip netns del ${POD}; ip link set ${first.interfaceName} mtu 1500`);
    await hw.restore();
  });

  networks.forEach(({ title, spec, settings, mac }, index) => {
    describe(title, () => {
      const name = `hw-network-${index}`;
      let attached: Attachment;
      let untouched: VfSettings;

      before(async () => {
        untouched = await vfSettings(hw.guest, first, VF);
        attached = await attachedTo(name, spec);
      });
      after(() => cluster.removeNetwork(name));

      it("gives the VF what it says, in the physical function's own words", async () => {
        const macAddress = mac ? MAC : untouched.macAddress;
        expect(await vfSettings(hw.guest, first, VF)).to.deep.equal({ ...settings, macAddress });
      });

      it("has the VF in the pod's namespace as net1, up, with its MAC and the policy's MTU", async () => {
        const macAddress = mac ? MAC : attached.vf.macAddress;
        const link = { name: "net1", macAddress, mtu: MTU, isUp: true, device: VF_ADDRESS };
        expect(await linksIn(hw.guest, POD)).to.deep.equal([link]);
      });

      it("leaves the NIC's other VF as it was", async () => {
        const settings = await vfSettings(hw.guest, first, 0);
        expect(settings).to.include({ vlan: 0, qos: 0, spoofChk: true, trust: false, maxTxRate: 0 });
      });

      it("puts the pod's frames on the wire with its VLAN's tag alone", async () => {
        const heard = await arpFromPod(settings.vlan === 0 ? second.interfaceName : vlanOnTheWire(settings.vlan));
        expect(heard).to.include("Unicast reply from 192.0.2.2");
      });

      it("makes it a VF in use for the agent", async () => {
        await hw.guest.rescan();
        const told = await hw.observer.device(device, ({ status }) => usedBy(status)[VF] !== undefined);
        expect(usedBy(told.status)).to.deep.equal([undefined, "another network namespace"]);
      });

      it("gives the VF back as it was", async () => {
        await detach(hw.guest, attached);
        expect(await vfSettings(hw.guest, first, VF)).to.deep.equal({
          ...untouched,
          macAddress: attached.vf.macAddress,
        });
        await hw.guest.rescan();
        await hw.observer.device(device, ({ status }) => usedBy(status)[VF] === undefined);
      });
    });
  });

  describe("whose policy is deleted", () => {
    const name = "hw-network-last";
    let attached: Attachment;

    before(async () => {
      attached = await attachedTo(name, {});
      await hw.guest.rescan();
      await hw.observer.device(device, ({ status }) => usedBy(status)[VF] !== undefined);
      await cluster.removePolicy(POLICY);
    });
    after(() => cluster.removeNetwork(name));

    it("stays while the pod has it, and the NIC tells why", async () => {
      const { message } = await hw.event(device, "PolicyRefused", VF_ADDRESS);
      expect(message).to.include("another network namespace");
      expect(await hw.node.numVfs(first.address)).to.equal(2);
    });

    it("goes with the others once the pod has let go of it", async () => {
      await detach(hw.guest, attached);
      await hw.guest.rescan();
      await hw.configured(first, 0);
    });
  });

  /** A network of this name, and the NIC's VF in it as the pod has it. */
  async function attachedTo(name: string, spec: SriovNetworkSpec): Promise<Attachment> {
    const definition = await cluster.addNetwork(name, { resourceName: "storage", ...spec });
    const vf = (await hw.guest.virtualFunctions(first))[VF];
    const { interfaceName = "", macAddress = "" } = vf ?? expect.fail("no such VF");
    const attachment = {
      ...{ nic: first, namespace: POD, interfaceName: "net1", config: sriovConfig(definition), mac: MAC },
      vf: { index: VF, interfaceName, macAddress },
    };
    await attach(hw.guest, attachment);
    return attachment;
  }

  /** An interface behind the second NIC, which is on the same wire, that takes frames of this VLAN alone. */
  function vlanOnTheWire(vlan: number): string {
    return `${second.interfaceName}.${vlan}`;
  }

  /** Asks from the pod for an address of that interface, which is made where it is missing. */
  async function arpFromPod(answering: string): Promise<string> {
    const [parent = "", vlan] = answering.split(".");
    // An address is answered for only by the interface that has it, or a frame with another tag would get an answer too.
    await hw.guest.run(`
      echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore
      ${vlan === undefined ? "" : `ip link add link ${parent} name ${answering} type vlan id ${vlan}`}
      ip addr add 192.0.2.2/24 dev ${answering} && ip link set ${answering} up
      /usr/sbin/ip -n ${POD} addr add 192.0.2.1/24 dev net1`);
    const heard = await hw.guest.run(`/usr/sbin/ip netns exec ${POD} arping -f -w 20 -I net1 192.0.2.2`);
    await hw.guest.run(`ip addr flush dev ${answering}${vlan === undefined ? "" : ` && ip link del ${answering}`}`);
    return heard;
  }
});

function usedBy(status: SriovNetworkDevice["status"]): (string | undefined)[] {
  return (status?.virtualFunctions ?? []).map((vf) => vf.usedBy);
}
