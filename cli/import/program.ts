import { type Importable, KINDS, type KindName } from "./kinds.js";
import { Expression, literal } from "./literal.js";

/** The program that declares the resources as they are: text of a TypeScript module. */
export function programText(resources: readonly Importable[]): string {
  const variables = variablesOf(resources);
  const declarations = resources.map((resource) => declaration(resource, variables));
  return ['import * as sriov from "pulumi-sriov";\n', ...declarations].join("\n");
}

type Variables = ReadonlyMap<string, string>;

function declaration(resource: Importable, variables: Variables): string {
  const { kind, name, args, policy, device } = resource;
  const variable = variables.get(keyOf(kind, name));
  const head = `${variable === undefined ? "" : `const ${variable} = `}new sriov.${KINDS[kind].className}(`;
  const followed = policy === undefined ? undefined : variables.get(keyOf("policy", policy));
  const needed = device === undefined ? undefined : variables.get(keyOf("device", device));
  const shown = { ...args, ...(followed !== undefined && { policy: new Expression(followed) }) };
  // The VF of a claim is gone once its NIC is: so the claim has to go first.
  const options = needed === undefined ? "" : `, { dependsOn: ${needed} }`;
  const tail = `${options});`;
  const start = `${head}${JSON.stringify(name)}, `;
  return `${start}${literal(shown, "", start.length + tail.length)}${tail}\n`;
}

/** Names of those that others refer to. */
function variablesOf(resources: readonly Importable[]): Variables {
  const referred = new Set(
    resources.flatMap(({ policy, device }) => [
      ...(policy === undefined ? [] : [keyOf("policy", policy)]),
      ...(device === undefined ? [] : [keyOf("device", device)]),
    ]),
  );
  const taken = new Set(["sriov"]);
  const variables = new Map<string, string>();
  for (const { kind, name } of resources) {
    const key = keyOf(kind, name);
    if (!referred.has(key)) continue;
    const wished = identifier(name);
    let variable = wished;
    for (let number = 2; taken.has(variable); number++) variable = `${wished}${number}`;
    taken.add(variable);
    variables.set(key, variable);
  }
  return variables;
}

function keyOf(kind: KindName, name: string): string {
  return `${kind} ${name}`;
}

/** `node1-eth0` as `node1Eth0`; a name that is a word of the language, or begins with a digit, gets a word before it. */
function identifier(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const [first = "it", ...rest] = words;
  const joined = [first, ...rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join("");
  return /^[0-9]/.test(joined) || RESERVED.has(joined)
    ? `the${joined.charAt(0).toUpperCase()}${joined.slice(1)}`
    : joined;
}

const RESERVED = new Set(
  (
    "abstract any arguments as async await boolean break case catch class const continue debugger declare default delete do " +
    "else enum eval export extends false finally for from function get if implements import in instanceof interface let " +
    "module namespace new null number object of package private protected public readonly require return set static string " +
    "super switch symbol this throw true try type typeof undefined var void while with yield"
  ).split(" "),
);
