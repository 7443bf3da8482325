import type { Socket } from "node:net";
import { onMessage, send, type Response } from "./protocol.js";

export interface Peer {
  /** A connected socket, or one that is about to be. Called again after the connection was lost. */
  readonly connect: () => Socket;
  /** Who does not answer, and what to do about it, for a person: `… does not answer: <why>. <advice>`. */
  readonly name: string;
  readonly advice: string;
}

/**
 * The calling end of a connection: made with the first request, made again after it was lost, and keeping this process
 * alive only while an answer is owed.
 */
export class Connection {
  readonly #owed = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #socket: Socket | undefined;
  #lastId = 0;

  constructor(private readonly peer: Peer) {}

  /**
   * Rejects with what the other end answered.
   *
   * @throws {KernelError} The answer of the kernel there.
   * @throws {Error} Nobody answers, or the connection was lost before that.
   */
  request(method: string, params: readonly unknown[]): Promise<unknown> {
    const id = ++this.#lastId;
    const socket = (this.#socket ??= this.#connect());
    return new Promise((resolve, reject) => {
      this.#owed.set(id, { resolve, reject });
      socket.ref();
      send(socket, { id, method, params });
    });
  }

  /** The next request connects again. */
  close(): void {
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const socket = this.peer.connect();
    let cause: Error | undefined;
    socket.on("error", (error) => (cause = error));
    socket.on("close", () => this.#lost(socket, cause));
    onMessage(socket, (message) => this.#receive(message as Response, socket));
    return socket;
  }

  #receive(response: Response, socket: Socket): void {
    const waiting = this.#owed.get(response.id);
    this.#owed.delete(response.id);
    if (this.#owed.size === 0) socket.unref();
    if ("error" in response) waiting?.reject(response.error as Error);
    else waiting?.resolve(response.result);
  }

  #lost(socket: Socket, cause: Error | undefined): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    const { name, advice } = this.peer;
    const why = cause?.message ?? "it closed the connection";
    const error = new Error(`${name} does not answer: ${why}. ${advice}`, { cause });
    const owed = [...this.#owed.values()];
    this.#owed.clear();
    for (const waiting of owed) waiting.reject(error);
  }
}
