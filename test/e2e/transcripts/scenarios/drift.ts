import type { Scenario } from "../scenario.js";

const program = (more = ""): string =>
  `new sriov.SriovNetworkDevice("nic", { nodeName: "drift", interfaceName: "eth0", numVfs: 4${more} });`;

export const drift: Scenario = {
  name: "drift",
  shows: "A count that somebody changed by hand: refresh shows it, up names the owner and how to take it back.",
  async play(stage) {
    const nic = await stage.nic();
    stage.program(program());
    await stage.pulumi("up --yes --skip-preview");
    await stage.aside("kubectl edit sets the count to 2", async () => {
      await nic.edit(2);
      await nic.until("2 VFs", ({ status }) => status?.virtualFunctions?.length === 2);
    });
    await stage.pulumi("preview");
    await stage.pulumi("refresh --yes --skip-preview");
    await stage.pulumi("preview");
    await stage.pulumi("up --yes --skip-preview");
    stage.program(program(", forceConflicts: true"));
    await stage.pulumi("up --yes --skip-preview");
    await stage.pulumi("preview --expect-no-changes");
  },
};
