import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { download } from "../../../lab/control-plane/download.js";
import { cacheFolder, goArch, goOs, type Release } from "../../../lab/control-plane/release.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";

const kubernetes: Release = {
  name: "Kubernetes",
  version: "v1.36.3",
  oldest: "v1.30.0",
  programs: { "kube-apiserver": "" },
};
const etcd: Release = { name: "etcd", version: "v3.6.8", oldest: "v3.5.13", programs: { etcd: "" } };
const cniPlugins: Release = { name: "CNI plugins", version: "v1.9.1", programs: { bridge: "", loopback: "" } };
const apiServerAddress = `https://dl.k8s.io/v1.36.3/bin/${goOs}/${goArch}/kube-apiserver`;

describe("a download", () => {
  const cacheBefore = process.env["XDG_CACHE_HOME"];
  const fetchBefore = globalThis.fetch;
  let scratch: string;
  let run: LabRun;
  let published: Map<string, string | Buffer>;

  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), "download-"));
    process.env["XDG_CACHE_HOME"] = scratch;
    run = await beginRun({ label: "test" });
    published = new Map();
    globalThis.fetch = (address) => {
      const content = published.get(address instanceof Request ? address.url : address.toString());
      return Promise.resolve(
        content === undefined ? new Response("", { status: 404 }) : new Response(new Uint8Array(Buffer.from(content))),
      );
    };
  });

  afterEach(async () => {
    globalThis.fetch = fetchBefore;
    await run.stop();
    if (cacheBefore === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = cacheBefore;
    rmSync(scratch, { recursive: true, force: true });
  });

  const failureOf = (release: Release) =>
    download(run, release, Object.keys(release.programs), () => undefined).then(
      () => "",
      (error: unknown) => String(error),
    );

  it("puts a program whose checksum is right into the cache folder, executable", async () => {
    published.set(apiServerAddress, "the program");
    published.set(`${apiServerAddress}.sha256`, sha256("the program"));
    expect(await failureOf(kubernetes)).to.equal("");
    const file = join(cacheFolder(kubernetes), "kube-apiserver");
    expect(readFileSync(file, "utf8")).to.equal("the program");
    expect(statSync(file).mode & 0o777).to.equal(0o755);
  });

  it("keeps nothing whose checksum is wrong", async () => {
    published.set(apiServerAddress, "something else");
    published.set(`${apiServerAddress}.sha256`, sha256("the program"));
    expect(await failureOf(kubernetes)).to.contain(`${apiServerAddress} has the SHA-256 ${sha256("something else")}`);
    expect(existsSync(cacheFolder(kubernetes))).to.equal(false);
  });

  it("takes the CNI plugins that are asked for out of their archive", async () => {
    for (const plugin of ["bridge", "loopback", "dhcp"]) writeFileSync(join(scratch, plugin), `the ${plugin}`);
    const archive = execFileSync("tar", ["-cz", "-C", scratch, "./bridge", "./loopback", "./dhcp"]);
    const file = `cni-plugins-${goOs}-${goArch}-v1.9.1.tgz`;
    const address = `https://github.com/containernetworking/plugins/releases/download/v1.9.1/${file}`;
    published.set(address, archive);
    published.set(`${address}.sha256`, `${sha256(archive)}  ${file}\n`);
    expect(await failureOf(cniPlugins)).to.equal("");
    expect(readFileSync(join(cacheFolder(cniPlugins), "bridge"), "utf8")).to.equal("the bridge");
    expect(readdirSync(cacheFolder(cniPlugins)).sort()).to.deep.equal(["bridge", "loopback"]);
  });

  it("takes etcd out of its archive", async () => {
    const name = `etcd-v3.6.8-${goOs}-${goArch}`;
    mkdirSync(join(scratch, name));
    writeFileSync(join(scratch, name, "etcd"), "the program");
    const archive = execFileSync("tar", ["-cz", "-C", scratch, name]);
    const folder = "https://github.com/etcd-io/etcd/releases/download/v3.6.8";
    published.set(`${folder}/${name}.tar.gz`, archive);
    published.set(`${folder}/SHA256SUMS`, `0000  other.zip\n${sha256(archive)}  ${name}.tar.gz\n`);
    expect(await failureOf(etcd)).to.equal("");
    expect(readFileSync(join(cacheFolder(etcd), "etcd"), "utf8")).to.equal("the program");
  });

  it("says what could not be had, and why", async () => {
    expect(await failureOf(kubernetes)).to.equal(
      `Error: Download of ${apiServerAddress}.sha256 failed: HTTP status 404`,
    );
  });
});

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
