import { closeSync, openSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { basename, dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/**
 * Connects to a unix socket that a process is about to make.
 *
 * The address goes by way of the open folder, because the kernel takes no more than 107 bytes and a cache directory may
 * well lie deeper.
 */
export async function connectSoon(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await connectOnce(path);
    } catch {
      await delay(20, undefined, { signal });
    }
  }
}

function connectOnce(path: string): Promise<Socket> {
  const folder = openSync(dirname(path), "r");
  return new Promise<Socket>((resolve, reject) => {
    const socket = connect(`/proc/self/fd/${folder}/${basename(path)}`);
    socket.once("error", reject).once("connect", () => resolve(socket.off("error", reject)));
  }).finally(() => closeSync(folder));
}
