import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import type { Node } from "../../../api/core.js";
import { Annotation } from "../../../api/names.js";
import type { VlanConfig } from "../../../api/vlan-config.js";
import type { Informer } from "../../../kube/informer.js";

/** What is needed of an informer here, whether the cluster has the kind or not. */
type Source<T extends VlanConfig | Node> = Pick<Informer<T>, "list" | "onChange">;

/** The interfaces that Harvester's VlanConfigs take as uplinks on one node. */
export class VlanUplinks {
  private uplinks: ReadonlyMap<string, string> = new Map();
  /** What was malformed, so that it is told once. */
  private readonly told = new Map<string, string>();

  constructor(
    private readonly configs: Source<VlanConfig>,
    private readonly node: Source<Node>,
    private readonly log: Logger,
  ) {}

  /** Interface name to the VlanConfig's name. */
  current(): ReadonlyMap<string, string> {
    const node = this.node.list()[0];
    if (node === undefined) return this.uplinks;
    const matching = this.configs.list().filter((config) => this.isFor(config, node));
    return new Map(
      matching.flatMap(({ metadata, spec }) => (spec?.uplink?.nics ?? []).map((nic) => [nic, metadata.name])),
    );
  }

  /** Calls `listener` when the answer has changed, by a VlanConfig or by the node's labels. */
  onChange(listener: () => void): void {
    this.uplinks = this.current();
    const compare = (): void => {
      const now = this.current();
      if (isDeepStrictEqual(now, this.uplinks)) return;
      this.uplinks = now;
      listener();
    };
    this.configs.onChange(compare);
    this.node.onChange(compare);
  }

  private isFor(config: VlanConfig, node: Node): boolean {
    const { name, annotations } = config.metadata;
    const text = annotations?.[Annotation.matchedNodes];
    const nodes = text === undefined ? undefined : parseNames(text);
    if (text !== undefined && nodes === undefined && this.told.get(name) !== text) {
      this.told.set(name, text);
      const advice = "its nodeSelector decides instead";
      this.log.warn(
        `VlanConfig ${name}: annotation ${Annotation.matchedNodes} is no JSON array of names: ${text}; ${advice}`,
      );
    }
    return nodes?.includes(node.metadata.name) ?? isSelected(config, node);
  }
}

function isSelected({ spec }: VlanConfig, { metadata: { labels = {} } }: Node): boolean {
  return Object.entries(spec?.nodeSelector ?? {}).every(([label, value]) => labels[label] === value);
}

function parseNames(text: string): readonly unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) && parsed.every((name) => typeof name === "string") ? parsed : undefined;
  } catch {
    return undefined;
  }
}
