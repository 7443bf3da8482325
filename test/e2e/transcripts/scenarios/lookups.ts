import type { Scenario } from "../scenario.js";

export const lookups: Scenario = {
  name: "lookups",
  shows: "A program that asks what the cluster has, in a preview too.",
  async play(stage) {
    await stage.nic();
    stage.program(
      'exports.functions = sriov.getPciDevicesOutput({ nodeName: "lookups" }).apply((found) => found.map(({ address }) => address));',
      "exports.capable = sriov.getSriovCapabilityOutput().apply(({ capable }) => capable);",
    );
    await stage.pulumi("preview");
  },
};
