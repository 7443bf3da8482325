import { expect } from "chai";
import { kernelCounts, runMainJob } from "../main-job.js";

describe("npm start -- --node qemu", function () {
  this.timeout(600_000);
  let output = "";

  before(async () => {
    output = await runMainJob("--node", "qemu");
  });

  it("takes a NIC from 0 to 4, to 6, back to 6 after somebody's edit, and to 0, in the guest's own sysfs", () => {
    expect(kernelCounts(output)).to.deep.equal([4, 6, 6, 0]);
  });

  it("lists the VFs with the kernel's own driver", () => {
    expect(output).to.match(/node1-000001\d+\s+0000:01:1\d\.\d\s+8086:10ca\s+igbvf/);
  });
});
