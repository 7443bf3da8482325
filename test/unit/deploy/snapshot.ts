import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { reconcilerObjects } from "../../../deploy/reconciler-objects.js";
import { settingsOf } from "../../../deploy/settings.js";
import { SAMPLES } from "../../sample-settings.js";

/** Kinds and guards, which no setting but the namespace touches, are in the manifests that ship. */
const LEFT_OUT = /^(CustomResourceDefinition|ValidatingAdmissionPolicy)$/;

export const SNAPSHOT = join(
  __dirname,
  "..",
  "..",
  "..",
  "..",
  "test",
  "fixtures",
  "installation",
  "everything-on.yaml",
);

/** An installation with every setting other than its default, as YAML, so that a review sees what a change does to it. */
export function snapshot(): string {
  const objects = reconcilerObjects(settingsOf(SAMPLES["everything on"])).map(({ object }) => object);
  return objects
    .filter(({ kind = "" }) => !LEFT_OUT.test(kind))
    .map((object) => stringify(object, { lineWidth: 120, aliasDuplicateObjects: false }))
    .join("---\n");
}

if (require.main === module) writeFileSync(SNAPSHOT, snapshot());
