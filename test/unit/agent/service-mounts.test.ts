import { expect } from "chai";
import { checkMounts } from "../../../reconciler/agent/service/mounts.js";
import { SysfsTree } from "../kernel/sysfs-tree.js";

describe("the agent's mounts", () => {
  let tree: SysfsTree;

  beforeEach(() => {
    tree = new SysfsTree();
    tree.virtualInterface("lo");
    tree.file("/proc/1/net/route", "");
  });
  afterEach(() => tree.remove());

  it("are sysfs and procfs, to be written and read", () => {
    expect(checkMounts(tree)).to.equal(undefined);
  });

  it("are missed where there is no sysfs, and the flag is named that says where it is", () => {
    const mounts = { procRoot: tree.procRoot, sysRoot: `${tree.root}/nowhere` };
    expect(() => checkMounts(mounts)).to.throw(/no \/sys to be read: ENOENT.*nowhere.*--sys-root/);
  });

  it("are missed where there is no procfs, and the flag is named that says where it is", () => {
    const mounts = { sysRoot: tree.sysRoot, procRoot: `${tree.root}/nowhere` };
    expect(() => checkMounts(mounts)).to.throw(/no \/proc to be read: ENOENT.*nowhere.*--proc-root/);
  });

  it("are missed where procfs hides the host's first process, whose routes are the node's", () => {
    const procRoot = `${tree.root}/hidden`;
    tree.file("/hidden/net/route", "");
    expect(() => checkMounts({ sysRoot: tree.sysRoot, procRoot })).to.throw(
      /ENOENT.*hidden\/1\/net\/route.*--proc-root/,
    );
  });

  it("are told to be read-only where sysfs cannot be written", () => {
    const problem = checkMounts(tree, (path) => {
      if (path === tree.sysRoot) throw Object.assign(new Error("EROFS: read-only file system"), { code: "EROFS" });
    });
    expect(problem).to.include(`${tree.sysRoot} is mounted read-only: no count can be changed. Mount`);
  });
});
