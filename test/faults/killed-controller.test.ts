import { expect } from "chai";
import type { LabController } from "../../lab/controller.js";
import { says } from "../integration/controller/controller-process.js";
import type { EndState } from "./end-state.js";
import { gatedController } from "./gated-controller.js";
import { PolicyWorld, type Wish } from "./policy-world.js";
import type { Write, WriteGate } from "./write-gate.js";

describe("a controller that is killed", () => {
  let world: PolicyWorld;
  let gate: WriteGate;
  let args: readonly string[];
  let controller: LabController;
  const undisturbed = new Map<Wish, EndState>();
  /** What it had just written when it was killed. */
  const lastWords: Write[] = [];

  before(async () => {
    world = await PolicyWorld.start("n-dies");
    ({ gate, args } = await gatedController(world.lab));
    controller = await world.lab.startController({ args });
    await says(controller, /"leads"/);
    for (const wish of ["first", "second", "nothing"] as const) {
      await world.ask(wish);
      undisturbed.set(wish, await world.settles(wish));
    }
  });
  after(async () => {
    await controller.stop();
    gate.close();
    await world.stop();
  });

  const wanted = (wish: Wish): EndState => undisturbed.get(wish) ?? {};

  async function startAgain(): Promise<void> {
    await controller.stop("SIGKILL");
    await world.releaseLease();
    controller = await world.lab.startController({ args });
  }

  /** It is killed once after each kind of write, before it hears of the answer, and of no other that is under way. */
  async function dieInEachPhase(wish: Wish): Promise<Write[]> {
    const died: Write[] = [];
    const isNew = (write: Write): boolean => !died.some((last) => phaseOf(last) === phaseOf(write));
    let written = gate.closesWith(isNew);
    await world.ask(wish);
    const reached = world.reaches(wanted(wish)).then(() => undefined);
    for (;;) {
      const write = await Promise.race([written, reached]);
      if (write === undefined) return died;
      died.push(write);
      await controller.stop("SIGKILL");
      written = gate.closesWith(isNew);
      await startAgain();
    }
  }

  const ways: readonly (readonly [string, Wish])[] = [
    ["policies and networks that were made", "first"],
    ["policies that were edited and deleted, a network that was moved, and a NIC that somebody let go of", "second"],
    ["the end of all policies and networks", "nothing"],
  ];
  for (const [what, wish] of ways) {
    it(`carries out ${what}, though it dies in each phase`, async () => {
      lastWords.push(...(await dieInEachPhase(wish)));
    });

    it(`has nothing left to write after ${what}`, async () => {
      gate.open();
      await startAgain();
      await says(controller, /"leads"/);
      expect(await world.settles(wish)).to.deep.equal(wanted(wish));
      // What is refused still is asked for once: nobody remembers.
      expect(gate.accepted).to.deep.equal([]);
    });
  }

  const phases: readonly (readonly [string, string])[] = [
    ["declared what a NIC is to be", "apply sriovnetworkdevices"],
    ["marked a conflict, or taken the mark away", "merge sriovnetworkdevices"],
    ["reported on a policy", "merge sriovnetworknodepolicies/status"],
    ["given a network its policy's resource name", "apply sriovnetworks"],
    ["made an attachment, or corrected one", "apply network-attachment-definitions"],
    ["reported on a network", "merge sriovnetworks/status"],
    ["deleted an attachment that was left behind", "delete network-attachment-definitions"],
  ];
  for (const [what, phase] of phases) {
    it(`was killed when it had ${what}`, () => {
      expect(lastWords.map(phaseOf)).to.include(phase);
    });
  }
});

function phaseOf({ how, plural, subresource }: Write): string {
  return `${how} ${[plural, subresource].filter(Boolean).join("/")}`;
}
