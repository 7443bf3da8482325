import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { reconcilerObjects } from "../../../deploy/reconciler-objects.js";
import { settingsOf } from "../../../deploy/settings.js";
import { manifests, staleManifests } from "../../../lab/generate-manifests.js";

const DIRECTORY = join(__dirname, "..", "..", "..", "..", "deploy", "manifests");

describe("the manifests that ship", () => {
  it("are what the TypeScript says", () => {
    expect(staleManifests(DIRECTORY), 'run "npm run generate"').to.deep.equal([]);
  });

  it("are, as kustomize reads them, all objects of an installation and no others", () => {
    const objects = reconcilerObjects(settingsOf()).map(({ object }) => object);
    // What is undefined is not in YAML.
    expect(kustomized(DIRECTORY)).to.have.deep.members(JSON.parse(JSON.stringify(objects)) as unknown[]);
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

function kustomized(directory: string): unknown[] {
  const read = (name: string): string => readFileSync(join(directory, name), "utf8");
  const { resources } = parse(read("kustomization.yaml")) as { readonly resources: readonly string[] };
  return resources.flatMap((name) => parseAllDocuments(read(name)).map((document) => document.toJS() as unknown));
}
