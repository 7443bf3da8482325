import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { CustomResourceDefinition } from "../../../api/core.js";
import { customResourceDefinitions } from "../../../api/custom-resource-definitions.js";
import { VERSION } from "../../../api/version.js";
import { breaksOf } from "./additive.js";

const RELEASES = join(__dirname, "..", "..", "..", "..", "test", "fixtures", "releases");

describe("the kinds, for objects of each earlier version", () => {
  for (const release of readdirSync(RELEASES)) {
    for (const next of customResourceDefinitions()) {
      const { name } = next.metadata;

      it(`have only more than in ${release}: ${name}`, () => {
        const last = parse(readFileSync(join(RELEASES, release, "manifests", `${name}.yaml`), "utf8")) as typeof next;
        expect(breaksOf(last, next)).to.deep.equal([]);
      });
    }
  }

  it("are those of a version of their own", () => expect(readdirSync(RELEASES)).to.not.include(VERSION));
});

/** One of everything that may be said of a field. */
const PROPERTIES = {
  count: { type: "integer", minimum: 0, maximum: 9, default: 1 },
  name: { type: "string", maxLength: 9, pattern: "^a", enum: ["a", "ab"] },
  list: {
    ...{ type: "array", maxItems: 3, "x-kubernetes-list-type": "atomic" },
    items: { type: "object", properties: { x: { type: "string", nullable: true } } },
  },
  map: { type: "object", additionalProperties: { type: "string" }, "x-kubernetes-preserve-unknown-fields": true },
};
const SPEC = { type: "object", required: ["count"], properties: PROPERTIES };
const COLUMN = { name: "Count", type: "integer", jsonPath: ".spec.count" };
const VERSION_1 = { name: "v1", served: true, storage: true, subresources: { status: {} } };

interface Words {
  readonly names?: object;
  readonly version?: object;
  readonly spec?: object;
}

function kind({ names, version, spec }: Words = {}): CustomResourceDefinition {
  const rules = [{ rule: "self.count > 0", message: "count" }];
  const root = { type: "object", properties: { spec: { ...SPEC, "x-kubernetes-validations": rules, ...spec } } };
  const schema = { openAPIV3Schema: root };
  return {
    metadata: { name: "things.example.com" },
    spec: {
      ...{ group: "example.com", scope: "Cluster" },
      names: { kind: "Thing", listKind: "ThingList", plural: "things", shortNames: ["th"], ...names },
      versions: [{ ...VERSION_1, additionalPrinterColumns: [COLUMN], schema, ...version }],
    },
  };
}

/** With other words about a field, or without those that are undefined. */
function fields(words: Partial<Record<keyof typeof PROPERTIES | "more", object>>): Words {
  const named = Object.entries(words).map(([name, other]) => {
    const before: Record<string, object> = PROPERTIES;
    return [name, { ...before[name], ...other }] as const;
  });
  return { spec: { properties: { ...PROPERTIES, ...Object.fromEntries(named) } } };
}

