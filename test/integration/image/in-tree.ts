import { imageConfig } from "../../../image/image-config.js";

/** A command that runs with the image's files for its root, as in a container: of this machine it sees kernel and network. */
export interface InTree {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** @param user Its number; counts where this process is root, else there is but one */
export function inTree(tree: string, command: readonly string[], user = "65532"): InTree {
  const chroot =
    process.getuid?.() === 0
      ? ["chroot", `--userspec=${user}:${user}`, tree]
      : ["unshare", "--map-root-user", "chroot", tree];
  const [program = "", ...args] = [...chroot, ...command];
  return { command: program, args, env: { PATH: process.env["PATH"] ?? "", ...environment } };
}

/** The reconciler, as a container of the image begins. */
export function reconcilerInTree(tree: string, args: readonly string[], user?: string): InTree {
  return inTree(tree, [...imageConfig.Entrypoint, ...args], user);
}

/** Of containers; programs that are found by PATH are not asked for here. */
const environment = Object.fromEntries(
  imageConfig.Env.map((setting) => setting.split(/=(.*)/s, 2)).filter(([name]) => name !== "PATH"),
) as Record<string, string>;
