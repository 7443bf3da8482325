import { accessSync, constants } from "node:fs";
import { messageOf } from "../../../kube/errors.js";

export interface Mounts {
  readonly sysRoot: string;
  readonly procRoot: string;
}

/**
 * What a forgotten mount would silently turn into: no NIC at all without sysfs, and NICs that carry the node's default
 * route taken for free ones without procfs.
 *
 * @returns a sentence where sysfs can be read and not be written, so that counts can be told but not changed
 * @throws {Error} One of the two is not there
 */
export function checkMounts({ sysRoot, procRoot }: Mounts, access = accessSync): string | undefined {
  const mustRead = (path: string, what: string, flag: string): void => {
    try {
      access(path, constants.R_OK);
    } catch (error) {
      const advice = `Mount the host's ${what} and name the place by ${flag}`;
      throw new Error(`there is no ${what} to be read: ${messageOf(error)}. ${advice}.`, { cause: error });
    }
  };
  mustRead(`${sysRoot}/class/net`, "/sys", "--sys-root");
  // The table that every scan reads; `<procRoot>/net` is the reader's own, and there with a /proc that hides process 1.
  mustRead(`${procRoot}/1/net/route`, "/proc", "--proc-root");
  try {
    access(sysRoot, constants.W_OK);
  } catch (error) {
    // Only this error is about the mount. Others are about the directory, in which nothing is ever made.
    if ((error as NodeJS.ErrnoException).code === "EROFS") {
      return `${sysRoot} is mounted read-only: no count can be changed. Mount the host's /sys there, not read-only.`;
    }
  }
  return undefined;
}
