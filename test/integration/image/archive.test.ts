import { expect } from "chai";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { reconcilerImage } from "../../../image/archive.js";
import { imageConfig } from "../../../image/image-config.js";
import type { Lab } from "../../../lab/lab.js";
import type { LabProcess } from "../../../lab/processes/lab-run.js";
import { sharedLab } from "../../shared-lab.js";
import { getByHttps } from "../../unit/service/get-by-https.js";
import { SysfsTree } from "../../unit/kernel/sysfs-tree.js";
import { Observer } from "../agent/observer.js";
import { until } from "../lab/until.js";
import { type InTree, inTree, reconcilerInTree } from "./in-tree.js";

const TAGS = ["lab.pulumi-sriov/reconciler:1", "lab.pulumi-sriov/reconciler:next"];

describe("an archive of the reconciler's image", function () {
  let scratch = "";
  let archive = "";
  /** The archive's own files. */
  let unpacked = "";
  /** What a container has for its root. */
  let root = "";
  let manifest: Manifest;

  before(async function () {
    // On a machine without kmod and pci.ids, apt fetches them first.
    this.timeout(300_000);
    scratch = mkdtempSync(join(tmpdir(), "image-"));
    [unpacked, root] = [join(scratch, "unpacked"), join(scratch, "root")];
    for (const folder of [unpacked, root]) mkdirSync(folder);
    archive = await reconcilerImage({ tags: TAGS, out: join(scratch, "archive.tar") });
    execFileSync("tar", ["--extract", "--file", archive, "--directory", unpacked]);
    [manifest] = JSON.parse(readFileSync(join(unpacked, "manifest.json"), "utf8")) as [Manifest];
    for (const layer of manifest.Layers) {
      const options = ["--extract", "--preserve-permissions", "--file", join(unpacked, layer), "--directory", root];
      execFileSync("tar", options);
    }
  });
  after(() => rmSync(scratch, { recursive: true }));

  it("has all its names", () => {
    expect(manifest.RepoTags).to.deep.equal(TAGS);
  });

  it("says of each layer what its digest is", async () => {
    const { rootfs } = JSON.parse(readFileSync(join(unpacked, manifest.Config), "utf8")) as Config;
    const digests = await Promise.all(manifest.Layers.map((layer) => digestOf(join(unpacked, layer))));
    expect(rootfs.diff_ids).to.deep.equal(digests.map((digest) => `sha256:${digest}`));
  });

  it("says how a container begins", () => {
    const { config } = JSON.parse(readFileSync(join(unpacked, manifest.Config), "utf8")) as Config;
    expect(config).to.deep.equal(imageConfig);
  });

  it("has what changes with a version in a layer of its own", () => {
    const [, versioned = ""] = manifest.Layers;
    const paths = execFileSync("tar", ["--list", "--file", join(unpacked, versioned)], { encoding: "utf8" });
    expect(paths.trimEnd().split("\n")).to.satisfy((all: string[]) => all.every((path) => path.startsWith("opt")));
  });

  it("has files that are root's, and of no date", () => {
    const listings = manifest.Layers.map((layer) =>
      execFileSync("tar", ["--list", "--verbose", "--utc", "--numeric-owner", "--file", join(unpacked, layer)], {
        encoding: "utf8",
      }),
    );
    for (const line of listings.join("").trimEnd().split("\n")) expect(line).to.match(/^\S+ 0\/0 .* 1970-01-01 00:00 /);
  });

  it("is the same to the byte when it is made again elsewhere", async () => {
    const again = await reconcilerImage({ tags: TAGS, out: join(scratch, "else", "where", "archive.tar") });
    expect(await digestOf(again)).to.equal(await digestOf(archive));
  });

  it("leaves nothing beside it", () => {
    expect(readdirSync(join(scratch, "else", "where"))).to.deep.equal(["archive.tar", "archive.tar.cdx.json"]);
  });

  it("names in its bill of materials every package that it has a licence of", () => {
    const { components } = JSON.parse(readFileSync(`${archive}.cdx.json`, "utf8")) as { components: Component[] };
    const licences = readFileSync(join(root, "opt", "pulumi-sriov", "reconciler.cjs.LICENSES.txt"), "utf8");
    const bundled = [...licences.matchAll(/^-{80}\n(\S+) (\S+) \(/gm)].map(([, name, version]) => `${name} ${version}`);
    const debian = readdirSync(join(root, "usr", "share", "doc"));
    const named = components.map(({ name, version = "" }) => `${name} ${version}`);
    expect(bundled).to.have.length.above(10);
    expect(named).to.include.members([`node ${process.versions.node}`, ...bundled]);
    expect(components.map(({ name }) => name)).to.include.members(debian);
  });

  for (const user of ["0", "65532"]) {
    it(`has the reconciler, which is compiled already for user ${user}`, () => {
      const { stderr } = run(reconcilerInTree(root, ["controller", "--kubeconfig", "/none"], user), {
        NODE_DEBUG_NATIVE: "COMPILE_CACHE",
      });
      expect(stderr).to.match(/code cache for CommonJS \/opt\/pulumi-sriov\/reconciler\.cjs was accepted/);
    });
  }

  it("has kmod's modprobe, for whatever kernel the node has", () => {
    const { stdout, stderr } = run(inTree(root, ["/usr/sbin/modprobe", "--version"]));
    expect(stdout, stderr).to.match(/^kmod version/);
  });

  it("has nothing that its user could write", () => {
    const script = `require("fs").readdirSync("/", { recursive: true }).filter(path => {
      try { require("fs").accessSync("/" + path, 2); return true; } catch { return false; }
    })`;
    const { stdout } = run(inTree(root, ["/usr/bin/node", "--print", `JSON.stringify(${script})`]));
    expect(stdout.trim()).to.equal("[]");
  });

  describe("at an API server", () => {
    let lab: Lab;
    let observer: Observer;
    const processes: LabProcess[] = [];

    before(async () => {
      lab = await sharedLab();
      observer = await Observer.start(lab.client);
    });
    after(async () => {
      await Promise.all(processes.map((process) => process.stop()));
      await observer.stop();
    });

    function start(name: string, { command, args, env }: InTree): LabProcess {
      const started = lab.run.spawn(name, command, args, { env });
      processes.push(started);
      return started;
    }

    it("runs an agent that reports what it finds at the host's mounts, by the names of pci.ids", async () => {
      const host = SysfsTree.captured("four-vfs");
      for (const folder of ["sys", "proc"]) execFileSync("cp", ["-a", join(host.root, folder), join(root, "host")]);
      host.remove();
      await lab.renewCredentials("image-node");
      writeFileSync(join(root, "run", "agent"), readFileSync(join(lab.run.dir, "image-node.kubeconfig")));
      const roots = ["--sys-root", "/host/sys", "--proc-root", "/host/proc"];
      const args = ["agent", "--node-name", "image-node", "--kubeconfig", "/run/agent", "--once", ...roots];
      const agent = start("image-agent", reconcilerInTree(root, args, "0"));
      expect((await agent.exited).code, readFileSync(agent.logFile, "utf8")).to.equal(0);
      await observer.ready("image-node-eth0", "Unmanaged");
      const [function0] = await observer.pciDevicesOf("image-node-eth0");
      expect(function0?.status?.description).to.include("82576 Virtual Function");
    });

    it("runs a controller as its own user, with metrics over TLS", async () => {
      writeFileSync(join(root, "run", "controller"), readFileSync(await lab.controllerKubeconfig()), { mode: 0o644 });
      const args = ["controller", "--kubeconfig", "/run/controller", "--metrics-listen", "127.0.0.1:0"];
      const controller = start("image-controller", reconcilerInTree(root, args));
      expect((await getByHttps(await metricsPort(controller.logFile), "/metrics")).status).to.equal(401);
      controller.signal("SIGTERM");
      expect((await controller.exited).code).to.equal(0);
    });
  });
});

interface Manifest {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

interface Config {
  readonly config: unknown;
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

interface Component {
  readonly name: string;
  readonly version?: string;
}

function run({ command, args, env }: InTree, more: Readonly<Record<string, string>> = {}) {
  return spawnSync(command, args, { encoding: "utf8", env: { ...env, ...more } });
}

async function metricsPort(log: string): Promise<number> {
  const find = (): number => {
    const line = /^.*metrics by HTTPS are served.*$/m.exec(readFileSync(log, "utf8"))?.[0] ?? "{}";
    return (JSON.parse(line) as { port?: number }).port ?? 0;
  };
  await until(() => find() > 0);
  return find();
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
