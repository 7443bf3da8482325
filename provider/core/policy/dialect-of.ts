import type { Cluster } from "../cluster.js";
import { operatorDialect } from "./operator-dialect.js";
import { ownDialect } from "./own-dialect.js";
import type { PolicyDialect } from "./policy-dialect.js";

export async function dialectOf(cluster: Cluster): Promise<PolicyDialect> {
  return (await cluster.dialect()) === "operator" ? operatorDialect : ownDialect;
}
