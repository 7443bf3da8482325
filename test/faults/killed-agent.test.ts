import { setTimeout as delay } from "node:timers/promises";
import { sharedLab } from "../shared-lab.js";
import type { Lab } from "../../lab/lab.js";
import type { SimulatedNode } from "../../lab/nodes/simulated-node.js";
import { PCI_DEVICE } from "../../api/pci-device.js";
import { Informer } from "../../kube/informer.js";
import { addressOf, nics } from "../integration/agent/hardware.js";
import { Observer, until } from "../integration/agent/observer.js";
import { expectSixVfs } from "./six-vfs.js";

/** A write takes so long that a kill during it hits. */
const WRITE_MS = 120;

describe("an agent that is killed while it goes from 4 to 6 VFs", () => {
  let lab: Lab;
  let node: SimulatedNode;
  let observer: Observer;
  let next = 0;
  let index = 0;
  const NICS = 24;
  const nameOf = (nic: number): string => `n-kill-nic${nic}`;

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    node = await lab.addSimulatedNode("n-kill", { spec: { nics: nics(NICS) } });
    for (let nic = 0; nic < NICS; nic++) {
      await observer.ready(nameOf(nic), "Unmanaged");
      await observer.declare(nameOf(nic), 4);
    }
    for (let nic = 0; nic < NICS; nic++) await observer.configured(nameOf(nic), 4);
    await node.hardware.setDelays({ create: WRITE_MS, remove: WRITE_MS });
  });
  after(async () => {
    await node.hardware.setDelays({ create: 0, remove: 0 });
    await observer.stop();
  });
  beforeEach(async () => {
    index = next++;
    await node.hardware.clearWrites();
  });

  const name = (): string => nameOf(index);
  const killed = (): Promise<void> => node.stopAgent("SIGKILL");
  async function startedAgain(): Promise<void> {
    await node.startAgent();
    await expectSixVfs(observer, node, name());
  }

  it("finishes, when it was killed before it heard of the change", async () => {
    await killed();
    await observer.declare(name(), 6);
    await startedAgain();
  });

  it("finishes, when it was killed while the kernel removed VFs", async () => {
    await observer.declare(name(), 6);
    await node.hardware.waitForWrites(1);
    await killed();
    await startedAgain();
  });

  it("finishes, when it was killed while the kernel refused to remove VFs", async () => {
    await node.hardware.failNext(addressOf(index), "EIO");
    await observer.declare(name(), 6);
    await node.hardware.waitForWrites(1);
    await killed();
    await startedAgain();
  });

  it("finishes, when it was killed between the two writes", async () => {
    await killed();
    await node.hardware.setNumVfsByHand(addressOf(index), 0);
    await observer.declare(name(), 6);
    await startedAgain();
  });

  it("finishes, when it was killed while the kernel made VFs", async () => {
    await observer.declare(name(), 6);
    await node.hardware.waitForWrites(2);
    await killed();
    await startedAgain();
  });

  it("finishes, when it was killed after the kernel had made them and before it reported", async () => {
    await node.hardware.setDelays({ driver: 5_000 });
    await observer.declare(name(), 6);
    await node.hardware.waitForWrites(2);
    while ((await node.numVfs(addressOf(index))) !== 6) await delay(5);
    await killed();
    await node.hardware.setDelays({ driver: 0 });
    await startedAgain();
  });

  it("finishes, when it was killed while it made PCIDevices", async () => {
    const made = new Informer(lab.client, PCI_DEVICE).start();
    await made.synced;
    const fifth = `n-kill-${addressOf(index).replace("00.0", "11.0").replace(/[:.]/g, "")}`;
    await observer.declare(name(), 6);
    await until(
      made,
      () => made.get(fifth),
      () => true,
      fifth,
    );
    await killed();
    await made.stop();
    await startedAgain();
  });

  for (let round = 1; round <= 10; round++) {
    it(`finishes, when it was killed at a random moment (${round})`, async () => {
      await observer.declare(name(), 6);
      await delay(Math.random() * 3 * WRITE_MS);
      await killed();
      await startedAgain();
    });
  }

  it("has the other NICs keep theirs through all this", async () => {
    for (let nic = next; nic < NICS; nic++) await observer.configured(nameOf(nic), 4);
  });
});
