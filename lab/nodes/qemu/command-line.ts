import { createHash } from "node:crypto";
import type { Accelerator } from "./accelerator.js";

export interface MachineOptions {
  readonly name: string;
  readonly accelerator: Accelerator;
  readonly kernel: string;
  readonly initrd: string;
  /** Where the guest's console goes, relative to QEMU's working directory. */
  readonly consoleLog: string;
  /** The guest's other logs: its port `<name>-log` goes to that file, relative to QEMU's working directory. */
  readonly logs: Readonly<Record<string, string>>;
  /** Unix sockets, relative to QEMU's working directory. */
  readonly controlSocket: string;
  readonly monitorSocket: string;
  /** Default 1024. */
  readonly memoryMiB?: number;
  /** Images of the disks `/dev/vda`, `/dev/vdb`, …, which are only read: what the guest writes is forgotten with the machine. */
  readonly disks?: readonly string[];
}

/**
 * QEMU's arguments for a node: an IOMMU, two Intel 82576 NICs that share a wire, each behind a root port of its own so
 * that it can be unplugged, and a management NIC without SR-IOV on user-mode networking.
 */
export function machineArguments(machine: MachineOptions): string[] {
  return [
    ...["-name", machine.name, "-nodefaults", "-no-user-config", "-display", "none"],
    // The IOMMU remaps interrupts, which KVM must leave to QEMU for that.
    ...["-machine", "q35,kernel-irqchip=split", "-device", "intel-iommu"],
    ...["-accel", machine.accelerator === "kvm" ? "kvm" : "tcg,tb-size=256"],
    // Two emulated processors each take a host's core; on a busy host one of them is stopped for so long that timers and
    // interrupts between them get lost, and the guest with them.
    ...[
      "-cpu",
      "max",
      "-smp",
      machine.accelerator === "kvm" ? "2" : "1",
      "-m",
      String(machine.memoryMiB ?? 1024),
      "-rtc",
      "base=utc",
    ],
    ...["-kernel", machine.kernel, "-initrd", machine.initrd, "-append", kernelArguments(machine.name)],
    ...["-chardev", `file,id=console,path=${machine.consoleLog},append=on`, "-serial", "chardev:console"],
    ...["-chardev", `socket,id=monitor,path=${machine.monitorSocket},server=on,wait=off`],
    ...["-mon", "chardev=monitor,mode=control"],
    ...["-device", "virtio-serial-pci"],
    ...["-chardev", `socket,id=control,path=${machine.controlSocket},server=on,wait=off`],
    ...["-device", "virtserialport,chardev=control,name=control"],
    ...Object.entries(machine.logs).flatMap(([name, file]) => logPort(name, file)),
    ...["-netdev", "user,id=management"],
    ...["-device", `e1000e,netdev=management,mac=${macAddress(machine.name, 0)},romfile=`],
    ...slotWithNic(machine.name, 1),
    ...slotWithNic(machine.name, 2),
    // Last, so that the NICs have the same addresses with it and without.
    ...(machine.disks ?? []).flatMap(disk),
  ];
}

function logPort(name: string, file: string): string[] {
  return [
    ...["-chardev", `file,id=${name}-log,path=${file},append=on`],
    ...["-device", `virtserialport,chardev=${name}-log,name=${name}-log`],
  ];
}

/** The machine's writes outlive a reset but not QEMU, so there is nothing that must reach the host's own disk. */
function disk(image: string, index: number): string[] {
  return [
    ...["-drive", `file=${image.replaceAll(",", ",,")},format=raw,snapshot=on,cache=unsafe,if=none,id=disk${index}`],
    ...["-device", `virtio-blk-pci,drive=disk${index}`],
  ];
}

function slotWithNic(machine: string, number: NicNumber): string[] {
  const nic = Object.entries(sriovNic(machine, number)).map(([property, value]) => `${property}=${value}`);
  return [
    ...["-netdev", `hubport,id=wire${number},hubid=0`],
    ...["-device", `pcie-root-port,id=slot${number},chassis=${number},slot=${number}`],
    ...["-device", nic.join(",")],
  ];
}

/** A NIC with SR-IOV; its address in the guest is `0000:0<number>:00.0`. */
export type NicNumber = 1 | 2;

/** The properties of such a NIC as a QEMU device. */
export function sriovNic(machine: string, number: NicNumber): Readonly<Record<string, string>> {
  return {
    driver: "igb",
    id: `nic${number}`,
    bus: `slot${number}`,
    netdev: `wire${number}`,
    mac: macAddress(machine, number),
    romfile: "",
  };
}

/** An address in QEMU's own range that stays the same for a machine of that name. */
function macAddress(machine: string, number: number): string {
  const [a = 0, b = 0] = createHash("sha256").update(machine).digest();
  return ["52", "54", "00", hex(a), hex(b), hex(number)].join(":");
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function kernelArguments(hostname: string): string {
  // A panic reboots at once, as a reset would: the guest comes up again or the deadline passes.
  return `console=ttyS0 intel_iommu=on panic=-1 lab.hostname=${hostname}`;
}
