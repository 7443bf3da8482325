import type { dynamic } from "@pulumi/pulumi";
import { durationMs, type DeviceInputs, type PartialDeviceInputs, type Timeouts } from "../core/device-inputs.js";
import type { DeviceOutputs } from "../core/device-outputs.js";
import { type Operation, PartialFailure } from "../core/resource.js";
import {
  checkDevice,
  createDevice,
  deleteDevice,
  diffDevice,
  readDevice,
  updateDevice,
} from "../core/sriov-network-device.js";
import { configureConnections, connect, reconnect } from "./connection.js";
import { engineLog, linesDelivered } from "./engine-log.js";
import { type Bag, splitUnknown, withoutUndefined } from "./values.js";

/**
 * This module is itself the provider object of a SriovNetworkDevice: Pulumi serializes it as a `require` of this file's
 * path in the package, which every state remembers. So the file must stay where it is, and understand state written by
 * every earlier version.
 */

const DEFAULT_TIMEOUT_MS = 5 * 60_000;

type State = Partial<DeviceOutputs>;

const provider: dynamic.ResourceProvider<Bag, Bag> = {
  configure({ config }) {
    configureConnections(config);
    return Promise.resolve();
  },
  check: toldWhole(check),
  diff(_id, olds, news) {
    const { known, unknown } = splitUnknown(news);
    const { changed, unfinished, replaces } = diffDevice(olds, known, unknown);
    // Changed is said by saying nothing: only then does the engine work out the property diff and heed replaceOnChanges.
    return Promise.resolve({ ...(changed ? {} : { changes: unfinished }), replaces: [...replaces] });
  },
  create: toldWhole(create),
  read: toldWhole(read),
  update: toldWhole(update),
  delete: toldWhole(remove),
};

async function check(olds: Bag, news: Bag): Promise<dynamic.CheckResult<Bag>> {
  const { known, unknown } = splitUnknown(news);
  const inputs = known as PartialDeviceInputs;
  let result;
  try {
    const cluster = unknown.has("kubeconfig") || unknown.has("context") ? undefined : await connect(inputs);
    const log = engineLog(inputs.resourceUrn ?? "");
    const operation = (): Operation => {
      if (cluster === undefined) throw new Error("the cluster is not known yet");
      return { cluster, log, deadline: Date.now() + DEFAULT_TIMEOUT_MS };
    };
    result = await checkDevice(operation, splitUnknown(olds).known, inputs, unknown);
  } catch (error) {
    return { inputs: news, failures: [{ property: "", reason: (error as Error).message }] };
  }
  const stillUnknown = Object.fromEntries(Object.entries(news).filter(([name]) => unknown.has(name)));
  return { inputs: withoutUndefined({ ...result.inputs, ...stillUnknown }), failures: [...result.failures] };
}

async function create(inputs: Bag): Promise<dynamic.CreateResult<Bag>> {
  const device = inputs as unknown as DeviceInputs;
  const operation = await operationFor("create", device);
  const { id, outputs } = await settle(inputs, () => createDevice(operation, device));
  return { id, outs: withoutUndefined({ ...outputs }) };
}

async function read(id: string, properties: Bag = {}): Promise<dynamic.ReadResult<Bag>> {
  const state = properties as State;
  const operation = await operationFor("read", state);
  const outputs = await readDevice(operation, id, state);
  if (outputs === undefined) return { id: "", props: {} };
  return { id, props: withoutUndefined({ ...outputs }), inputs: withoutUndefined(inputsOf(outputs)) };
}

async function update(id: string, olds: Bag, news: Bag): Promise<dynamic.UpdateResult<Bag>> {
  const device = news as unknown as DeviceInputs;
  const operation = await operationFor("update", device);
  const outputs = await settle(news, () => updateDevice(operation, id, olds as State, device));
  return { outs: withoutUndefined({ ...outputs }) };
}

async function remove(id: string, properties: Bag): Promise<void> {
  const state = properties as State;
  await deleteDevice(await operationFor("delete", state), id, state);
}

async function operationFor(kind: keyof Timeouts | "read", state: PartialDeviceInputs): Promise<Operation> {
  // What is only in the state is asked last: it may be older than what the stack is configured with.
  const inProgram = kind === "create" || kind === "update";
  const cluster = await (inProgram ? connect(state) : reconnect(state));
  const timeout = kind === "read" ? undefined : state.timeouts?.[kind];
  const ms = timeout === undefined ? DEFAULT_TIMEOUT_MS : (durationMs(timeout) ?? DEFAULT_TIMEOUT_MS);
  return { cluster, log: engineLog(state.resourceUrn ?? ""), deadline: Date.now() + ms };
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
function inputsOf(outputs: DeviceOutputs): Bag {
  const reported = ["status", "vfAddresses", "vfPciDevices", "virtualFunctions", "fieldManager"];
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => !reported.includes(name)));
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

export = provider;
