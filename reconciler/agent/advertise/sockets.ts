import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";

const OURS = /^pulumi-sriov-[0-9a-f]{12}-[0-9a-f]{6}\.sock$/;

/**
 * A name for a resource's socket in the kubelet's folder: short, since a socket's path may have no more than 107 characters and a
 * resource's name has up to 317, and never that of one before, whose end would take the new one's file with it.
 */
export function socketName(resourceName: string): string {
  return `${beginningOf(resourceName)}${randomBytes(3).toString("hex")}.sock`;
}

/**
 * Removes the sockets of agents that were killed.
 *
 * @returns names of those at which somebody still answers
 */
export async function removeLeftOvers(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => OURS.test(name));
  const alive: string[] = [];
  for (const name of names) {
    const path = join(directory, name);
    if (await isServed(path)) alive.push(name);
    else await rm(path, { force: true });
  }
  return alive;
}

/** Names of sockets in the kubelet's folder by which the usual device plugins, or another agent, serve the same resource. */
export function othersWith(resourceName: string, directory: string, alive: readonly string[]): string[] {
  const usual = [`${resourceName.replace("/", "_")}.sock`, `kubevirt-${resourceName.replace("/", "-")}.sock`];
  const others = usual.filter((name) => existsSync(join(directory, name)));
  return [...others, ...alive.filter((name) => name.startsWith(beginningOf(resourceName)))];
}

function beginningOf(resourceName: string): string {
  const hash = createHash("sha256").update(resourceName).digest("hex").slice(0, 12);
  return `pulumi-sriov-${hash}-`;
}

/** A socket whose process is gone refuses; that it takes a connection is all that is asked. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(path);
    connection.on("connect", () => {
      connection.destroy();
      resolve(true);
    });
    connection.on("error", () => resolve(false));
  });
}
