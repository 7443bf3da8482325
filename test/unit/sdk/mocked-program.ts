import * as pulumi from "@pulumi/pulumi";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Sriov from "../../../sdk/index.js";

const REPOSITORY = join(__dirname, "..", "..", "..", "..");

/** The package as a program has it: from node_modules, where Pulumi's serialization finds it by name. */
export const sriov = createRequire(__filename)(join(REPOSITORY, "node_modules", "pulumi-sriov")) as typeof Sriov;

/** A resource as the engine was asked for it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly provider: string;
}

const PROJECT = "project";
const STACK = "stack";
let registered: Registered[] = [];

/** Runs a program against mocks, as people do who test theirs; answers what it has registered. */
export async function mocked<T>(
  program: () => T,
  { preview = false, configuration = {} }: { preview?: boolean; configuration?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly result: T; readonly resources: readonly Registered[] }> {
  registered = [];
  pulumi.runtime.setAllConfig({ ...configuration });
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs, provider = "" }) {
        registered.push({ type, name, inputs: inputs as Registered["inputs"], provider });
        return { id: `${name}-id`, state: inputs as object };
      },
      call: () => ({}),
    },
    PROJECT,
    STACK,
    preview,
  );
  const result = program();
  await pulumi.runtime.disconnect();
  return { result, resources: registered };
}

/** The component alone, by the arguments, under the name `sriov`. */
export async function reconcilerOf(
  args?: Sriov.SriovReconcilerArgs,
  opts?: pulumi.ComponentResourceOptions,
): Promise<readonly Registered[]> {
  return (await mocked(() => new sriov.SriovReconciler("sriov", args, opts))).resources;
}
