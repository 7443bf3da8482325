import { createConnection, type Socket } from "node:net";
import { decodeError, onMessage, send, type Method, type Response } from "./protocol.js";

/**
 * A client's connection to a simulated node: made with the first request, made again after the node was started anew,
 * and keeping this process alive only while an answer is owed.
 */
export class Connection {
  readonly #socketPath: string;
  readonly #owed = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #socket: Socket | undefined;
  #lastId = 0;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /**
   * Rejects with what the node answered, or with `signal`'s reason once that is aborted: the request itself goes on.
   *
   * @throws {KernelError} The simulated kernel's answer.
   * @throws {Error} No node answers at the socket, or it went before it answered.
   */
  request(method: Method, params: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    const id = ++this.#lastId;
    const socket = (this.#socket ??= this.#connect());
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#owed.delete(id);
        signal?.removeEventListener("abort", abandon);
        if (this.#owed.size === 0) socket.unref();
      };
      const abandon = (): void => {
        settle();
        reject(signal?.reason as Error);
      };
      this.#owed.set(id, {
        resolve: (result) => {
          settle();
          resolve(result);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      signal?.addEventListener("abort", abandon);
      socket.ref();
      send(socket, { id, method, params });
    });
  }

  /** The next request connects again. */
  close(): void {
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const socket = createConnection(this.#socketPath);
    let cause: Error | undefined;
    socket.on("error", (error) => (cause = error));
    socket.on("close", () => this.#lost(socket, cause));
    onMessage(socket, (message) => this.#receive(message as Response));
    return socket;
  }

  #receive(response: Response): void {
    const waiting = this.#owed.get(response.id);
    if ("error" in response) waiting?.reject(decodeError(response.error));
    else waiting?.resolve(response.result);
  }

  #lost(socket: Socket, cause: Error | undefined): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    const why = cause?.message ?? "it closed the connection";
    const error = new Error(
      `The simulated node at ${this.#socketPath} does not answer: ${why}. Is its process (lab/nodes/simulated/main.js) running?`,
      { cause },
    );
    for (const waiting of [...this.#owed.values()]) waiting.reject(error);
  }
}
