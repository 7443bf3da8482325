import type { Scenario } from "../scenario.js";

const program = (more = ""): readonly string[] => [
  'new sriov.SriovNetworkDevice("good", { nodeName: "partial", interfaceName: "eth0", numVfs: 2 });',
  `new sriov.SriovNetworkDevice("bad", { nodeName: "partial", interfaceName: "eth1", numVfs: 2${more} });`,
];

export const partial: Scenario = {
  name: "partial",
  shows: "One of two NICs is somebody else's: the other one is done, and the next up does the rest.",
  async play(stage) {
    const [good, bad] = [await stage.nic(0), await stage.nic(1)];
    await stage.aside("kubectl edit sets the count of eth1 to 1", async () => {
      await bad.edit(1);
      await bad.until("1 VF", ({ status }) => status?.virtualFunctions?.length === 1);
    });
    stage.program(...program());
    await stage.pulumi("up --yes --skip-preview");
    await stage.kernel(good);
    stage.program(...program(", forceConflicts: true"));
    await stage.pulumi("up --yes --skip-preview");
    await stage.kernel(good);
    await stage.kernel(bad);
  },
};
