import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { closeSync, createReadStream, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { KernelError, parsePciAddress, type PciAddress } from "../../../reconciler/kernel/kernel.js";
import { LinuxKernel } from "../../../reconciler/kernel/linux/linux-kernel.js";
import { device, SysfsTree } from "./sysfs-tree.js";

const NIC = parsePciAddress("0000:04:00.0");
const OTHER_NIC = parsePciAddress("0000:04:00.1");

describe("LinuxKernel.setNumVfs", () => {
  let tree: SysfsTree;
  let kernel: LinuxKernel;

  beforeEach(() => {
    tree = new SysfsTree();
    kernel = new LinuxKernel(tree);
  });
  afterEach(() => {
    kernel.close();
    tree.remove();
  });

  const write = (address: PciAddress, count: number, deadlineMs = 10_000): Promise<void> =>
    kernel.setNumVfs(address, count, { deadlineMs });
  const refusal = (attempt: Promise<void>): Promise<KernelError> =>
    attempt.then(
      () => expect.fail("the write went through"),
      (error: unknown) => (error instanceof KernelError ? error : expect.fail(String(error))),
    );
  const numVfsFile = (address: PciAddress): string => `${device(address)}/sriov_numvfs`;
  const written = (address: PciAddress): string => readFileSync(tree.root + numVfsFile(address), "utf8");
  /** Opening it for writing blocks until somebody reads: a driver that hangs. */
  const hangingFile = (address: PciAddress): string => {
    const path = `${tree.directory(device(address))}/sriov_numvfs`;
    execFileSync("mkfifo", [path]);
    return path;
  };
  /** From here on nobody who opens it waits; the answer reads what has been written and closes it. */
  const openBothEnds = (path: string): (() => string) => {
    const file = openSync(path, "r+");
    return () => {
      const content = Buffer.alloc(64);
      const size = readSync(file, content);
      closeSync(file);
      return content.toString("utf8", 0, size);
    };
  };

  it("writes the number", async () => {
    tree.file(numVfsFile(NIC), "0");
    await write(NIC, 4);
    expect(written(NIC)).to.equal("4");
  });

  it("writes many in turn", async () => {
    tree.file(numVfsFile(NIC), "64");
    for (const count of [0, 10, 0]) await write(NIC, count);
    expect(written(NIC)).to.equal("0");
  });

  it("reports the errno, the file and what was written", async () => {
    tree.directory(numVfsFile(NIC));
    const { code, path, operation } = await refusal(write(NIC, 4));
    expect([code, path, operation]).to.deep.equal(["EISDIR", tree.root + numVfsFile(NIC), "write 4"]);
  });

  it("answers ENOENT for a device without SR-IOV and makes no file", async () => {
    tree.directory(device(NIC));
    expect((await refusal(write(NIC, 4))).code).to.equal("ENOENT");
    expect(existsSync(tree.root + numVfsFile(NIC))).to.equal(false);
  });

  it("makes writes to one NIC in the order of the calls", async () => {
    const received = openBothEnds(hangingFile(NIC));
    await Promise.all([0, 6, 0, 4].map((count) => write(NIC, count)));
    expect(received()).to.equal("0604");
  });

  it("writes again after an error", async () => {
    await refusal(write(NIC, 4));
    tree.file(numVfsFile(NIC), "0");
    await write(NIC, 4);
    expect(written(NIC)).to.equal("4");
  });

  it("refuses an address that would lead elsewhere", async () => {
    const outcome = await write("../../../../tmp" as PciAddress, 4).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(TypeError);
  });

  describe("when a write hangs", () => {
    it("answers ETIMEDOUT at the deadline", async () => {
      hangingFile(NIC);
      const code = refusal(write(NIC, 4, 100)).then((error) => error.code);
      const waited = delay(10_000, "it is still waited for, 10 s after a deadline of 0.1 s", { ref: false });
      expect(await Promise.race([code, waited])).to.equal("ETIMEDOUT");
    });

    it("writes to another NIC meanwhile", async () => {
      const file = hangingFile(NIC);
      tree.file(numVfsFile(OTHER_NIC), "0");
      const hanging = write(NIC, 4);
      await write(OTHER_NIC, 6);
      expect(written(OTHER_NIC)).to.equal("6");
      expect(await text(createReadStream(file))).to.equal("4");
      await hanging;
    });

    it("reads the NIC meanwhile", async () => {
      tree.nic(NIC);
      const file = hangingFile(NIC);
      const hanging = write(NIC, 4);
      expect((await kernel.scan()).physicalFunctions).to.have.length(1);
      await text(createReadStream(file));
      await hanging;
    });

    it("answers ETIMEDOUT to the next write too, as long as it hangs", async () => {
      hangingFile(NIC);
      await refusal(write(NIC, 4, 50));
      expect((await refusal(write(NIC, 4, 100))).code).to.equal("ETIMEDOUT");
    });

    it("writes to the same NIC once it no longer hangs", async () => {
      const path = hangingFile(NIC);
      await refusal(write(NIC, 4, 50));
      const received = openBothEnds(path);
      await write(NIC, 5);
      expect(received()).to.equal("5");
    });

    it("returns when the driver does", async () => {
      const file = hangingFile(NIC);
      const slow = write(NIC, 4);
      expect(await text(createReadStream(file))).to.equal("4");
      await slow;
    });
  });
});
