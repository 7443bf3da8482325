import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { VALIDATING_ADMISSION_POLICY, VALIDATING_ADMISSION_POLICY_BINDING } from "../../../api/admission-policies.js";
import { CUSTOM_RESOURCE_DEFINITION, NAMESPACE } from "../../../api/core.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING } from "../../../api/rbac.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";

const DIRECTORY = join(__dirname, "..", "..", "..", "..", "deploy", "manifests");

const TYPES: readonly ResourceType<KubeObject>[] = [
  NAMESPACE,
  CLUSTER_ROLE,
  CLUSTER_ROLE_BINDING,
  ROLE,
  ROLE_BINDING,
  CUSTOM_RESOURCE_DEFINITION,
  VALIDATING_ADMISSION_POLICY,
  VALIDATING_ADMISSION_POLICY_BINDING,
];

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

  for (const file of readdirSync(DIRECTORY).sort()) {
    it(`are taken in the order of their names: ${file}`, async () => {
      for (const document of parseAllDocuments(readFileSync(join(DIRECTORY, file), "utf8"))) {
        const object = document.toJS() as KubeObject;
        const type = TYPES.find(({ kind }) => kind === object.kind);
        if (type === undefined) throw new Error(`no type for ${object.kind ?? "an object without kind"}`);
        const applied = await lab.client.apply(type, object, { fieldManager: "somebody" });
        expect(applied.metadata.uid).to.be.a("string");
      }
    });
  }
});
