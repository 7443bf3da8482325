import type { Scenario } from "../scenario.js";
import { runPod } from "./pod.js";

const program = (more = ""): readonly string[] => [
  'new sriov.SriovNetwork("net", {',
  `  networkName: "transcript", networkNamespace: "default", resourceName: "transcript", vlan: 100${more},`,
  "});",
];

export const network: Scenario = {
  name: "network",
  shows: "A network that changes while a pod is attached: who keeps what.",
  async play(stage) {
    const nic = await stage.nic();
    await stage.lab.startController();
    await stage.aside("kubectl edit gives the NIC 2 VFs", async () => {
      await nic.edit(2);
      await nic.until("2 VFs", ({ status }) => status?.virtualFunctions?.length === 2);
    });
    stage.program(...program());
    await stage.pulumi("up --yes --skip-preview");
    await stage.aside("pod default/attached has an interface of it", () =>
      runPod(nic, "attached", 0, "default/transcript"),
    );
    stage.program(...program(', spoofChk: "on"'));
    await stage.pulumi("preview");
    stage.program(...program().map((line) => line.replace('"transcript", networkN', '"other", networkN')));
    await stage.pulumi("preview");
    await stage.pulumi("destroy --yes --skip-preview");
  },
};
