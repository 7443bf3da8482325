import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manifests, staleManifests } from "../../../lab/generate-manifests.js";

describe("the manifests that ship", () => {
  it("are what the TypeScript says", () => {
    const directory = join(__dirname, "..", "..", "..", "..", "deploy", "manifests");
    expect(staleManifests(directory), 'run "npm run generate"').to.deep.equal([]);
  });

  describe("in another folder", () => {
    let directory = "";
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), "manifests-"));
      for (const [name, text] of Object.entries(manifests())) writeFileSync(join(directory, name), text);
    });
    afterEach(() => rmSync(directory, { recursive: true }));

    it("are stale where one was edited", () => {
      writeFileSync(join(directory, "pulumi-sriov-agent.yaml"), "kind: ClusterRole\n");
      expect(staleManifests(directory)).to.deep.equal(["pulumi-sriov-agent.yaml"]);
    });

    it("are stale where one is missing", () => {
      rmSync(join(directory, "pcidevices.devices.harvesterhci.io.yaml"));
      expect(staleManifests(directory)).to.deep.equal(["pcidevices.devices.harvesterhci.io.yaml"]);
    });
  });
});
