import { expect } from "chai";
import fc from "fast-check";
import { runInNewContext } from "node:vm";
import { importDocument } from "../../../../cli/import/import-document.js";
import type { Importable } from "../../../../cli/import/kinds.js";
import { literal } from "../../../../cli/import/literal.js";
import { programText } from "../../../../cli/import/program.js";

describe("the program that an import writes", () => {
  const nic = (name: string): Importable => {
    const args = { nodeName: "n", interfaceName: "eth0", numVfs: 2 };
    return { kind: "device", name, id: name, args, inputs: args, outputs: args };
  };
  const policy = (name: string): Importable => {
    const args = { policyName: name };
    return { kind: "policy", name, id: `ns/${name}`, args, inputs: args, outputs: args };
  };
  const network = (name: string, followed: string): Importable => {
    const args = { networkName: name, policy: { policyName: followed } };
    return { kind: "network", name, id: `ns/${name}`, args, inputs: args, outputs: args, policy: followed };
  };
  const claim = (name: string, device: string): Importable => {
    const args = { pciDevice: name };
    return { kind: "claim", name, id: name, args, inputs: args, outputs: args, device };
  };

  /** What the text does, as calls of the package's classes. */
  function run(resources: readonly Importable[]): unknown[] {
    const made: unknown[] = [];
    const classOf = (name: string) =>
      function (this: object, resource: string, args: object, options?: object) {
        made.push([name, resource, args, options].filter((part) => part !== undefined));
        Object.assign(this, { made: resource });
      };
    const names = ["SriovNetworkDevice", "SriovNetworkNodePolicy", "SriovNetwork", "PciDeviceClaim"];
    const sriov = Object.fromEntries(names.map((name) => [name, classOf(name)]));
    runInNewContext(programText(resources).replace(/^import .*$/m, ""), { sriov });
    return JSON.parse(JSON.stringify(made)) as unknown[];
  }

  it("gives no variable to what nothing refers to", () => {
    expect(programText([nic("n-eth0")])).to.equal(
      'import * as sriov from "pulumi-sriov";\n\n' +
        'new sriov.SriovNetworkDevice("n-eth0", { nodeName: "n", interfaceName: "eth0", numVfs: 2 });\n',
    );
  });

  it("refers to policy and NIC as resources", () => {
    expect(
      run([nic("n-eth0"), policy("storage"), network("net", "storage"), claim("n-000004100", "n-eth0")]),
    ).to.deep.equal([
      ["SriovNetworkDevice", "n-eth0", { nodeName: "n", interfaceName: "eth0", numVfs: 2 }],
      ["SriovNetworkNodePolicy", "storage", { policyName: "storage" }],
      ["SriovNetwork", "net", { networkName: "net", policy: { made: "storage" } }],
      ["PciDeviceClaim", "n-000004100", { pciDevice: "n-000004100" }, { dependsOn: { made: "n-eth0" } }],
    ]);
  });

  it("finds a variable of its own for every name, whatever it is made of", () => {
    const names = ["a-b", "a.b", "class", "9nodes", "sriov", "the-class", "-", "ab"];
    const resources = names.flatMap((name) => [policy(name), network(name, name)]);
    const followed = run(resources).flatMap((call) => {
      const [type, name, args] = call as [string, string, { policy?: { made: string } }];
      return type === "SriovNetwork" ? [[name, args.policy?.made]] : [];
    });
    expect(followed).to.deep.equal(names.map((name) => [name, name]));
  });

  it("breaks what is longer than a line", () => {
    const value = { selector: { pfNames: ["a".repeat(60), "b".repeat(60)] }, count: 1 };
    expect(literal(value, "", 0)).to.equal(
      `{\n  selector: {\n    pfNames: [\n      "${"a".repeat(60)}",\n      "${"b".repeat(60)}",\n    ],\n  },\n  count: 1,\n}`,
    );
  });

  it("says JSON within text without backslashes", () => {
    expect(literal('{"type":"static"}', "", 0)).to.equal(`'{"type":"static"}'`);
  });

  it("means the very value, whatever it is and however it is broken (property)", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 130 }), (value, column) => {
        const text = literal(value, "", column);
        const read: unknown = JSON.parse(
          runInNewContext(`JSON.stringify(${text.startsWith("{") ? `(${text})` : text})`) as string,
        );
        expect(read).to.deep.equal(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("the document that an import writes", () => {
  it("has the keys of states in order, and nothing that is undefined", () => {
    const args = { numVfs: 2, nodeName: "n" };
    const outputs = { zone: 1, deviceName: "d", missing: undefined };
    const text = importDocument([{ kind: "device", name: "d", id: "d", args, inputs: args, outputs }]);
    const { resources } = JSON.parse(text) as { resources: { inputs: object; outputs: object; type: string }[] };
    expect(resources[0]?.type).to.equal("pulumi-nodejs:dynamic/sriov:SriovNetworkDevice");
    expect(Object.keys(resources[0]?.inputs ?? {})).to.deep.equal(["__provider", "nodeName", "numVfs"]);
    expect(Object.keys(resources[0]?.outputs ?? {})).to.deep.equal(["__provider", "deviceName", "zone"]);
  });
});
