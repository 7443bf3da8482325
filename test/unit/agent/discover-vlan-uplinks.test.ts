import { expect } from "chai";
import { pino } from "pino";
import type { Node } from "../../../api/core.js";
import type { KubeObject } from "../../../api/object.js";
import type { VlanConfig } from "../../../api/vlan-config.js";
import type { Change } from "../../../kube/informer.js";
import { VlanUplinks } from "../../../reconciler/agent/discovery/vlan-uplinks.js";

/** A cluster's objects of one kind, as an informer has them. */
class Objects<T extends KubeObject> {
  private listener: (change: Change<T>) => void = () => undefined;

  constructor(private objects: readonly T[]) {}

  list(): T[] {
    return [...this.objects];
  }

  onChange(listener: (change: Change<T>) => void): () => void {
    this.listener = listener;
    return () => undefined;
  }

  become(...objects: readonly T[]): void {
    this.objects = objects;
    for (const object of objects) this.listener({ kind: "set", object, previous: undefined });
  }
}

interface Parts {
  readonly matched?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly nics?: readonly string[];
}

function vlanConfig({ matched, nodeSelector, nics = ["eno49"] }: Parts): VlanConfig {
  const annotations = { ...(matched !== undefined && { "network.harvesterhci.io/matched-nodes": matched }) };
  return {
    metadata: { name: "rack1", annotations },
    spec: { ...(nodeSelector && { nodeSelector }), uplink: { nics } },
  };
}

const node = (labels: Readonly<Record<string, string>> = {}): Node => ({ metadata: { name: "node1", labels } });

describe("the uplinks of VlanConfigs", () => {
  const logged: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => logged.push((JSON.parse(line) as { msg: string }).msg) });
  beforeEach(() => logged.splice(0));

  const uplinks = (config: VlanConfig, of: Node = node()): string[] => [
    ...new VlanUplinks(new Objects([config]), new Objects([of]), log).current().keys(),
  ];

  it("are the interfaces of one whose annotation names the node", () => {
    expect(uplinks(vlanConfig({ matched: '["node0","node1"]', nics: ["eno49", "eno50"] }))).to.deep.equal([
      "eno49",
      "eno50",
    ]);
  });

  it("are not those of one whose annotation names others, though its selector matches", () => {
    expect(uplinks(vlanConfig({ matched: '["node10"]', nodeSelector: {} }))).to.deep.equal([]);
  });

  it("are those of one without annotation whose selector matches the node's labels", () => {
    expect(uplinks(vlanConfig({ nodeSelector: { rack: "1" } }), node({ rack: "1", zone: "a" }))).to.deep.equal([
      "eno49",
    ]);
  });

  it("are not those of one without annotation whose selector does not match all of them", () => {
    expect(
      uplinks(vlanConfig({ nodeSelector: { rack: "1", zone: "b" } }), node({ rack: "1", zone: "a" })),
    ).to.have.length(0);
  });

  it("are those of one without annotation and selector: it is for all nodes", () => {
    expect(uplinks(vlanConfig({}))).to.deep.equal(["eno49"]);
  });

  for (const matched of ["", "node1", "{}", "[1]", '["node1"']) {
    it(`go by the selector where the annotation is ${JSON.stringify(matched)}, which the log tells once`, () => {
      const source = new VlanUplinks(new Objects([vlanConfig({ matched })]), new Objects([node()]), log);
      expect([...source.current().keys()]).to.deep.equal(["eno49"]);
      source.current();
      expect(logged).to.have.length(1);
      expect(logged[0]).to.match(
        /^VlanConfig rack1: annotation network.harvesterhci.io\/matched-nodes is no JSON array/,
      );
    });
  }

  it("are none of a VlanConfig without uplink", () => {
    expect(uplinks({ metadata: { name: "rack1" }, spec: {} })).to.deep.equal([]);
  });

  describe("that change", () => {
    let configs: Objects<VlanConfig>;
    let nodes: Objects<Node>;
    let told: number;
    beforeEach(() => {
      configs = new Objects([vlanConfig({ nodeSelector: { rack: "1" } })]);
      nodes = new Objects([node({ rack: "1" })]);
      told = 0;
      new VlanUplinks(configs, nodes, log).onChange(() => told++);
    });

    it("are told when a VlanConfig changes", () => {
      configs.become(vlanConfig({ nodeSelector: { rack: "1" }, nics: ["eno50"] }));
      expect(told).to.equal(1);
    });

    it("are told when the node's labels decide otherwise", () => {
      nodes.become(node({ rack: "2" }));
      expect(told).to.equal(1);
    });

    it("are not told again when something else changes", () => {
      configs.become({ ...vlanConfig({ nodeSelector: { rack: "1" } }), kind: "VlanConfig" });
      nodes.become(node({ rack: "1", other: "yes" }));
      expect(told).to.equal(0);
    });
  });
});
