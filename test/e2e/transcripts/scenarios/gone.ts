import { rescan } from "../../../integration/agent/agent-process.js";
import type { Scenario } from "../scenario.js";

export const gone: Scenario = {
  name: "gone",
  shows: "A NIC that is taken out of its node: refresh shows it, up says what to do, destroy ends.",
  async play(stage) {
    const nic = await stage.nic();
    stage.program('new sriov.SriovNetworkDevice("nic", { nodeName: "gone", interfaceName: "eth0", numVfs: 2 });');
    await stage.pulumi("up --yes --skip-preview");
    await stage.aside("the NIC is unplugged", async () => {
      await nic.node.hardware.unplug(nic.address);
      rescan(nic.lab.run, nic.node);
      await nic.until("gone", (device) => device.status?.conditions?.[0]?.reason === "DeviceGone");
    });
    await stage.pulumi("refresh --yes --skip-preview");
    await stage.pulumi("up --yes --skip-preview");
    await stage.pulumi("destroy --yes --skip-preview");
  },
};
