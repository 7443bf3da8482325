import type { Beside } from "../../provider/core/resource.js";
import { type PreviewState, type PreviewStep, type Properties, SECRET } from "./preview.js";
import { propertiesOf, type ResourceKind, resourceKind, urnParts } from "./resources.js";

/** A resource that lets go of hardware that it had charge of, at the end of an up. */
export interface Going {
  readonly urn: string;
  readonly kind: ResourceKind;
  readonly id: string;
  readonly oldState: PreviewState;
}

/** What goes beside one of them, and what is made. */
export interface Surroundings extends Beside<Properties> {
  /** The same, if it is deleted before it is made anew; absent where the preview tells whether it is. */
  readonly otherwise?: Beside<Properties>;
}

/** Pure. In the order in which they are asked about: what uses VFs first, and what wants them last. */
export function goingOf(steps: readonly PreviewStep[]): readonly Going[] {
  const going = steps.flatMap((step): Going[] => {
    const { urn, oldState } = step;
    const kind = resourceKind(urnParts(urn).type);
    return kind === undefined || oldState === undefined || !releases(step, steps)
      ? []
      : [{ urn, kind, id: oldState.id ?? "", oldState }];
  });
  // With its single steps shown, a replacement tells of the same old resource twice.
  const different = new Map(going.map((one) => [JSON.stringify([one.urn, one.id, managerOf(one)]), one]));
  return [...different.values()].sort((a, b) => ORDER.indexOf(a.kind.name) - ORDER.indexOf(b.kind.name));
}

const ORDER: readonly string[] = ["PciDeviceClaim", "SriovNetwork", "SriovNetworkDevice", "SriovNetworkNodePolicy"];

/**
 * Pure. Two that want the same VFs would each leave them to the other: so the last of them is told that the others are gone.
 *
 * @param freed claims that go, and that nothing is in the way of.
 */
export function surroundingsOf(
  one: Going,
  going: readonly Going[],
  steps: readonly PreviewStep[],
  freed: readonly Going[],
): Surroundings {
  const gone = new Set(going.slice(0, going.indexOf(one)).flatMap((other) => managerOf(other) ?? []));
  const madeHere = (kindName: string): readonly Made[] =>
    madeOf(kindName, steps).filter(({ inputs }) => isSameCluster(propertiesOf(one.oldState), inputs));
  const declared = new Set(
    madeHere("SriovNetworkDevice").flatMap(({ inputs: { deviceName } }) =>
      typeof deviceName === "string" ? [deviceName] : [],
    ),
  );
  const made = madeHere(one.kind.name);
  const inputsOf = (some: readonly Made[]): readonly Properties[] => some.map(({ inputs }) => inputs);
  const withoutOwn = inputsOf(made.filter(({ urn }) => urn !== one.urn));
  const freedHere = freed.filter(({ oldState }) => isSameCluster(propertiesOf(one.oldState), propertiesOf(oldState)));
  const common = { declared, gone, freed: new Set(freedHere.map(({ id }) => id)) };
  switch (orderOf(one.urn, steps)) {
    case "deleted first":
      return { ...common, successors: withoutOwn };
    case "made first":
      return { ...common, successors: inputsOf(made) };
    case "untold":
      return { ...common, successors: inputsOf(made), otherwise: { ...common, successors: withoutOwn } };
  }
}

/** Objects of one name are two on two clusters. */
function isSameCluster({ clusterUid: one }: Properties, { clusterUid: other }: Properties): boolean {
  return one === undefined || other === undefined || one === other;
}

/** Whether the resource lets go of hardware that it had charge of. */
function releases({ op, oldState }: PreviewStep, steps: readonly PreviewStep[]): boolean {
  if (!["delete", "delete-replaced", "replace"].includes(op) || oldState === undefined) return false;
  if (oldState.external === true || oldState.retainOnDelete === true) return false;
  return !steps.some((other) => other.urn === oldState.deletedWith && other.op === "delete");
}

/** A preview tells only with `--show-replacement-steps` in which order a resource is replaced. */
function orderOf(urn: string, steps: readonly PreviewStep[]): "made first" | "deleted first" | "untold" {
  const ops = steps.filter((step) => step.urn === urn).map(({ op }) => op);
  if (!ops.includes("replace") && !ops.includes("create-replacement")) return "made first";
  const [made, deleted] = [ops.indexOf("create-replacement"), ops.indexOf("delete-replaced")];
  if (made === -1 && deleted === -1) return "untold";
  return deleted !== -1 && deleted < made ? "deleted first" : "made first";
}

interface Made {
  readonly urn: string;
  readonly inputs: Properties;
}

/** Resources of a kind that the up makes or changes before it deletes any, as far as it is known what they want. */
function madeOf(kindName: string, steps: readonly PreviewStep[]): readonly Made[] {
  return steps.flatMap(({ op, urn, newState }): Made[] => {
    const kind = resourceKind(urnParts(urn).type);
    const inputs = newState?.inputs;
    if (kind?.name !== kindName || inputs === undefined || !MAKES.has(op)) return [];
    const isHidden = kind.identity.some((name) => JSON.stringify(inputs[name] ?? null).includes(SECRET));
    return isHidden || kind.unknownProblem(inputs) !== undefined ? [] : [{ urn, inputs }];
  });
}

const MAKES: ReadonlySet<string> = new Set(["create", "update", "replace", "create-replacement", "import"]);

function managerOf({ oldState }: Going): string | undefined {
  const { fieldManager } = propertiesOf(oldState);
  return typeof fieldManager === "string" && fieldManager !== SECRET ? fieldManager : undefined;
}
