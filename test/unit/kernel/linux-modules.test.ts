import { expect } from "chai";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KernelError } from "../../../reconciler/kernel/kernel.js";
import { LinuxKernel } from "../../../reconciler/kernel/linux/linux-kernel.js";
import { refused } from "./contract/contract-node.js";
import { SysfsTree } from "./sysfs-tree.js";

describe("LinuxKernel loads a driver's module", () => {
  let tree: SysfsTree;
  beforeEach(() => (tree = new SysfsTree()));
  afterEach(() => tree.remove());

  /** A program in place of `modprobe`, which notes with what it was called and does as `script` says. */
  function kernelWhere(script: string): LinuxKernel {
    const modprobe = join(tree.root, "modprobe");
    writeFileSync(modprobe, `#!/bin/sh\ncd '${tree.root}'\necho "$@" >>calls\n${script}\n`);
    chmodSync(modprobe, 0o755);
    return new LinuxKernel({ sysRoot: tree.sysRoot, procRoot: tree.procRoot, modprobe });
  }
  const load = (kernel: LinuxKernel, deadlineMs = 10_000): Promise<void> =>
    kernel.loadDriver("vfio-pci", { deadlineMs });
  const calls = (): string[] => readFileSync(join(tree.root, "calls"), "utf8").trim().split("\n");

  it("by modprobe", async () => {
    await load(kernelWhere("mkdir -p sys/bus/pci/drivers/vfio-pci"));
    expect(calls()).to.deep.equal(["vfio-pci"]);
  });

  it("not where the driver is there", async () => {
    tree.directory("/sys/bus/pci/drivers/vfio-pci");
    await load(kernelWhere("exit 1"));
    expect(existsSync(join(tree.root, "calls"))).to.equal(false);
  });

  it("once for all who want it at the same time", async () => {
    const kernel = kernelWhere("mkdir -p sys/bus/pci/drivers/vfio-pci");
    await Promise.all(Array.from({ length: 8 }, () => load(kernel)));
    expect(calls()).to.have.length(1);
  });

  it("again after an attempt that failed", async () => {
    const kernel = kernelWhere("[ $(wc -l <calls) = 2 ] && mkdir -p sys/bus/pci/drivers/vfio-pci");
    await refused(load(kernel));
    await load(kernel);
  });

  const ANSWERS = {
    ENOENT: "modprobe: FATAL: Module vfio-pci not found in directory /lib/modules/6.12.0",
    EPERM: "modprobe: ERROR: could not insert 'vfio_pci': Operation not permitted",
    ENODEV: "modprobe: ERROR: could not insert 'vfio_pci': No such device",
    EKEYREJECTED: "modprobe: ERROR: could not insert 'vfio_pci': Key was rejected by service",
    EINVAL: "modprobe: ERROR: could not insert 'vfio_pci': Exec format error",
    EIO: "modprobe: what no version of it has said yet",
  };
  for (const [code, words] of Object.entries(ANSWERS)) {
    it(`answers ${code} where modprobe says "${words.replace(/.*: /, "")}", with its words as the cause`, async () => {
      const error = await refused(load(kernelWhere(`echo "${words}" >&2; exit 1`)));
      expect([error.code, error.cause instanceof Error && error.cause.message]).to.deep.equal([code, words]);
    });
  }

  it("knows busybox's words for a module that is not there", async () => {
    const words = "modprobe: module vfio-pci not found in modules.dep";
    expect((await refused(load(kernelWhere(`echo "${words}" >&2; exit 1`)))).code).to.equal("ENOENT");
  });

  it("says what to do where modules may not be loaded", async () => {
    const { message } = await refused(load(kernelWhere("echo Operation not permitted >&2; exit 1")));
    expect(message).to.match(/\(EPERM\); .*CAP_SYS_MODULE.*modprobe vfio-pci.*\/etc\/modules-load\.d$/);
  });

  it("says what to do where there is no modprobe", async () => {
    const kernel = new LinuxKernel({ sysRoot: tree.sysRoot, procRoot: tree.procRoot, modprobe: "/nowhere/modprobe" });
    const { code, message } = await refused(load(kernel));
    expect(code).to.equal("ENOENT");
    expect(message).to.match(
      /^load vfio-pci by modprobe: .*; there is no such program here: load the module on the node/,
    );
  });

  it("answers ENODEV where the module brings no driver of that name", async () => {
    const { code, message } = await refused(load(kernelWhere("exit 0")));
    expect(code).to.equal("ENODEV");
    expect(message).to.match(/^find driver vfio-pci in .*\/module\/vfio_pci: no such device/);
  });

  describe("that hangs", () => {
    // The test lets it go by making a file that it waits for. With the folder it ends too, and outlives no test.
    const waiting =
      "until [ -e go ]; do [ -e calls ] || exit 1; sleep 0.01; done; mkdir -p sys/bus/pci/drivers/vfio-pci";
    afterEach(() => writeFileSync(join(tree.root, "go"), ""));

    it("is given up on at the deadline", async () => {
      const error = await load(kernelWhere(waiting), 50).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(KernelError).and.to.have.property("code", "ETIMEDOUT");
    });

    it("costs one process, however often it is tried, and is there when it is", async () => {
      const kernel = kernelWhere(waiting);
      await refused(load(kernel, 200));
      await refused(load(kernel, 20));
      const last = load(kernel);
      writeFileSync(join(tree.root, "go"), "");
      await last;
      expect(calls()).to.have.length(1);
    });
  });
});
