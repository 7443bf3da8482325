import * as pulumi from "@pulumi/pulumi";
import { chosenAccess } from "../provider/dynamic/connection.js";
import { Cluster, runOperation } from "../provider/index.js";

/** How a function of a program finds its cluster, with the defaults of a resource's arguments. */
export interface ClusterFunctionArgs {
  /** Path or text of a kubeconfig. */
  readonly kubeconfig?: string;
  /** Context of the kubeconfig. */
  readonly context?: string;
}

/** What `question` answers of the cluster that is meant; asked while the program runs, for as long as a read may take. */
export async function askCluster<T>(
  { kubeconfig, context }: ClusterFunctionArgs,
  question: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const cluster = Cluster.open(chosenAccess(configured, { kubeconfig, context }));
  const task = { kind: "read", log: NOBODY, connect: () => Promise.resolve(cluster) } as const;
  try {
    return await runOperation(task, (operation) => question(operation.cluster));
  } finally {
    // What stays open would keep the program from ending.
    await cluster.close();
  }
}

/** A function has no row of its own. */
const NOBODY = { inform: () => undefined, warn: () => undefined, status: () => undefined };

/** The same as an output, for arguments that are only known as outputs of resources; asked once they are known. */
export function askAsOutput<Args extends ClusterFunctionArgs, T>(
  args: AsInputs<Args>,
  ask: (args: Args) => Promise<T>,
): pulumi.Output<T> {
  // To the type's mind a value that is an array, say, could have outputs inside still.
  const known = pulumi.output(args) as unknown as pulumi.Output<Args>;
  const answer = known.apply(async (given) => {
    const entries = Object.entries(given).filter(([, value]) => value !== undefined);
    return ask(Object.fromEntries(entries) as unknown as Args);
  });
  // A kubeconfig is a secret, but what the cluster has is none.
  return pulumi.unsecret(answer);
}

/** Arguments that may be outputs, and so may elements of those that are lists. */
export type AsInputs<Args> = { readonly [Name in keyof Args]: AsInput<NonNullable<Args[Name]>> };
type AsInput<Value> = pulumi.Input<Value extends readonly (infer Element)[] ? readonly pulumi.Input<Element>[] : Value>;

/** `sriov:kubeconfig` and its like, of the stack's configuration. */
function configured(key: string): string | undefined {
  const [namespace = "", name = ""] = key.split(":");
  return new pulumi.Config(namespace).get(name);
}
