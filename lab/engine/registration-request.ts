import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import type { Alias as AliasMessage } from "@pulumi/pulumi/proto/alias_pb.js";
import type { Alias, Goal } from "./goal.js";
import { fromStruct } from "./struct.js";
import { withoutOutputValues } from "./values.js";

/** Reads a registration off the wire. */
export function goalOf(request: RegisterResourceRequest): Goal {
  return {
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    parent: request.getParent(),
    inputs: withoutOutputValues(fromStruct(request.getObject())),
    provider: request.getProvider(),
    version: request.getVersion(),
    dependencies: [...request.getDependenciesList()].sort(),
    propertyDependencies: Object.fromEntries(
      [...request.getPropertydependenciesMap().entries()].map(([key, value]) => [key, value.getUrnsList()]),
    ),
    aliases: [...request.getAliasurnsList().map((urn) => ({ urn })), ...request.getAliasesList().map(aliasOf)],
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
    deletedWith: request.getDeletedwith(),
    customTimeouts: timeoutsOf(request),
    importId: request.getImportid(),
  };
}

function aliasOf(message: AliasMessage): Alias {
  if (message.hasUrn()) return { urn: message.getUrn() };
  const spec = message.getSpec();
  return {
    name: spec?.getName() ?? "",
    type: spec?.getType() ?? "",
    stack: spec?.getStack() ?? "",
    project: spec?.getProject() ?? "",
    parent: spec?.getParenturn() ?? "",
    noParent: spec?.getNoparent() ?? false,
  };
}

function timeoutsOf(request: RegisterResourceRequest): Goal["customTimeouts"] {
  const given = request.getCustomtimeouts();
  const [create, update, remove] = [given?.getCreate(), given?.getUpdate(), given?.getDelete()].map(seconds);
  return {
    ...(create !== undefined && { create }),
    ...(update !== undefined && { update }),
    ...(remove !== undefined && { delete: remove }),
  };
}

const units: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** `1h30m` in seconds. */
function seconds(text: string | undefined): number | undefined {
  if (!text) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.map(([part]) => part).join("") !== text) throw new Error(`unable to parse customTimeout value ${text}`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ""] ?? 0), 0);
}
