import type { Guest } from "../agent/guest.js";

const LOG = "/run/lab/kubelet.log";
const PID = "/run/lab/kubelet.pid";

/** The stand-in for a kubelet's device manager, as a process of the guest: the agent there registers with it. */
export class GuestKubelet {
  private constructor(private readonly guest: Guest) {}

  static async start(guest: Guest): Promise<GuestKubelet> {
    await guest.run(`mkdir -p /var/lib/kubelet; node /kubelet.js /var/lib/kubelet >${LOG} 2>&1 & echo $! >${PID}`);
    return new GuestKubelet(guest);
  }

  /** Resolves when these are allocatable, by resource, and nothing else. */
  async until(allocatable: Readonly<Record<string, number>>): Promise<void> {
    await this.guest.until(`tail -n 1 ${LOG} | grep -qxF '${JSON.stringify(allocatable)}'`);
  }

  /** Without a trace: who looks for a kubelet afterwards finds none. */
  async stop(): Promise<void> {
    await this.guest.run(`kill $(cat ${PID}); while kill -0 $(cat ${PID}) 2>/dev/null; do usleep 20000; done`);
    await this.guest.run(`rm -r /var/lib/kubelet ${LOG} ${PID}`);
  }
}
