import { randomUUID } from "node:crypto";
import { startDynamicProvider } from "./dynamic-provider.js";
import { EngineError } from "./engine-error.js";
import { startKubernetesProvider, type RowReport } from "./kubernetes.js";
import type { Provider } from "./provider.js";
import type { ResourceState } from "./state.js";
import { sameStep, type Step } from "./steps.js";
import { isProviderType, makeUrn, packageOf, parseReference, parseUrn, providerType } from "./urn.js";
import { equal, unknownValue, type Properties } from "./values.js";

export interface ProviderEnvironment {
  project: string;
  stack: string;
  programFolder: string;
  engineAddress: string;
  dryRun: boolean;
  /** Stack configuration, secrets marked, by full key. */
  config: Properties;
  oldStates: ResourceState[];
  /** Gets the old states of the default providers that are still in use. */
  wanted: Set<ResourceState>;
  output: (stream: "stdout" | "stderr", text: string) => void;
  /** Tells what a resource waits for. */
  report: RowReport;
  run(steps: Step[]): Promise<void>;
}

/** The providers of one operation: each is started once, with the inputs of its resource. */
export class Providers {
  private readonly defaults = new Map<string, Promise<string>>();
  private readonly registered = new Map<string, ResourceState>();
  private readonly started = new Map<string, Promise<Provider>>();

  constructor(private readonly env: ProviderEnvironment) {}

  /** A provider that this operation registered; it takes the place of an older one with the same reference. */
  register(state: ResourceState): void {
    this.registered.set(referenceTo(state), state);
  }

  /** The provider of a managed resource. */
  of(state: ResourceState): Promise<Provider | undefined> {
    if (!state.custom || isProviderType(state.type) || !state.provider) return Promise.resolve(undefined);
    return this.load(state.provider);
  }

  /** The reference of the provider for resources that name none, registered in the state on first use. */
  defaultFor(type: string, version: string): Promise<string> {
    const name = version === "" ? "default" : `default_${version.replace(/[^\w-]/g, "_")}`;
    const pkg = packageOf(type);
    const urn = makeUrn(this.env.stack, this.env.project, "", providerType(pkg), name);
    const known = this.defaults.get(urn);
    if (known) return known;
    const reference = this.registerDefault(urn, pkg, version);
    this.defaults.set(urn, reference);
    return reference;
  }

  cancel(): void {
    for (const provider of this.started.values()) void provider.then((it) => it.cancel(), noProvider);
  }

  async stop(): Promise<void> {
    for (const provider of this.started.values()) await provider.then((it) => it.stop(), noProvider);
  }

  private async registerDefault(urn: string, pkg: string, version: string): Promise<string> {
    const inputs: Properties = { ...this.packageConfig(pkg), ...(version && { version }) };
    const old = this.env.oldStates.find((state) => state.urn === urn && !state.delete);
    const state: ResourceState = {
      ...{ urn, custom: true, id: old?.id ?? randomUUID(), type: providerType(pkg), inputs, outputs: inputs },
      ...(old?.created !== undefined && { created: old.created, modified: old.modified ?? old.created }),
    };
    if (old) this.env.wanted.add(old);
    const op = old === undefined ? "create" : equal(old.inputs ?? {}, inputs) ? "same" : "update";
    await this.env.run([{ ...sameStep(old ?? state, state), op, old, internal: true, apply: () => Promise.resolve() }]);
    this.register(state);
    return referenceTo(state);
  }

  /** A dynamic provider is given the whole configuration, by full key; others their own namespace, by short key. */
  private packageConfig(pkg: string): Properties {
    if (pkg === "pulumi-nodejs") return { ...this.env.config };
    const own = Object.entries(this.env.config).filter(([key]) => key.startsWith(`${pkg}:`));
    return Object.fromEntries(own.map(([key, value]) => [key.slice(pkg.length + 1), value]));
  }

  private load(reference: string): Promise<Provider> {
    const known = this.started.get(reference);
    if (known) return known;
    const provider = this.start(reference);
    this.started.set(reference, provider);
    return provider;
  }

  private async start(reference: string): Promise<Provider> {
    const { urn, id } = parseReference(reference);
    const isIt = (state: ResourceState) => state.urn === urn && (state.id ?? unknownValue) === id;
    const state = this.registered.get(reference) ?? this.env.oldStates.find(isIt);
    if (!state) throw new EngineError(`unknown provider '${reference}'`);
    const { folder, ...options } = { ...this.env, folder: this.env.programFolder };
    const pkg = packageOf(parseUrn(urn).type);
    switch (pkg) {
      case "pulumi-nodejs":
        return startDynamicProvider({ ...options, folder, config: state.inputs ?? {} });
      case "kubernetes":
        return startKubernetesProvider(state.inputs ?? {}, this.env.report);
      default:
        throw new EngineError(
          `no provider for package '${pkg}': this stand-in engine knows dynamic resources and kubernetes only`,
        );
    }
  }
}

function referenceTo(state: ResourceState): string {
  return `${state.urn}::${state.id ?? unknownValue}`;
}

/** One that did not start has nothing to cancel or stop; whoever asked for it has been told. */
function noProvider(): void {
  return;
}
