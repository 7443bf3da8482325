import type { Figure } from "./figure.js";
import { benchGuestChanges, benchGuestReboot, benchGuestStart } from "./guest.js";
import { withLab } from "./lab-of-its-own.js";
import { addNodeWithManyVfs, benchRest } from "./rest.js";
import { benchScans } from "./scans.js";
import { benchSimulatedChanges } from "./simulated-changes.js";

const MANY = "many";

/** All figures of the agent. Takes about seven minutes, two of which it only waits. */
export async function benchAgent(progress: (line: string) => void): Promise<readonly Figure[]> {
  const quick = await withLab(false, async (lab) => {
    progress("changes on a simulated kernel …");
    const changes = await benchSimulatedChanges(lab);
    progress("scans …");
    return { changes, scans: await benchScans(lab) };
  });
  const slow = await withLab(true, async (lab) => {
    progress("a node with 256 VFs …");
    await addNodeWithManyVfs(lab, MANY);
    progress("a guest with a real kernel …");
    const guest = await lab.addRealNode("guest", { agent: false });
    const start = await benchGuestStart(lab, guest);
    progress("changes in the guest …");
    const changes = await benchGuestChanges(lab, guest);
    progress("a reboot of the guest …");
    const reboot = await benchGuestReboot(lab, guest);
    progress("two minutes at rest …");
    return [...changes, ...start, ...reboot, ...(await benchRest(lab, guest, MANY))];
  });
  return [...quick.changes, ...slow, ...quick.scans];
}
