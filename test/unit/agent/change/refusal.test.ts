import { expect } from "chai";
import { refusalBy } from "../../../../reconciler/agent/change/refusal.js";
import { KernelError } from "../../../../reconciler/kernel/kernel.js";

describe("a refusal of the kernel", () => {
  const told = (code: string, driver: string | undefined = "igb"): string =>
    refusalBy(new KernelError(code, "/sys/…/sriov_numvfs", "write 4"), driver === "" ? {} : { driver }).message;

  it("has the kernel's words, then what to do, then what happens", () => {
    expect(told("EIO")).to.equal(
      "write 4 /sys/…/sriov_numvfs: input/output error (EIO). See what the NIC's driver says in the node's kernel log " +
        "(dmesg); SR-IOV and IOMMU must be on in the firmware. It is tried again with growing pauses.",
    );
  });

  const advice: readonly [string, string][] = [
    ["EROFS", "mount the node's /sys read-write"],
    ["EACCES", "AppArmor or SELinux"],
    ["EPERM", "Run the agent as root"],
    ["ENOENT", "The NIC's driver, igb, makes no VFs"],
    ["ENODEV", "went away"],
    ["ENOSPC", "pci=assign-busses"],
    ["ENOMEM", "pci=realloc"],
    ["ERANGE", "Ask for fewer VFs"],
    ["EBUSY", "Somebody else changes this NIC"],
    ["ETIMEDOUT", "still be under way"],
    ["EIO", "kernel log (dmesg)"],
    ["EWHATEVER", "kernel log (dmesg)"],
  ];
  for (const [code, words] of advice) {
    it(`says what to do about ${code}`, () => {
      expect(told(code)).to.include(code).and.include(words);
    });
  }

  it("says of a NIC without driver that it has none", () => {
    expect(told("ENOENT", "")).to.include("The NIC has no driver bound");
  });

  it("is no other failure's name", () => {
    expect(() => refusalBy(new TypeError("a mistake"), {})).to.throw(TypeError, "a mistake");
  });
});
