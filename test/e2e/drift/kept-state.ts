import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NAMESPACE } from "../../../api/core.js";
import type { Lab } from "../../../lab/lab.js";
import { REPOSITORY } from "../project.js";
import { openStack, type Program, type StackIdentity, type StateResource, type TestStack } from "../stack.js";

/** A state that an earlier version has written, of `test/fixtures/state`. */
export interface KeptState {
  readonly resources: readonly StateResource[];
  /** The stack that has it. `program` is today's. */
  open(identity: StackIdentity, program: Program): Promise<TestStack>;
}

/** The file with its placeholders filled in: the cluster that it speaks of, and the node. */
export async function keptState(lab: Lab, file: string, nodeName: string): Promise<KeptState> {
  const { metadata } = await lab.client.get(NAMESPACE, "kube-system");
  const text = readFileSync(join(REPOSITORY, "test", "fixtures", "state", file), "utf8")
    .replaceAll("{{clusterUid}}", metadata.uid ?? "")
    .replaceAll("{{nodeName}}", nodeName);
  const exported = JSON.parse(text) as { version: number; deployment: { resources: StateResource[] } };
  return {
    resources: exported.deployment.resources,
    async open(identity, program) {
      const stack = await openStack({ identity, program });
      await stack.automation.importStack(exported);
      return stack;
    },
  };
}

/** What the state remembers of the resource. @throws {Error} where there is none of that name. */
export function outputsOf({ resources }: KeptState, name: string): Readonly<Record<string, unknown>> {
  const found = resources.find(({ urn, type }) => urn.endsWith(`::${name}`) && !type.startsWith("pulumi:"));
  if (found === undefined) throw new Error(`the kept state has no resource ${name}`);
  return found.outputs;
}
