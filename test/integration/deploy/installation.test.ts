import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { CUSTOM_RESOURCE_DEFINITION, NAMESPACE } from "../../../api/core.js";
import type { KubeObject } from "../../../api/object.js";
import { agentDaemonSet } from "../../../deploy/agent-daemon-set.js";
import { controllerDeployment } from "../../../deploy/controller-deployment.js";
import { reconcilerObjects } from "../../../deploy/reconciler-objects.js";
import { settingsOf } from "../../../deploy/settings.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import { SAMPLES } from "../../sample-settings.js";
import { dryRun } from "./dry-run.js";
import { resourceTypeOf } from "./resource-type.js";
import { serviceMonitorKind } from "./service-monitor-kind.js";

const TOP = join(__dirname, "..", "..", "..", "..");
const MANIFESTS = join(TOP, "deploy", "manifests");
const OPTIONS = { fieldManager: "somebody" };

/** A cluster of its own, that has nothing yet. */
describe("an installation, at the API server", () => {
  let run: LabRun;
  let lab: Lab;

  before(async () => {
    run = await beginRun({ label: "test" });
    run.stopOnSignals();
    lab = await startLab(run, { contract: false });
    await lab.client.apply(CUSTOM_RESOURCE_DEFINITION, serviceMonitorKind(), OPTIONS);
    await lab.client.apply(NAMESPACE, namespaceAtLevel("restricted"), OPTIONS);
  });
  after(async () => {
    lab.client.close();
    await run.stop();
  });

  for (const [name, given] of Object.entries(SAMPLES)) {
    describe(name, () => {
      const objects = reconcilerObjects(settingsOf(given));

      before(async () => {
        const namespace = objects.find(({ key }) => key === "namespace");
        if (namespace === undefined) throw new Error("there is no namespace");
        await lab.client.apply(NAMESPACE, namespace.object, OPTIONS);
      });

      for (const { key, object } of objects) {
        it(`takes ${key} without a warning`, async () => {
          const { status, body, warnings } = await dryRun(lab.client, object);
          expect(status, body).to.be.oneOf([200, 201]);
          expect(warnings).to.deep.equal([]);
        });
      }
    });
  }

  describe("in a namespace that warns of what the Pod Security level restricted forbids", () => {
    it("hears nothing of the controllers' pods", async () => {
      const { status, body, warnings } = await dryRun(lab.client, controllerDeployment(settingsOf()), "restricted");
      expect(status, body).to.equal(201);
      expect(warnings).to.deep.equal([]);
    });

    it("hears of the agents' pods just what docs/installation.md lists", async () => {
      const { status, body, warnings } = await dryRun(lab.client, agentDaemonSet(settingsOf()), "restricted");
      expect(status, body).to.equal(201);
      expect(violations(warnings)).to.have.members(documented());
    });

    it("hears less of agents that do without what can be switched off", async () => {
      const lesser = settingsOf({ agent: { moduleLoading: false, devicePlugin: false }, metrics: { enabled: false } });
      const { warnings } = await dryRun(lab.client, agentDaemonSet(lesser), "restricted");
      expect(violations(warnings)).to.have.members(documented().filter((item) => item !== "hostPort"));
      expect(warnings.join()).not.to.include("SYS_MODULE");
    });
  });

  describe("by the manifests that ship", () => {
    const kustomization = parse(readFileSync(join(MANIFESTS, "kustomization.yaml"), "utf8")) as { resources: string[] };

    for (const file of kustomization.resources) {
      it(`takes ${file} after those before it`, async () => {
        for (const document of parseAllDocuments(readFileSync(join(MANIFESTS, file), "utf8"))) {
          const object = document.toJS() as KubeObject;
          const applied = await lab.client.apply(resourceTypeOf(object), object, OPTIONS);
          expect(applied.metadata.uid).to.be.a("string");
        }
      });
    }
  });
});

function namespaceAtLevel(level: string): KubeObject {
  return { metadata: { name: level, labels: { "pod-security.kubernetes.io/warn": level } } };
}

/** What Pod Security finds, by the names that it has for it: `hostPort` of `hostPort (container "agent" uses hostPort 9810)`. */
function violations(warnings: readonly string[]): string[] {
  const list = /would violate PodSecurity .*?:latest\\?": (.*)/.exec(warnings.join())?.[1] ?? "";
  return [...list.matchAll(/(?:^|, )([^,(]+) \([^)]*\)/g)].map(([, item = ""]) => item);
}

/** First column of the table in the chapter on Pod Security. */
function documented(): string[] {
  const page = readFileSync(join(TOP, "docs", "installation.md"), "utf8");
  const chapter = /^## Pod Security\n(.*?)^## /ms.exec(page)?.[1] ?? "";
  return [...chapter.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, item = ""]) => item);
}
