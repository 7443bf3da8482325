import { expect } from "chai";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { KernelError, parsePciAddress } from "../../../reconciler/kernel/kernel.js";
import type { BlockingOptions } from "../../../reconciler/kernel/linux/blocking-files.js";
import { DriverBinding } from "../../../reconciler/kernel/linux/driver-binding.js";
import { LinuxKernel } from "../../../reconciler/kernel/linux/linux-kernel.js";
import { device, SysfsTree } from "./sysfs-tree.js";

const NIC = parsePciAddress("0000:04:00.0");
const VF = parsePciAddress("0000:04:10.0");
const OTHER_VF = parsePciAddress("0000:04:10.2");

/**
 * Stands for the kernel behind the files that are written: a VF's `driver_override`, `unbind` and `drivers_probe`, and
 * the `new_id` of a driver, which then takes every function of that kind that has no driver.
 */
class PlayedKernel {
  override = "(null)";
  /** What was done, in order. */
  readonly log: string[] = [];
  /** Drivers that don't take the VF. */
  readonly refusing = new Set<string>();
  /** What a write to a file of this name answers in place of being carried out; the function may be made to go. */
  readonly answers = new Map<string, () => KernelError>();
  readonly devices = new Set<string>();

  constructor(
    private readonly tree: SysfsTree,
    private readonly own = "igbvf",
  ) {
    for (const driver of [own, "vfio-pci"]) tree.directory(`/sys/bus/pci/drivers/${driver}`);
    tree.virtualFunction(NIC, 0, VF);
  }

  read(): Promise<string> {
    return Promise.resolve(this.override);
  }

  write(path: string, content: string, { device: held = path }: BlockingOptions): Promise<void> {
    const file = path.replace(/.*\//, "");
    this.log.push(`${file} ${content.trim()}`.trim());
    this.devices.add(held);
    const answer = this.answers.get(file);
    if (answer) return Promise.reject(answer());
    if (file === "driver_override") this.override = content.trim() || "(null)";
    if (file === "unbind") rmSync(join(this.tree.root, device(VF), "driver"));
    if (file === "drivers_probe") this.#probe();
    if (file === "new_id") this.#takeAll(path.split("/").at(-2) ?? "");
    return Promise.resolve();
  }

  bind(driver: string, address = VF): void {
    this.tree.link(`${device(address)}/driver`, `../../drivers/${driver}`);
  }

  isBound(address = VF): boolean {
    return existsSync(join(this.tree.root, device(address), "driver"));
  }

  #probe(): void {
    const driver = this.override === "(null)" ? this.own : this.override;
    if (!this.isBound() && !this.refusing.has(driver)) this.bind(driver);
  }

  #takeAll(driver: string): void {
    const present = [VF, OTHER_VF].filter((address) => existsSync(join(this.tree.root, device(address))));
    for (const address of present) if (!this.isBound(address)) this.bind(driver, address);
  }
}

