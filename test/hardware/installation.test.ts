import { expect } from "chai";
import { kernelCounts, runMainJob } from "../main-job.js";

describe("npm start -- --node kubelet", function () {
  // Pods start in an emulated machine, and twice: the image is upgraded.
  this.timeout(1_200_000);
  let output = "";

  before(async () => {
    output = await runMainJob("--node", "kubelet");
  });

  it("takes an empty cluster's NICs from 0 to 4 and, after an upgrade of the image, to 0, in the guest's own sysfs", () => {
    // The declared NIC and the policy's: after up, after the upgrade, after destroy.
    expect(kernelCounts(output)).to.deep.equal([4, 4, 4, 4, 0, 0]);
  });

  it("runs the reconciler as pods with service accounts of their own, and none may do everything", () => {
    expect(output).to.match(/pulumi-sriov-agent-\w+ +node1 +pulumi-sriov-agent .*Ready/);
    expect(output.match(/pulumi-sriov-controller-\w+-\w+ +node1 +pulumi-sriov-controller .*Ready/g)).to.have.length(4);
    expect(output.match(/auth can-i '\*' '\*' .*# no/g)).to.have.length(2);
  });

  it("leaves a pod's VFs and a claimed one as they are when the image is upgraded", () => {
    const [, upgraded = ""] = output.split("== An upgrade");
    expect(upgraded)
      .to.match(/0000:01:10\.0 +vfio-pci/)
      .and.to.include("Pod router has noticed nothing.");
  });
});
