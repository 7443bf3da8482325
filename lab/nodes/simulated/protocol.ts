import type { Socket } from "node:net";
import { KernelError, type NodeSnapshot } from "../../../reconciler/kernel/kernel.js";
import type { SimulatedNode } from "./node.js";

/** One JSON object a line, both ways; answers come in any order. */
export interface Request {
  readonly id: number;
  readonly method: Method;
  readonly params: readonly unknown[];
}

export type Response =
  { readonly id: number; readonly result?: unknown } | { readonly id: number; readonly error: WireError };

export type Method = keyof SimulatedNode;

export interface WireError {
  readonly message: string;
  /** What a {@link KernelError} is made of; absent for any other error. */
  readonly kernel?: { readonly code: string; readonly path: string; readonly operation: string };
}

export function encodeError(error: unknown): WireError {
  if (!(error instanceof KernelError)) return { message: error instanceof Error ? error.message : String(error) };
  const { message, code, path, operation } = error;
  return { message, kernel: { code, path, operation } };
}

export function decodeError({ message, kernel }: WireError): Error {
  return kernel ? new KernelError(kernel.code, kernel.path, kernel.operation) : new Error(message);
}

/** A snapshot as JSON has it: its errors have lost their class. */
export function reviveSnapshot(snapshot: NodeSnapshot): NodeSnapshot {
  const unreadable = snapshot.unreadable.map(({ address, error: { code, path, operation } }) => ({
    address,
    error: new KernelError(code, path, operation),
  }));
  return { ...snapshot, unreadable };
}

export function send(socket: Socket, message: Request | Response): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

export function onMessage(socket: Socket, receive: (message: unknown) => void): void {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) receive(JSON.parse(line));
  });
}