describe("a kind's next version", () => {
  const breaks = (words: Words): string[] => breaksOf(kind(), kind(words));

  it("may be the same", () => expect(breaks({})).to.deep.equal([]));

  const allowed: [string, Words][] = [
    ["have another field", fields({ more: { type: "string", maxLength: 3, default: "x" } })],
    ["have another value of an enumeration", fields({ name: { enum: ["a", "ab", "b"] } })],
    ["have more room", fields({ count: { minimum: -1, maximum: 10 } })],
    ["have no limits", fields({ count: { minimum: undefined, maximum: undefined }, name: { pattern: undefined } })],
    ["take null", fields({ count: { nullable: true } })],
    ["have more words for people", fields({ count: { description: "how many" } })],
    ["have more names", { names: { shortNames: ["th", "thing"], categories: ["all"] } }],
    ["have another column", { version: { additionalPrinterColumns: [{ ...COLUMN, name: "Number" }, COLUMN] } }],
    ["have another subresource", { version: { subresources: { status: {}, scale: {} } } }],
    ["ask for fewer fields", { spec: { required: [] } }],
    ["have fewer rules", { spec: { "x-kubernetes-validations": [] } }],
  ];
  for (const [what, words] of allowed) {
    it(`may ${what}`, () => expect(breaks(words)).to.deep.equal([]));
  }

  const ofItems = (x: object): Words => fields({ list: { items: { type: "object", properties: x } } });
  const rule = (words: object): Words => ({
    spec: { "x-kubernetes-validations": [{ rule: "self.count > 0", ...words }] },
  });
  const refused: [string, Words, string][] = [
    ["give a field another type", fields({ count: { type: "number" } }), "spec.count: type is number, and was integer"],
    ["have a lower maximum", fields({ count: { maximum: 8 } }), "spec.count: maximum is 8, and was 9"],
    ["have a higher minimum", fields({ count: { minimum: 1 } }), "spec.count: minimum is 1, and was 0"],
    ["have another default", fields({ count: { default: 2 } }), "spec.count: default is 2, and was 1"],
    ["lose a default", fields({ count: { default: undefined } }), "spec.count: default is not there, and was 1"],
    ["have another format", fields({ count: { format: "int32" } }), "spec.count: format is int32, and was not there"],
    ["have another pattern", fields({ name: { pattern: "^ab" } }), "spec.name: pattern is ^ab, and was ^a"],
    ["have shorter texts", fields({ name: { maxLength: 8 } }), "spec.name: maxLength is 8, and was 9"],
    ["have a limit where was none", fields({ name: { minLength: 1 } }), "spec.name: minLength is 1, and was not there"],
    ["lose a value of an enumeration", fields({ name: { enum: ["a"] } }), "spec.name: value ab is gone, or another"],
    ["enumerate what was free", fields({ count: { enum: [1] } }), "spec.count: enum is [1], and was not there"],
    ["have shorter lists", fields({ list: { maxItems: 2 } }), "spec.list: maxItems is 2, and was 3"],
    [
      "merge a list in another way",
      fields({ list: { "x-kubernetes-list-type": "set" } }),
      "spec.list: x-kubernetes-list-type is set, and was atomic",
    ],
    ["lose a field of a list's items", ofItems({}), "field spec.list[].x is gone"],
    ["refuse null", ofItems({ x: { type: "string" } }), "spec.list[].x: nullable is not there, and was true"],
    [
      "have a map of other values",
      fields({ map: { additionalProperties: { type: "integer" } } }),
      "spec.map{}: type is integer, and was string",
    ],
    [
      "drop unknown fields",
      fields({ map: { "x-kubernetes-preserve-unknown-fields": undefined } }),
      "spec.map: x-kubernetes-preserve-unknown-fields is not there, and was true",
    ],
    [
      "have a keyword that nobody has thought of",
      fields({ count: { oneOf: [{ minimum: 3 }] } }),
      'spec.count: oneOf is [{"minimum":3}], and was not there',
    ],
    ["lose a field", { spec: { properties: { ...PROPERTIES, map: undefined } } }, "field spec.map is gone"],
    ["ask for another field", { spec: { required: ["count", "name"] } }, "spec: name is required, and was not"],
    ["have another rule", rule({ rule: "self.count > 1" }), "spec: new rule self.count > 1"],
    [
      "hold new objects to a rule that was for changes",
      rule({ optionalOldSelf: true }),
      "spec: new rule self.count > 0 (of new ones too)",
    ],
    ["lose a column", { version: { additionalPrinterColumns: [] } }, 'printed column {"name":"Count"'],
    ["lose status", { version: { subresources: {} } }, 'subresource ["status",{}] is gone'],
    ["be only of another version", { version: { name: "v2" } }, "version v1 is gone"],
    ["serve a version no more", { version: { served: false } }, "version v1 is not served any more"],
    ["store another version", { version: { storage: false } }, "version v1 is not the stored one any more"],
    ["lose a short name", { names: { shortNames: [] } }, "short name th is gone"],
    ["be of another kind", { names: { kind: "Thingy" } }, "kind is Thingy, and was Thing"],
  ];
  for (const [what, words, said] of refused) {
    it(`may not ${what}`, () => {
      const found = breaks(words);
      expect(found).to.have.length(1);
      expect(found[0]).to.include(said);
    });
  }
});
