import type { Scenario } from "../scenario.js";

const program = (numVfs: number, more = ""): string =>
  `new sriov.SriovNetworkDevice("nic", { nodeName: "silence", interfaceName: "eth0", numVfs: ${numVfs} }${more});`;

export const silence: Scenario = {
  name: "silence",
  shows:
    "A node whose agent is down: up says whom it waits for, ends when customTimeouts says, and the next up goes on from there.",
  async play(stage) {
    const nic = await stage.nic();
    stage.program(program(2));
    await stage.pulumi("up --yes --skip-preview");
    await stage.aside("the agent is killed", () => nic.node.stopAgent("SIGKILL"));
    stage.program(program(4, ', { customTimeouts: { update: "8s" } }'));
    await stage.pulumi("up --yes --skip-preview", { progress: true });
    await stage.kernel(nic);
    await stage.aside("the agent is started again", () => nic.node.startAgent());
    await stage.pulumi("up --yes --skip-preview");
    await stage.kernel(nic);
  },
};
