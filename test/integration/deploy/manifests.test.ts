import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { KubeObject } from "../../../api/object.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import { resourceTypeOf } from "./resource-type.js";

const DIRECTORY = join(__dirname, "..", "..", "..", "..", "deploy", "manifests");

/** A cluster of its own, that has nothing yet. */
describe("the manifests that ship, at the API server", () => {
  let run: LabRun;
  let lab: Lab;

  before(async () => {
    run = await beginRun({ label: "test" });
    run.stopOnSignals();
    lab = await startLab(run, { contract: false });
  });
  after(async () => {
    lab.client.close();
    await run.stop();
  });

  const { resources } = parse(readFileSync(join(DIRECTORY, "kustomization.yaml"), "utf8")) as { resources: string[] };
  for (const file of resources) {
    it(`are taken in the order in which kustomization.yaml has them: ${file}`, async () => {
      for (const document of parseAllDocuments(readFileSync(join(DIRECTORY, file), "utf8"))) {
        const object = document.toJS() as KubeObject;
        const applied = await lab.client.apply(resourceTypeOf(object), object, { fieldManager: "somebody" });
        expect(applied.metadata.uid).to.be.a("string");
      }
    });
  }
});
