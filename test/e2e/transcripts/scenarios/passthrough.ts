import type { Scenario } from "../scenario.js";

const nic = (numVfs: number): string =>
  `const nic = new sriov.SriovNetworkDevice("nic", { nodeName: "passthrough", interfaceName: "eth0", numVfs: ${numVfs} });`;

export const passthrough: Scenario = {
  name: "passthrough",
  shows: "A VF for a virtual machine: what is taken from which driver, and a count that would take it away.",
  async play(stage) {
    await stage.nic();
    stage.program(nic(2));
    await stage.pulumi("up --yes --skip-preview");
    const claim = 'new sriov.PciDeviceClaim("vf", { pciDevice: nic.vfPciDevices.apply((names) => names[0]) });';
    stage.program(nic(2), claim);
    await stage.pulumi("preview");
    await stage.pulumi("up --yes --skip-preview");
    stage.program(nic(4), claim);
    await stage.previewJson();
  },
};