describe("LinuxKernel.bindDriver", () => {
  let tree: SysfsTree;
  let played: PlayedKernel;

  beforeEach(() => {
    tree = new SysfsTree();
    played = new PlayedKernel(tree);
    played.bind("igbvf");
  });
  afterEach(() => tree.remove());

  const binding = (address = VF): DriverBinding => new DriverBinding(played, tree.sysRoot, address, 1000);
  const refusal = (attempt: Promise<void>): Promise<KernelError> =>
    attempt.then(
      () => expect.fail("it went through"),
      (error: unknown) => (error instanceof KernelError ? error : expect.fail(String(error))),
    );
  const TAKING = ["driver_override vfio-pci", `unbind ${VF}`, `drivers_probe ${VF}`];
  const GIVING_BACK = [`unbind ${VF}`, "driver_override", `drivers_probe ${VF}`];

  it("tells the VF its driver before it takes it from the one that has it", async () => {
    await binding().bind("vfio-pci");
    expect(played.log).to.deep.equal(TAKING);
  });

  it("leaves a twin of the VF without a driver, though the driver could take every VF of their kind", async () => {
    tree.virtualFunction(NIC, 1, OTHER_VF);
    rmSync(join(tree.root, device(VF), "driver"));
    await binding().bind("vfio-pci");
    expect([VF, OTHER_VF].filter((address) => played.isBound(address))).to.deep.equal([VF]);
  });

  it("unbinds nothing where the VF has no driver", async () => {
    rmSync(join(tree.root, device(VF), "driver"));
    await binding().bind("vfio-pci");
    expect(played.log).to.deep.equal([TAKING[0], TAKING[2]]);
  });

  it("gives it back with the override emptied before the kernel picks", async () => {
    await binding().bind("vfio-pci");
    played.log.length = 0;
    await binding().release();
    expect(played.log).to.deep.equal(GIVING_BACK);
  });

  it("takes it from the driver that is named, though no override tells of that", async () => {
    await binding().bind("vfio-pci");
    played.override = "(null)";
    played.log.length = 0;
    await binding().release("vfio-pci");
    expect(played.log).to.deep.equal(GIVING_BACK.filter((step) => !step.startsWith("driver_override")));
  });

  it("leaves it where it has another driver than the one that is named", async () => {
    await binding().release("vfio-pci");
    expect(played.log).to.deep.equal([]);
  });

  it("only asks the kernel where a VF without driver and override is given back", async () => {
    rmSync(join(tree.root, device(VF), "driver"));
    await binding().release();
    expect(played.log).to.deep.equal([`drivers_probe ${VF}`]);
  });

  it("writes nothing where the driver is not loaded", async () => {
    rmSync(`${tree.root}/sys/bus/pci/drivers/vfio-pci`, { recursive: true });
    expect((await refusal(binding().bind("vfio-pci"))).code).to.equal("ENODEV");
    expect(played.log).to.be.empty;
  });

  it("puts back what there was where the driver does not take the VF", async () => {
    played.refusing.add("vfio-pci");
    const { code, message } = await refusal(binding().bind("vfio-pci"));
    expect(code).to.equal("ENODEV");
    expect(message).to.match(/the driver did not take it, and the kernel's log says why/);
    expect(played.log.slice(3)).to.deep.equal(["driver_override", `drivers_probe ${VF}`]);
  });

  it("puts back an override that somebody had made", async () => {
    played.override = "igbvf";
    played.refusing.add("vfio-pci");
    await refusal(binding().bind("vfio-pci"));
    expect(played.override).to.equal("igbvf");
  });

  it("goes on where somebody else unbinds at the same time", async () => {
    played.answers.set("unbind", () => {
      rmSync(join(tree.root, device(VF), "driver"));
      return new KernelError("ENODEV", "unbind", "write");
    });
    await binding().bind("vfio-pci");
    expect(played.log).to.deep.equal(TAKING);
  });

  it("goes on with giving back where an attempt was cut short", async () => {
    await binding().bind("vfio-pci");
    played.answers.set("unbind", () => new KernelError("ETIMEDOUT", "unbind", "write"));
    expect((await refusal(binding().release())).code).to.equal("ETIMEDOUT");
    played.answers.clear();
    played.log.length = 0;
    await binding().release();
    expect(played.log).to.deep.equal(GIVING_BACK);
  });

  it("answers ENOENT where the VF goes meanwhile", async () => {
    played.answers.set("drivers_probe", () => {
      rmSync(join(tree.root, device(VF)), { recursive: true });
      return new KernelError("ENODEV", "drivers_probe", "write");
    });
    const { code, path } = await refusal(binding().bind("vfio-pci"));
    expect([code, path]).to.deep.equal(["ENOENT", join(tree.root, device(VF))]);
  });

  it("asks the kernel for one VF without waiting for what hangs with another", async () => {
    tree.virtualFunction(NIC, 1, OTHER_VF);
    await binding(VF).release();
    rmSync(join(tree.root, device(VF), "driver"));
    await binding(VF).release();
    await binding(OTHER_VF).release();
    expect([...played.devices].map((held) => held.slice(-VF.length))).to.deep.equal([VF, OTHER_VF]);
  });
});

describe("LinuxKernel writes", () => {
  let tree: SysfsTree;
  let kernel: LinuxKernel;
  const options = { deadlineMs: 10_000 };

  beforeEach(() => {
    tree = new SysfsTree();
    tree.nic(NIC);
    kernel = new LinuxKernel(tree);
  });
  afterEach(() => {
    kernel.close();
    tree.remove();
  });

  for (const [on, written] of [
    [true, "1"],
    [false, "0"],
  ] as const) {
    it(`${written} to set autoprobe ${on ? "on" : "off"}`, async () => {
      tree.file(`${device(NIC)}/sriov_drivers_autoprobe`, "?");
      await kernel.setDriversAutoprobe(NIC, on, options);
      expect(tree.read(`${device(NIC)}/sriov_drivers_autoprobe`)).to.equal(written);
    });
  }

  it("an interface's flags with the one for up, and the others as they were", async () => {
    tree.interface(NIC, "ens1", { flags: "0x1102" });
    await kernel.setInterfaceUp(NIC, "ens1", options);
    expect(tree.read(`${device(NIC)}/net/ens1/flags`)).to.equal("0x1103");
  });

  it("nothing where the interface is up", async () => {
    tree.interface(NIC, "ens1", { flags: "0x00001003" });
    await kernel.setInterfaceUp(NIC, "ens1", options);
    expect(tree.read(`${device(NIC)}/net/ens1/flags`)).to.equal("0x00001003");
  });
});
