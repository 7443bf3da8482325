import type { Scenario } from "../scenario.js";

const program = (name: string, more = ""): string =>
  `new sriov.SriovNetworkDevice("${name}", { nodeName: "names", interfaceName: "eth0", numVfs: 2 }${more});`;

export const names: Scenario = {
  name: "names",
  shows:
    "A resource that is renamed, with and without alias, or named on another NIC: VFs stay where nobody asked for a change.",
  async play(stage) {
    const [first, second] = [await stage.nic(0), await stage.nic(1)];
    stage.program(program("first"));
    await stage.pulumi("up --yes --skip-preview");
    stage.program(program("second"));
    await stage.pulumi("up --yes --skip-preview");
    stage.program(program("third", ', { aliases: [{ name: "second" }] }'));
    await stage.pulumi("up --yes --skip-preview --expect-no-changes");
    await stage.kernel(first);
    stage.program(program("third").replace("eth0", "eth1"));
    await stage.pulumi("up --yes --skip-preview");
    await stage.kernel(first);
    await stage.kernel(second);
  },
};
