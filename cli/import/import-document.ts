import { withoutUndefined } from "../../provider/dynamic/values.js";
import { type Importable, KINDS, type KindName } from "./kinds.js";

/**
 * The document that `pulumi import --file` takes. The engine can ask a dynamic provider for nothing by an id alone, since
 * the provider stands in the resource's own properties: so each resource has its whole state here, and the provider in it.
 * Inputs are what the program will say, not what check makes of it: the engine has them checked when it imports them.
 */
export function importDocument(resources: readonly Importable[]): string {
  const document = {
    resources: resources.map(({ kind, name, id, inputs, outputs }) => {
      const provider = { __provider: providerText(kind) };
      return {
        type: `pulumi-nodejs:dynamic/sriov:${KINDS[kind].className}`,
        name,
        id,
        inputs: sorted({ ...provider, ...inputs }),
        outputs: sorted({ ...provider, ...outputs }),
      };
    }),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The provider object as Pulumi's SDK serializes it: a `require` of its module, by the package's name. */
export function providerText(kind: KindName): string {
  return [
    "exports.handler = __f0;",
    `const provider = require("pulumi-sriov/dist/provider/dynamic/${KINDS[kind].module}.js");`,
    "",
    "function __f0() {",
    "  return (function() {",
    "    with({ this: undefined, arguments: undefined }) {",
    "",
    "return () => provider;",
    "",
    "    }",
    "  }).apply(undefined, undefined).apply(this, arguments);",
    "}",
    "",
  ].join("\n");
}

function sorted(properties: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(withoutUndefined(properties)).sort(([a], [b]) => (a < b ? -1 : 1)));
}
