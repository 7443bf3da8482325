import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";

/** A field that a message has: its number is what travels, its name is our own. */
export interface Field {
  readonly type: string;
  readonly id: number;
  readonly rule?: "repeated";
  readonly keyType?: "string";
}

export const text = (id: number): Field => ({ type: "string", id });
export const truth = (id: number): Field => ({ type: "bool", id });
export const integer = (id: number): Field => ({ type: "int64", id });
export const one = (message: string, id: number): Field => ({ type: message, id });
export const many = (message: string, id: number): Field => ({ rule: "repeated", type: message, id });
export const texts = (id: number): Field => many("string", id);
export const textByText = (id: number): Field => ({ keyType: "string", type: "string", id });

export interface ServiceShape {
  /** By service and method: the messages that go to and fro, and whether many come as the answer. */
  readonly services: Readonly<Record<string, Readonly<Record<string, MethodShape>>>>;
  /** By message and field. */
  readonly messages: Readonly<Record<string, Readonly<Record<string, Field>>>>;
}

export interface MethodShape {
  readonly requestType: string;
  readonly responseType: string;
  readonly responseStream?: boolean;
}

/**
 * The services of one package of protobuf, for gRPC's library. What an answer leaves out is there, empty; whole numbers are
 * numbers.
 */
export function services(packageName: string, shape: ServiceShape): Readonly<Record<string, ServiceDefinition>> {
  const methods = Object.entries(shape.services).map(([name, methods]) => [name, { methods }] as const);
  const messages = Object.entries(shape.messages).map(([name, fields]) => [name, { fields }] as const);
  const nested = Object.fromEntries<object>([...methods, ...messages]);
  // The library's type wants a comment on each method, which nothing reads.
  const json = { nested: { [packageName]: { nested } } } as Parameters<typeof fromJSON>[0];
  const loaded = fromJSON(json, { defaults: true, arrays: true, objects: true, longs: Number });
  return Object.fromEntries(
    Object.keys(shape.services).map((name) => [name, loaded[`${packageName}.${name}`] as ServiceDefinition]),
  );
}

/** @throws {TypeError} The service has no such method. */
export function methodOf<Request, Answer>(
  service: ServiceDefinition | undefined,
  name: string,
): MethodDefinition<Request, Answer> {
  const method = service?.[name];
  if (method === undefined) throw new TypeError(`there is no method ${name}`);
  return method as MethodDefinition<Request, Answer>;
}
