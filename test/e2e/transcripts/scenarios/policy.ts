import { NODE } from "../../../../api/core.js";
import type { Nic } from "../../nics.js";
import type { Scenario } from "../scenario.js";
import { runPod } from "./pod.js";

const program = (numVfs: number, more = ""): readonly string[] => [
  'new sriov.SriovNetworkNodePolicy("policy", {',
  '  policyName: "policy", resourceName: "policy", nodeSelector: { transcript: "policy" },',
  `  nicSelector: { pfNames: ["eth0"] }, numVfs: ${numVfs}${more},`,
  "});",
];

export const policy: Scenario = {
  name: "policy",
  shows: "A policy of two nodes: what becomes of each NIC, and whose VFs stand in the way.",
  async play(stage) {
    const nics = await Promise.all([stage.nic(0, "a"), stage.nic(0, "b")]);
    await Promise.all(nics.map(select));
    await stage.lab.startController();
    stage.program(...program(2));
    await stage.pulumi("preview");
    await stage.pulumi("up --yes --skip-preview");
    await stage.aside("pod default/db has VF 1 of the NIC on node policy-b", () => runPod(nics[1], "db", 1));
    stage.program(...program(4));
    await stage.pulumi("preview");
    await stage.pulumi("destroy --yes --skip-preview");
    stage.program(...program(4, ', onVfsInUse: "proceed"'));
    await stage.pulumi("preview");
    await stage.pulumi("up --yes --skip-preview");
  },
};

async function select({ lab, nodeName }: Nic): Promise<void> {
  const labels = { transcript: "policy" };
  await lab.client.merge(NODE, nodeName, { metadata: { labels } }, { fieldManager: "person" });
}
