import type { Scenario } from "../scenario.js";

export const lookups: Scenario = {
  name: "lookups",
  shows: "A program that asks what the cluster has, in a preview too.",
  async play(stage) {
    const nic = await stage.nic();
    await stage.aside("kubectl edit sets the count of eth0 to 2", async () => {
      await nic.edit(2);
      await nic.until("2 VFs", ({ status }) => status?.virtualFunctions?.length === 2);
    });
    stage.program(
      'exports.nics = sriov.getSriovNetworkDevicesOutput({ nodeName: "lookups" });',
      'exports.free = sriov.getSriovNetworkDevicesOutput({ nodeName: "lookups", managed: false }).apply((found) => found.length);',
      'exports.functions = sriov.getPciDevicesOutput({ nodeName: "lookups", virtualFunction: true }).apply((found) => found.map(({ address, driver }) => `${address} ${driver}`));',
      "exports.capable = sriov.getSriovCapabilityOutput().apply(({ capable }) => capable);",
    );
    await stage.pulumi("preview");
  },
};
