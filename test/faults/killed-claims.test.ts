import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ClaimReason } from "../../api/pci-device-claim.js";
import { sharedLab } from "../shared-lab.js";
import { ClaimWorld, vfAddress } from "../integration/agent/claims/claim-world.js";
import { NEVER_UNASKED } from "../integration/agent/agent-process.js";
import { addressOf, nics } from "../integration/agent/hardware.js";
import { type Write, WriteGate } from "./write-gate.js";

const NODE = "n-mortal";

describe("an agent that is killed while it carries out claims", () => {
  let world: ClaimWorld;
  let gate: WriteGate;
  let args: readonly string[];
  let next = 0;
  let vf: string;
  const NIC = `${NODE}-nic0`;

  before(async () => {
    const lab = await sharedLab();
    world = await ClaimWorld.start(NODE, { spec: { nics: nics(1) }, agent: false });
    gate = await WriteGate.to(lab.controlPlane.server, lab.controlPlane.caPem);
    const kubeconfig = join(lab.run.dir, `${NODE}-by-gate.kubeconfig`);
    const direct = readFileSync(join(lab.run.dir, `${NODE}.kubeconfig`), "utf8");
    writeFileSync(kubeconfig, gate.kubeconfig(direct), { mode: 0o600 });
    args = [...NEVER_UNASKED, "--kubeconfig", kubeconfig];
    await world.node.startAgent(args);
    await world.observer.ready(NIC, "Unmanaged");
    await world.observer.declare(NIC, 16);
    await world.observer.configured(NIC, 16);
  });
  after(async () => {
    await world.stop();
    gate.close();
  });
  beforeEach(() => {
    gate.open();
    vf = vfAddress(addressOf(0), next++);
  });

  /** It dies with the write number `count` of this kind about the VF, which is carried out. */
  async function diesWith(
    plural: string,
    subresource: string | undefined,
    count: number,
    cause: () => Promise<unknown>,
  ) {
    let seen = 0;
    const hits = (write: Write): boolean =>
      write.name === world.nameOf(vf) &&
      write.plural === plural &&
      write.subresource === subresource &&
      ++seen === count;
    const written = gate.closesWith(hits);
    await cause();
    await written;
    await world.node.stopAgent("SIGKILL");
  }

  async function startAgain(): Promise<void> {
    gate.open();
    await world.node.startAgent(args);
  }

  async function isTaken(): Promise<void> {
    const { status } = await world.says(vf, ClaimReason.Enabled);
    expect(status).include({ kernelDriverToUnbind: "ixgbevf", passthroughEnabled: true });
    expect(await world.driverOf(vf)).equal("vfio-pci");
  }

  async function isGivenBack(): Promise<void> {
    await world.gone(vf);
    expect(await world.driverOf(vf)).equal("ixgbevf");
    await world.observer.pciDevice(world.nameOf(vf), ({ status }) => status?.kernelDriverInUse === "ixgbevf");
  }

  /** A device whose claim was carried out so is given back as any other. */
  async function isTakenAndGivenBack(): Promise<void> {
    await isTaken();
    await world.delete(vf);
    await isGivenBack();
  }

  const claim = () => world.claim(vf);

  const taking: readonly (readonly [string, string, string | undefined, number])[] = [
    ["had put its finalizer on the claim", "pcideviceclaims", undefined, 1],
    ["had noted the driver", "pcideviceclaims", "status", 1],
    ["had bound the VF, and not told of that on the claim", "pcidevices", "status", 1],
    ["had told that the VF is bound", "pcideviceclaims", "status", 2],
  ];
  for (const [when, plural, subresource, count] of taking) {
    it(`carries the claim out, when it was killed as soon as it ${when}`, async () => {
      await diesWith(plural, subresource, count, claim);
      await startAgain();
      await isTakenAndGivenBack();
    });
  }

  it("carries the claim out, when it was killed between two drivers", async () => {
    await diesWith("pcideviceclaims", "status", 1, claim);
    await world.node.hardware.unbindDriver(vf);
    await startAgain();
    await isTakenAndGivenBack();
  });

  it("carries the claim out, when it was killed while the kernel took the VF from its driver", async () => {
    await world.node.hardware.setInUse(vf, true);
    await claim();
    await world.says(vf, ClaimReason.Binding);
    await world.node.stopAgent("SIGKILL");
    await world.node.hardware.setInUse(vf, false);
    await startAgain();
    await isTakenAndGivenBack();
  });

  const releasing: readonly (readonly [string, string, string | undefined, number])[] = [
    ["had begun to give it back", "pcideviceclaims", "status", 1],
    ["had given it back, and the finalizer was still there", "pcidevices", "status", 1],
    ["had taken its finalizer away", "pcideviceclaims", undefined, 1],
  ];
  for (const [when, plural, subresource, count] of releasing) {
    it(`gives the VF back, when it was killed as soon as it ${when}`, async () => {
      await claim();
      await isTaken();
      await diesWith(plural, subresource, count, () => world.delete(vf));
      await startAgain();
      await isGivenBack();
    });
  }

  it("gives the VF back, when it was killed between two drivers", async () => {
    await claim();
    await isTaken();
    await diesWith("pcideviceclaims", "status", 1, () => world.delete(vf));
    await world.node.hardware.unbindDriver(vf);
    await startAgain();
    await isGivenBack();
  });

  it("gives the VF back, when the claim was deleted while there was no agent", async () => {
    await claim();
    await isTaken();
    await world.node.stopAgent("SIGKILL");
    await world.delete(vf);
    await startAgain();
    await isGivenBack();
  });

  it("has nothing left to write about a claim that is carried out", async () => {
    await claim();
    await isTaken();
    await world.node.stopAgent("SIGTERM");
    await startAgain();
    await world.node.hardware.rename(addressOf(0), "started");
    await world.observer.device(NIC, ({ status }) => status?.virtualFunctions?.length === 16);
    // A claim that is made after the start is looked at after those that were there.
    const known = vf;
    vf = vfAddress(addressOf(0), next++);
    await claim();
    await isTaken();
    expect(gate.writes.filter(({ name }) => name === world.nameOf(known))).deep.equal([]);
  });
});
