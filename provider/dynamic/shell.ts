import type { dynamic } from "@pulumi/pulumi";
import { runOperation } from "../core/operation.js";
import { type Checked, type Operation, PartialFailure, type Resource, type SharedInputs } from "../core/resource.js";
import type { OperationKind } from "../core/timeouts.js";
import { configureConnections, connect, reconnect } from "./connection.js";
import { engineLog, linesDelivered } from "./engine-log.js";
import { type Bag, splitUnknown, withoutUndefined } from "./values.js";

/** A resource of the core as Pulumi's SDK drives one. */
export function dynamicProvider<Inputs extends SharedInputs, Outputs extends Inputs>(
  resource: Resource<Inputs, Outputs>,
): dynamic.ResourceProvider<Bag, Bag> {
  return {
    configure({ config }) {
      configureConnections(config);
      return Promise.resolve();
    },
    check: toldWhole((olds, news) => check(resource, olds, news)),
    diff(_id, olds, news) {
      const { known, unknown } = splitUnknown(news);
      const { changed, unfinished, replaces } = resource.diff(
        olds as Partial<Outputs>,
        known as Partial<Inputs>,
        unknown,
      );
      // Changed is said by saying nothing: only then does the engine work out the property diff and heed replaceOnChanges.
      return Promise.resolve({ ...(changed ? {} : { changes: unfinished }), replaces: [...replaces] });
    },
    create: toldWhole(async (bag) => {
      const inputs = bag as unknown as Inputs;
      const create = (operation: Operation) => resource.create(operation, inputs);
      const { id, outputs } = await settle(bag, () => operate("create", inputs, create));
      return { id, outs: asBag(outputs) };
    }),
    read: toldWhole(async (id, properties: Bag = {}) => {
      const state = properties as Partial<Outputs>;
      const outputs = await operate("read", state, (operation) => resource.read(operation, id, state));
      if (outputs === undefined) return { id: "", props: {} };
      return { id, props: asBag(outputs), inputs: inputsOf(resource, asBag(outputs)) };
    }),
    update: toldWhole(async (id, olds, news) => {
      const inputs = news as unknown as Inputs;
      const update = (operation: Operation) => resource.update(operation, id, olds as Partial<Outputs>, inputs);
      return { outs: asBag(await settle(news, () => operate("update", inputs, update))) };
    }),
    delete: toldWhole(async (id, properties) => {
      const state = properties as Partial<Outputs>;
      await operate("delete", state, (operation) => resource.delete(operation, id, state));
    }),
  };
}

async function check<Inputs extends SharedInputs, Outputs extends Inputs>(
  resource: Resource<Inputs, Outputs>,
  olds: Bag,
  news: Bag,
): Promise<dynamic.CheckResult<Bag>> {
  const { known, unknown } = splitUnknown(news);
  const inputs = known as Partial<Inputs>;
  const look = (operation: () => Operation): Promise<Checked<Inputs>> =>
    resource.check(operation, splitUnknown(olds).known as Partial<Inputs>, inputs, unknown);
  let checked: Checked<Inputs>;
  try {
    const isClusterKnown = !unknown.has("kubeconfig") && !unknown.has("context");
    checked = await (isClusterKnown ? operate("check", inputs, (operation) => look(() => operation)) : look(nowhere));
  } catch (error) {
    return { inputs: news, failures: [{ property: "", reason: (error as Error).message }] };
  }
  const stillUnknown = Object.fromEntries(Object.entries(news).filter(([name]) => unknown.has(name)));
  return { inputs: asBag({ ...checked.inputs, ...stillUnknown }), failures: [...checked.failures] };
}

function nowhere(): never {
  throw new Error("the cluster is not known yet");
}

function operate<T>(
  kind: OperationKind,
  state: Partial<SharedInputs>,
  work: (operation: Operation) => Promise<T>,
): Promise<T> {
  // What is only in the state is asked last: it may be older than what the stack is configured with.
  const inProgram = kind === "check" || kind === "create" || kind === "update";
  const connecting = (signal: AbortSignal) => (inProgram ? connect(state) : reconnect(state, signal));
  const log = engineLog(state.resourceUrn ?? "");
  return runOperation({ kind, timeouts: state.timeouts, log, connect: connecting }, work);
}

/** An unfinished change, in the form by which Pulumi's SDK keeps the state; and only words of any other error. */
async function settle<T>(inputs: Bag, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!(error instanceof PartialFailure)) throw new Error(message, { cause: error });
    const properties = withoutUndefined({ ...(error.outputs as Bag), __provider: inputs["__provider"] });
    throw Object.assign(new Error(message), { id: error.id, properties, reasons: [message] });
  }
}

/** The inputs that a refreshed state stands for, so that the next diff speaks of what has drifted. */
function inputsOf({ reported }: { readonly reported: readonly string[] }, outputs: Bag): Bag {
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => !reported.includes(name)));
}

function asBag(properties: object): Bag {
  return withoutUndefined({ ...properties });
}

/** The operation with all that it has to say: warnings that are still on their way when it returns may be lost. */
function toldWhole<A extends unknown[], R>(operation: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await operation(...args);
    } finally {
      await linesDelivered();
    }
  };
}
