import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PoolDevice } from "./pools.js";

/**
 * The files by which Multus learns what the devices are that a pod was given, as the network plumbing group's device
 * information specification, 1.1.0, has them. Multus tells them on in the pod's network status.
 */
export class DeviceInfoFiles {
  constructor(private readonly directory: string) {}

  /** @throws {Error} The folder, or a file, cannot be written. */
  async write(resourceName: string, devices: readonly PoolDevice[]): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    for (const device of devices) {
      const file = join(this.directory, fileName(resourceName, device.address));
      // Multus may read it at any time, and must not find half of it.
      await writeFile(`${file}.new`, JSON.stringify(deviceInfo(device)), { mode: 0o444 });
      await rename(`${file}.new`, file);
    }
  }

  /**
   * Removes what is there for other devices of the resource than these.
   *
   * @throws {Error} The folder cannot be read, or a file not be removed.
   */
  async keepOnly(resourceName: string, addresses: ReadonlySet<string>): Promise<void> {
    for (const name of await this.names()) {
      const [, address] = ADDRESS.exec(name) ?? [];
      if (address === undefined || addresses.has(address)) continue;
      if (name === fileName(resourceName, address)) await rm(join(this.directory, name), { force: true });
    }
  }

  private async names(): Promise<readonly string[]> {
    try {
      return await readdir(this.directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }
}

const ADDRESS = /-([0-9a-f]{4,8}(?::[0-9a-f]{2}){2}\.[0-7])-device\.json$/;

/** As Multus looks for it. */
function fileName(resourceName: string, address: string): string {
  return `${resourceName.replaceAll("/", "-")}-${address}-device.json`;
}

function deviceInfo({ address, vf, needVhostNet }: PoolDevice): object {
  return {
    type: "pci",
    version: "1.1.0",
    pci: {
      "pci-address": address,
      ...(needVhostNet && { "vhost-net": "/dev/vhost-net" }),
      ...(vf && { "pf-pci-address": vf.physicalFunction }),
    },
  };
}
