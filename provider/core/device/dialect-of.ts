import type { Cluster, DeviceDialectName } from "../cluster.js";
import type { DeviceDialect } from "./device-dialect.js";
import { harvesterDialect } from "./harvester-dialect.js";
import { operatorDialect } from "./operator-dialect.js";
import { ownDialect } from "./own-dialect.js";

/** How NICs are looked after here. */
export async function deviceDialectOf(cluster: Cluster): Promise<DeviceDialect> {
  return DIALECTS[await cluster.deviceDialect()];
}

const DIALECTS: Readonly<Record<DeviceDialectName, DeviceDialect>> = {
  own: ownDialect,
  harvester: harvesterDialect,
  operator: operatorDialect,
};
