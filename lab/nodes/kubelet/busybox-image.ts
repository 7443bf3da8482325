import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { sharedLibraries } from "../../../image/packages/shared-libraries.js";
import { type TarEntry, tarArchive } from "../../../image/tar.js";

/** The one image that the node has. Of itself it does nothing, for ever, which is all that a pod's sandbox is to do. */
export const BUSYBOX_IMAGE = "lab.pulumi-sriov/busybox:1";

/** An archive of {@link BUSYBOX_IMAGE} as container engines import it, with the commands of that busybox in `/bin`. */
export function busyboxImage(busybox: string): Buffer {
  const layer = tarArchive(layerEntries(busybox));
  const config = {
    architecture: "amd64",
    os: "linux",
    config: { Env: ["PATH=/bin"], Cmd: ["tail", "-f", "/dev/null"] },
    rootfs: { type: "layers", diff_ids: [`sha256:${createHash("sha256").update(layer).digest("hex")}`] },
  };
  const manifest = [{ Config: "config.json", RepoTags: [BUSYBOX_IMAGE], Layers: ["layer.tar"] }];
  return tarArchive([
    { path: "manifest.json", file: Buffer.from(JSON.stringify(manifest)) },
    { path: "config.json", file: Buffer.from(JSON.stringify(config)) },
    { path: "layer.tar", file: layer },
  ]);
}

function layerEntries(busybox: string): TarEntry[] {
  const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" }).split("\n");
  const libraries = sharedLibraries([{ executable: busybox }]);
  const files: TarEntry[] = [
    { path: "bin/busybox", file: readFileSync(busybox), executable: true },
    ...applets
      .filter((applet) => applet !== "" && applet !== "busybox")
      .map((applet) => ({ path: `bin/${applet}`, link: "busybox" })),
    ...libraries.map(({ source, path }) => ({ path: path.slice(1), file: readFileSync(source), executable: true })),
    { path: "etc/passwd", file: Buffer.from("root:x:0:0:root:/:/bin/sh\n") },
  ];
  const folders = new Set(files.flatMap(({ path }) => parents(path)));
  return [...[...folders, "tmp"].sort().map((path) => ({ path, directory: true as const })), ...files];
}

function parents(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, depth) => parts.slice(0, depth + 1).join("/"));
}
