import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { KernelError } from "../../../reconciler/kernel/kernel.js";
import { BlockingFiles } from "../../../reconciler/kernel/linux/blocking-files.js";
import { FileProcess } from "../../../reconciler/kernel/linux/file-process.js";
import { Turns } from "../../../reconciler/kernel/linux/turns.js";
import { SysfsTree } from "./sysfs-tree.js";

describe("files that may block", () => {
  let tree: SysfsTree;
  let files: BlockingFiles;
  let started: number;

  beforeEach(() => {
    tree = new SysfsTree();
    started = 0;
    files = new BlockingFiles(() => {
      started++;
      return new FileProcess();
    });
  });
  afterEach(() => {
    files.close();
    tree.remove();
  });

  const numbers = Array.from({ length: 20 }, (_, number) => number);
  /** Nobody reads it, so that who opens it for writing waits. */
  const hangingFile = (name: string): string => {
    const path = join(tree.root, name);
    execFileSync("mkfifo", [path]);
    return path;
  };
  const errno = (attempt: Promise<unknown>): Promise<string> =>
    attempt.then(
      () => "ok",
      (error: unknown) => (error instanceof KernelError ? error.code : String(error)),
    );

  it("are read without the newline that ends them", async () => {
    expect(await files.read(tree.file("/driver_override", "vfio-pci"), { deadlineMs: 10_000 })).to.equal("vfio-pci");
  });

  it("answer ENOENT when there is nothing to read", async () => {
    const error = await files.read(join(tree.root, "no"), { deadlineMs: 10_000 }).catch(String);
    expect(error).to.equal(`KernelError: read ${tree.root}/no: no such file or directory (ENOENT)`);
  });

  it("answer ETIMEDOUT when a read hangs", async () => {
    expect(await errno(files.read(hangingFile("slow"), { deadlineMs: 50 }))).to.equal("ETIMEDOUT");
  });

  it("are written by few processes, however many there are", async () => {
    const paths = numbers.map((number) => tree.file(`/${number}`, ""));
    await Promise.all(paths.map((path, number) => files.write(path, String(number), { deadlineMs: 30_000 })));
    expect(numbers.map((number) => tree.read(`/${number}`))).to.deep.equal(numbers.map(String));
    // Four, and one more for each half second in which a machine under load has started none of them.
    expect(started).to.be.below(20);
  });

  it("are written while more of them hang than there are processes for", async () => {
    const hanging = numbers
      .slice(0, 6)
      .map((number) => errno(files.write(hangingFile(`h${number}`), "", { deadlineMs: 2000 })));
    await files.write(tree.file("/free", ""), "written", { deadlineMs: 30_000 });
    expect(tree.read("/free")).to.equal("written");
    expect(new Set(await Promise.all(hanging))).to.deep.equal(new Set(["ETIMEDOUT"]));
  });

  it("are written again once a process can be started again", async () => {
    const path = tree.file("/free", "");
    let full = true;
    const few = new BlockingFiles(() => {
      if (full) throw Object.assign(new Error("spawn ENOMEM"), { code: "ENOMEM" });
      return new FileProcess();
    });
    const attempts = numbers.slice(0, 6).map(() => errno(few.write(path, "early", { deadlineMs: 2_000 })));
    expect(new Set(await Promise.all(attempts))).to.deep.equal(new Set(["EAGAIN"]));
    full = false;
    await few.write(path, "written", { deadlineMs: 10_000 });
    few.close();
    expect(tree.read("/free")).to.equal("written");
  });

  it("of one device wait for each other where that is told", async () => {
    const stuck = errno(files.write(hangingFile("stuck"), "", { deadlineMs: 300, device: "a" }));
    const behind = errno(files.write(tree.file("/free", ""), "written", { deadlineMs: 100, device: "a" }));
    expect(await Promise.all([behind, stuck])).to.deep.equal(["ETIMEDOUT", "ETIMEDOUT"]);
    expect(tree.read("/free")).to.equal("");
  });
});

describe("turns", () => {
  const HOURS = 3_600_000;

  it("are had at once by as many as there may be", async () => {
    const turns = new Turns(2, HOURS);
    await Promise.all([turns.take(), turns.take()]);
  });

  it("come to the others in their order as those end", async () => {
    const turns = new Turns(1, HOURS);
    const had: string[] = [];
    await turns.take();
    const others = ["a", "b"].map((name) => turns.take().then(() => had.push(name)));
    await setImmediate();
    expect(had).to.deep.equal([]);
    turns.end();
    await others[0];
    expect(had).to.deep.equal(["a"]);
    turns.end();
    await others[1];
    expect(had).to.deep.equal(["a", "b"]);
  });

  it("come one by one when none ends", async () => {
    const turns = new Turns(1, 1);
    await Promise.all([turns.take(), turns.take(), turns.take()]);
  });
});
