import { expect } from "chai";
import { readFileSync } from "node:fs";
import { openStack } from "../stack.js";
import { freshTwins } from "./twins.js";

const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const SIGNATURE = "4dabf18193072939515e22adb298388d";

describe("a kubeconfig that a policy and a network are given", function () {
  this.timeout(180_000);
  it("is a secret of the state, and nowhere in clear", async () => {
    const { lab, nodeSelector, interfaceName } = await freshTwins();
    const kubeconfig = readFileSync(lab.controlPlane.kubeconfig, "utf8");
    const stack = await openStack({
      environment: { KUBECONFIG: "/nowhere" },
      program: (sriov) => {
        const resourceName = interfaceName;
        const nicSelector = { pfNames: [interfaceName] };
        const args = { kubeconfig, resourceName, nodeSelector, nicSelector, numVfs: 1 };
        const policy = new sriov.SriovNetworkNodePolicy("policy", args);
        new sriov.SriovNetwork("network", { kubeconfig, policy });
        return undefined;
      },
    });
    await stack.up();
    await stack.refresh();
    expect(stack.stateFile()).not.to.contain("client-key-data");
    const resources = await stack.resources();
    expect(resources).to.have.length(2);
    for (const { inputs, outputs } of resources) {
      for (const properties of [inputs, outputs]) expect(properties["kubeconfig"]).to.have.property(SIGNATURE, SECRET);
    }
    await stack.destroy();
  });
});
