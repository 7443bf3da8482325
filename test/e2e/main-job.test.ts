import { expect } from "chai";
import { kernelCounts, runMainJob } from "../main-job.js";

describe("npm start", function () {
  this.timeout(180_000);
  let output = "";

  before(async () => {
    output = await runMainJob();
  });

  it("takes a NIC from 0 to 4, to 6, back to 6 after somebody's edit, and to 0, as the kernel has it", () => {
    expect(kernelCounts(output)).to.deep.equal([4, 6, 6, 0]);
  });

  it("shows two NICs of each of two nodes", () => {
    for (const name of ["node1-eno49", "node1-eno50", "node2-eno49", "node2-eno50"]) expect(output).to.include(name);
  });

  it("previews 4 to 6 with a warning that names the four VFs that go", () => {
    for (const vf of ["0000:04:10.0", "0000:04:10.2", "0000:04:10.4", "0000:04:10.6"]) {
      expect(output).to.match(new RegExp(`- ${vf} \\(eno49v\\d\\)`));
    }
  });

  it("names the other owner after an edit by hand", () => {
    expect(output).to.include('spec.numVFS is owned by field manager "kubectl-edit"');
  });
});
