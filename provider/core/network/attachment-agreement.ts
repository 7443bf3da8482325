import { isDeepStrictEqual } from "node:util";
import type { NetworkAttachmentDefinition } from "../../../api/network-attachment-definition.js";
import type { SriovNetwork } from "../../../api/sriov-network.js";
import { renderAttachment } from "../../../plan/networks/render-attachment.js";

/**
 * Pure: the properties of the CNI configuration that an attachment has otherwise than the network asks for. Those that it
 * does not mention are no disagreement: the sriov-network-operator's releases write different ones.
 */
export function disagreements(attachment: NetworkAttachmentDefinition, network: SriovNetwork): readonly string[] {
  const { resourceName = "" } = network.spec;
  const target = { namespace: attachment.metadata.namespace ?? "", resourceName, resourcePrefix: "" };
  const rendered = renderAttachment(network, target);
  if (rendered.kind === "invalid") return rendered.problems.map(({ property }) => property);
  const found = chainOf(attachment);
  const wanted = chainOf(rendered.attachment);
  if (found === undefined || wanted === undefined) return ["config"];
  const properties = Object.keys(found.plugin).filter((name) => !NAMES_OF_THEIR_OWN.has(name));
  const other = properties.filter((name) => !isDeepStrictEqual(found.plugin[name], wanted.plugin[name]));
  return isDeepStrictEqual(found.others, wanted.others) ? other : [...other, "plugins"];
}

/** What a release says of itself, and not of the network. */
const NAMES_OF_THEIR_OWN: ReadonlySet<string> = new Set(["cniVersion", "name", "plugins"]);

interface Chain {
  readonly plugin: Readonly<Record<string, unknown>>;
  /** The plugins that come after. */
  readonly others: readonly unknown[];
}

/** Undefined where the configuration is no JSON object. */
function chainOf({ spec }: NetworkAttachmentDefinition): Chain | undefined {
  try {
    const config: unknown = JSON.parse(spec?.config ?? "");
    if (!isObject(config)) return undefined;
    const { plugins } = config;
    if (!Array.isArray(plugins)) return { plugin: config, others: [] };
    const [plugin, ...others] = plugins as readonly unknown[];
    return isObject(plugin) ? { plugin, others } : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
