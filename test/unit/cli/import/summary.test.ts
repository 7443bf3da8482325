import { expect } from "chai";
import { nothingToImport } from "../../../../cli/import/summary.js";

describe("an import that finds nothing", () => {
  it("says that nobody has declared anything where all was looked at", () => {
    expect(nothingToImport("the cluster", [], [])).to.equal(
      "Nothing to import: nobody has declared anything in the cluster.\n",
    );
  });

  it("speaks of the nodes alone that were asked for", () => {
    expect(nothingToImport("the cluster", ["n1", "n2"], [])).to.contain("declared anything on n1 or n2,");
  });

  it("does not say so of a cluster of which something was left out", () => {
    expect(nothingToImport("the cluster", [], ["nic belongs to resources of Pulumi"])).to.equal(
      "Nothing to import from the cluster, beside what is left out.\n",
    );
  });
});
