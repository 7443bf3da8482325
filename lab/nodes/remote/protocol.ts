import type { Socket } from "node:net";
import { KernelError } from "../../../reconciler/kernel/kernel.js";

/** One JSON object a line, both ways; answers come in any order. */
export interface Request {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

export type Response =
  { readonly id: number; readonly result?: unknown } | { readonly id: number; readonly error: unknown };

export function send(socket: Socket, message: Request | Response): void {
  socket.write(`${JSON.stringify(message, encode)}\n`);
}

export function onMessage(socket: Socket, receive: (message: unknown) => void): void {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) receive(JSON.parse(line, decode));
  });
}

/** What JSON has no form for travels as an object with one of these names as its only key. */
interface Encoded {
  readonly $number?: string;
  readonly $kernelError?: Pick<KernelError, "code" | "path" | "operation">;
  readonly $typeError?: string;
  readonly $error?: string;
}

function encode(_key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return { $number: String(value) };
  if (value instanceof KernelError) {
    const { code, path, operation } = value;
    return { $kernelError: { code, path, operation } };
  }
  if (value instanceof TypeError) return { $typeError: value.message };
  if (value instanceof Error) return { $error: value.message };
  return value;
}

/** Of JSON's two, the calls that this carries know undefined alone. */
function decode(_key: string, value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value !== "object") return value;
  const { $number, $kernelError, $typeError, $error } = value as Encoded;
  if ($number !== undefined) return Number($number);
  if ($kernelError) return new KernelError($kernelError.code, $kernelError.path, $kernelError.operation);
  if ($typeError !== undefined) return new TypeError($typeError);
  return $error === undefined ? value : new Error($error);
}
