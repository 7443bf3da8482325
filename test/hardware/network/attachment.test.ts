import { expect } from "chai";
import type { NetworkAttachmentDefinition } from "../../../api/network-attachment-definition.js";
import { readyCondition } from "../../../api/sriov-network-device.js";
import { AgentOnGuest } from "../agent/agent-on-guest.js";
import { first, second } from "../agent/guest.js";
import { linksIn, vfSettings } from "./kernel-links.js";
import { attach, type Attachment, detach, sriovConfig } from "./sriov-plugin.js";

const MAC = "02:00:5e:10:00:07";
const POD = "pod-1";

const attachment: NetworkAttachmentDefinition = {
  apiVersion: "k8s.cni.cncf.io/v1",
  kind: "NetworkAttachmentDefinition",
  metadata: { name: "storage" },
  spec: {
    config: JSON.stringify({
      ...{ cniVersion: "1.0.0", name: "storage", type: "sriov", vlan: 100, vlanQoS: 3 },
      ...{ spoofchk: "off", trust: "on", max_tx_rate: 200, capabilities: { mac: true }, ipam: {} },
    }),
  },
};

describe("an attachment on a real kernel", function () {
  this.timeout(240_000);
  let hw: AgentOnGuest;
  let attached: Attachment;
  let device = "";

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    await hw.restore();
    device = hw.nameOf(first);
    await hw.configure(first, 2);
    const [, vf] = await hw.guest.virtualFunctions(first);
    const { index, interfaceName = "", macAddress = "" } = vf ?? expect.fail("no second VF");
    attached = {
      ...{ nic: first, vf: { index, interfaceName, macAddress }, namespace: POD, interfaceName: "net1", mac: MAC },
      config: sriovConfig(attachment),
    };
    await hw.guest.run(`/usr/sbin/ip netns add ${POD}`);
    await attach(hw.guest, attached);
  });
  after(async () => {
    await hw.guest.run(`/usr/sbin/ip netns del ${POD}`);
    await hw.restore();
  });

  it("gives the VF its VLAN and priority, in the physical function's own words", async () => {
    expect(await vfSettings(hw.guest, first, 1)).to.include({ vlan: 100, qos: 3 });
  });

  it("gives it the MAC that the pod asks for, as administrator and in the pod", async () => {
    expect(await vfSettings(hw.guest, first, 1)).to.include({ macAddress: MAC });
    expect((await linksIn(hw.guest, POD)).map(({ macAddress }) => macAddress)).to.deep.equal([MAC]);
  });

  it("gives it spoof check, trust and rate", async () => {
    expect(await vfSettings(hw.guest, first, 1)).to.include({ spoofChk: false, trust: true, maxTxRate: 200 });
  });

  it("has the VF in the pod's namespace as net1, up, and no longer in the node's", async () => {
    const [link, ...others] = await linksIn(hw.guest, POD);
    expect(others).to.deep.equal([]);
    expect(link).to.deep.include({ name: "net1", isUp: true, device: "0000:01:10.2" });
    expect(await hw.guest.run(`ls ${first.path}/virtfn1/net`)).to.equal("");
  });

  it("leaves the NIC's other VF as it was", async () => {
    const settings = await vfSettings(hw.guest, first, 0);
    expect(settings).to.include({ vlan: 0, qos: 0, spoofChk: true, trust: false, maxTxRate: 0 });
  });

  it("puts the pod's frames on the wire with tag 100", async () => {
    // An address is answered for only on the interface that has it, or frames without a tag would get an answer too.
    await hw.guest.run(`
      echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore
      ip link add link ${second.interfaceName} name ${second.interfaceName}.100 type vlan id 100
      ip addr add 192.0.2.2/24 dev ${second.interfaceName}.100 && ip link set ${second.interfaceName}.100 up
      /usr/sbin/ip -n ${POD} addr add 192.0.2.1/24 dev net1`);
    const heard = await hw.guest.run(`/usr/sbin/ip netns exec ${POD} arping -f -w 20 -I net1 192.0.2.2`);
    expect(heard).to.include("Unicast reply from 192.0.2.2");
  });

  it("is told by the agent as a VF in another network namespace", async () => {
    await hw.guest.rescan();
    const { status } = await hw.observer.device(
      device,
      (told) => told.status?.virtualFunctions?.[1]?.usedBy !== undefined,
    );
    expect(status?.virtualFunctions?.map(({ usedBy }) => usedBy)).to.deep.equal([
      undefined,
      "another network namespace",
    ]);
  });

  it("gives the VF back as it was, and the agent tells that it is free", async () => {
    await detach(hw.guest, attached);
    const { vf } = attached;
    expect(await vfSettings(hw.guest, first, 1)).to.include({ vlan: 0, qos: 0, macAddress: vf.macAddress });
    await hw.guest.rescan();
    const told = await hw.observer.device(device, ({ status }) => {
      const [, second] = status?.virtualFunctions ?? [];
      return second?.usedBy === undefined && second?.interfaceName === vf.interfaceName;
    });
    expect(readyCondition(told)?.status).to.equal("True");
  });
});
