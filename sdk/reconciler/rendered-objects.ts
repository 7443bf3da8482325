import * as pulumi from "@pulumi/pulumi";
import { isDeepStrictEqual } from "node:util";
import { type ReconcilerObject, reconcilerObjects } from "../../deploy/reconciler-objects.js";
import { type PartialSettings, settingsOf } from "../../deploy/settings.js";
import type { GivenSettings } from "./reconciler-args.js";

/** One object of an installation, ready for a resource. */
export interface RenderedObject extends Omit<ReconcilerObject, "object"> {
  readonly apiVersion: string;
  readonly kind: string;
  /** All fields of the object; those that follow from outputs are outputs. */
  readonly fields: Fields;
}

export type Fields = Readonly<Record<string, unknown>>;

/**
 * The objects of an installation by settings some of which may be outputs. Each field is an output of those settings alone
 * that it follows from, and else plain: so a preview that does not know an image yet knows every field but the image, and does
 * not take an object for one that must be replaced.
 *
 * Which fields follow from a setting is found by trying: they are those that come out otherwise by another value of it.
 *
 * @param assertRight is given settings before anything is made of them, and throws where they are wrong: at once for what is
 * plain, and for an output once it is known.
 */
export function renderedObjects(
  given: GivenSettings,
  assertRight: (settings: PartialSettings) => void,
): RenderedObject[] {
  const { plain, outputs } = split(given);
  const base = new Rendering(plain, outputs, assertRight);
  return base.objects.map(({ key, object, keeps, after }) => {
    const fields = object as unknown as Fields;
    const { apiVersion = "", kind = "" } = object;
    const blended = Object.entries(fields).map(([name, value]) => [name, base.blend(key, [name], value)]);
    return { key, keeps, after, apiVersion, kind, fields: Object.fromEntries(blended) as Fields };
  });
}

/** One setting whose value is an output. */
interface OutputSetting {
  readonly path: Path;
  readonly value: pulumi.Output<unknown>;
}

type Path = readonly string[];

/** Settings that are groups of settings. */
const GROUPS = new Set(["agent", "controller", "metrics", "apiServer"]);

function split(given: GivenSettings, at: Path = []): { plain: GivenSettings; outputs: OutputSetting[] } {
  const plain: Record<string, unknown> = {};
  const outputs: OutputSetting[] = [];
  for (const [name, value] of Object.entries(given)) {
    const path = [...at, name];
    if (at.length === 0 && GROUPS.has(name) && value !== undefined && !hasOutput(value, false)) {
      const inner = split(value as GivenSettings, path);
      plain[name] = inner.plain;
      outputs.push(...inner.outputs);
    } else if (hasOutput(value)) {
      outputs.push({ path, value: pulumi.output(value) });
    } else if (value !== undefined) {
      plain[name] = value;
    }
  }
  return { plain, outputs };
}

function hasOutput(value: unknown, deep = true): boolean {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return true;
  return deep && typeof value === "object" && value !== null && Object.values(value).some((inner) => hasOutput(inner));
}

/** All objects by sample values of the settings that are outputs, and by other samples, one setting at a time. */
class Rendering {
  readonly objects: readonly ReconcilerObject[];
  private readonly base: PartialSettings;
  private readonly others: readonly ReadonlyMap<string, unknown>[];
  private readonly settled = new Map<string, pulumi.Output<ReadonlyMap<string, unknown>>>();

  constructor(
    plain: GivenSettings,
    private readonly outputs: readonly OutputSetting[],
    private readonly assertRight: (settings: PartialSettings) => void,
  ) {
    this.base = outputs.reduce((settings, { path }) => withValue(settings, path, sampleOf(path)), plain);
    assertRight(this.base);
    this.objects = reconcilerObjects(settingsOf(this.base));
    this.others = outputs.map(({ path }) => byKey(withValue(this.base, path, another(sampleOf(path)))));
  }

  /** What stands at the path of an object, with outputs where it follows from any. `value` is what stands there by the samples. */
  blend(key: string, path: Path, value: unknown): unknown {
    const there = this.others.map((objects) => valueAt(objects.get(key), path));
    const touching = there.flatMap((other, index) => (isDeepStrictEqual(other, value) ? [] : [index]));
    if (touching.length === 0) return value;
    // Where elements of a list stand may follow from the setting too.
    if (!isRecord(value) || !touching.every((index) => hasSameKeys(there[index], value)))
      return this.by(touching).apply((objects) => valueAt(objects.get(key), path));
    const inner = Object.entries(value).map(([name, part]) => [name, this.blend(key, [...path, name], part)]);
    return Object.fromEntries(inner);
  }

  /** All objects by the true values of these settings, once they are known; of all others by their samples. */
  private by(touching: readonly number[]): pulumi.Output<ReadonlyMap<string, unknown>> {
    const name = touching.join();
    const known = this.settled.get(name);
    if (known !== undefined) return known;
    const settings = touching.flatMap((index) => this.outputs[index] ?? []);
    const rendered = pulumi.all(settings.map(({ value }) => value)).apply((values) => {
      const known = settings.reduce((base, { path }, index) => withValue(base, path, values[index]), this.base);
      this.assertRight(known);
      return byKey(known);
    });
    this.settled.set(name, rendered);
    return rendered;
  }
}

function byKey(settings: PartialSettings): ReadonlyMap<string, unknown> {
  return new Map(reconcilerObjects(settingsOf(settings)).map(({ key, object }) => [key, object]));
}

/** A value of the setting's shape: its default, where it has one. */
function sampleOf(path: Path): unknown {
  const { apiServer = { host: "host", port: 1 }, ...settings } = settingsOf();
  return valueAt({ ...settings, apiServer }, path);
}

/** Another value of the same shape. */
function another(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (Array.isArray(value)) return [...(value as unknown[]), value[0] ?? "another"];
  if (isRecord(value))
    return { ...Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, another(inner)])), another: "" };
  return `another-${String(value)}`;
}

function withValue(settings: GivenSettings, [name = "", ...inner]: Path, value: unknown): PartialSettings {
  const group = (settings[name] ?? {}) as GivenSettings;
  return { ...settings, [name]: inner.length === 0 ? value : withValue(group, inner, value) };
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((inner, name) => (isRecord(inner) ? inner[name] : undefined), value);
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasSameKeys(one: unknown, other: Fields): boolean {
  return isRecord(one) && isDeepStrictEqual(Object.keys(one).sort(), Object.keys(other).sort());
}
