import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describeExit, type LabRun } from "../../processes/lab-run.js";
import type { QemuParts } from "./locate.js";

export type Accelerator = "kvm" | "tcg";

/**
 * KVM where it carries a kernel through its boot, else emulation. That `/dev/kvm` can be opened says little where the
 * machine is itself a guest, so a kernel without an initramfs is booted once: it works if the kernel gets as far as
 * missing its root. The answer is kept in `cache` until the host itself is rebooted.
 */
export async function chooseAccelerator(
  run: LabRun,
  parts: QemuParts,
  cache: string,
  log: (line: string) => void,
): Promise<Accelerator> {
  const forced = process.env["PULUMI_SRIOV_ACCELERATOR"];
  if (forced === "kvm" || forced === "tcg") return forced;
  if (!canOpen("/dev/kvm")) return "tcg";
  const answerFile = join(cache, "accelerator");
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const known = earlierAnswer(answerFile, boot);
  if (known !== undefined) return known;
  const failure = await bootWithKvm(run, parts);
  const answer = failure === undefined ? "kvm" : "tcg";
  log(failure === undefined ? "KVM works." : `KVM does not work here, emulating instead: ${failure}`);
  mkdirSync(cache, { recursive: true });
  writeFileSync(answerFile, `${boot} ${answer}`);
  return answer;
}

function earlierAnswer(file: string, boot: string): Accelerator | undefined {
  if (!existsSync(file)) return undefined;
  const [answeredIn, answer] = readFileSync(file, "utf8").split(" ");
  return answeredIn === boot && (answer === "kvm" || answer === "tcg") ? answer : undefined;
}

let lastProbe = 0;

/** Why a kernel does not boot with KVM; `undefined` when it does. */
async function bootWithKvm(run: LabRun, { qemu, kernel }: QemuParts): Promise<string | undefined> {
  const probe = run.spawn(
    `kvm-probe-${++lastProbe}`,
    qemu.executable,
    [
      ...[...qemu.args, "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot"],
      ...["-machine", "q35,kernel-irqchip=split", "-accel", "kvm", "-cpu", "max", "-smp", "2", "-m", "512"],
      ...["-kernel", kernel.image, "-append", "console=ttyS0 panic=-1"],
    ],
    { env: { ...process.env, ...qemu.env } },
  );
  const printed = () => readFileSync(probe.logFile, "utf8");
  const end = await Promise.race([
    probe.exited,
    untilPrinted(printed, "KVM internal error"),
    delay(20_000, "timeout", { ref: false }),
  ]);
  await probe.stop(0);
  if (printed().includes("Unable to mount root fs")) return undefined;
  if (end === "timeout") return "the kernel did not come up within 20 s";
  return typeof end === "string" ? end : describeExit(probe, end);
}

async function untilPrinted(printed: () => string, text: string): Promise<string> {
  while (!printed().includes(text)) await delay(100, undefined, { ref: false });
  return text;
}

function canOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
