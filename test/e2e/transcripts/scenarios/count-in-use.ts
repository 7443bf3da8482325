import { runPod } from "./pod.js";
import type { Scenario } from "../scenario.js";

const program = (numVfs: number, more = ""): string =>
  `const nic = new sriov.SriovNetworkDevice("nic", { nodeName: "count-in-use", interfaceName: "eth0", numVfs: ${numVfs}${more} });`;

export const countInUse: Scenario = {
  name: "count-in-use",
  shows:
    'A count that changes, and a delete, while a VF is in use: refused by default, a warning with onVfsInUse: "proceed".',
  async play(stage) {
    const nic = await stage.nic();
    stage.program(program(4), "exports.vfAddresses = nic.vfAddresses;");
    await stage.pulumi("preview");
    await stage.pulumi("up --yes --skip-preview");
    await stage.aside("pod default/web has VF 1", () => runPod(nic, "web", 1));
    stage.program(program(6));
    await stage.pulumi("preview");
    await stage.previewJson();
    await stage.pulumi("destroy --yes --skip-preview");
    stage.program(program(6, ', onVfsInUse: "proceed"'));
    await stage.previewJson();
    await stage.pulumi("up --yes --skip-preview");
  },
};
