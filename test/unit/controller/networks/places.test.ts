import { expect } from "chai";
import { pino } from "pino";
import type { NetworkAttachmentDefinition } from "../../../../api/network-attachment-definition.js";
import type { SriovNetwork } from "../../../../api/sriov-network.js";
import { Announcer } from "../../../../reconciler/controller/networks/announcer.js";
import type { Attachments } from "../../../../reconciler/controller/networks/attachments.js";
import type { NetworkWriter } from "../../../../reconciler/controller/networks/network-writer.js";
import { Places } from "../../../../reconciler/controller/networks/places.js";
import { Repairs } from "../../../../reconciler/controller/repairs.js";
import { noEvents } from "../../../../reconciler/service/events.js";
import { attachmentOf, CENTRAL, CONTROLLER_NAMESPACE, network, withManager, withOwner } from "./network.js";

const PLACE = { namespace: "team", name: "storage" };
const log = pino({ level: "silent" });

/** What is at the place, what is known of it, and what was said and done. */
class Bench {
  existing: NetworkAttachmentDefinition | undefined;
  known: NetworkAttachmentDefinition | undefined;
  networks: SriovNetwork[] = [network()];
  /** What is there after a write, in place of what was written. */
  turnsInto = (written: NetworkAttachmentDefinition): NetworkAttachmentDefinition | undefined => written;
  readonly said: string[] = [];
  readonly writes: (NetworkAttachmentDefinition | undefined)[] = [];
  swept = 0;

  turn() {
    const attachments: Pick<Attachments, "known" | "current" | "apply"> = {
      known: () => this.known,
      current: () => Promise.resolve(this.existing),
      apply: (wanted, existing) => {
        this.writes.push(existing);
        const applied = this.turnsInto(withManager(wanted, "pulumi-sriov-controller"));
        if (applied !== undefined) this.existing = applied;
        return Promise.resolve(applied);
      },
    };
    const writer: Pick<NetworkWriter, "fill" | "report"> = {
      fill: () => Promise.resolve(),
      report: ({ metadata }, { reason, message }) => {
        this.said.push(`${metadata.namespace ?? ""}: ${reason}: ${message}`);
        return Promise.resolve(true);
      },
    };
    const sweeper = {
      sweep: () => {
        this.swept++;
        return Promise.resolve();
      },
    };
    const places = new Places({
      attachments,
      writer,
      sweeper,
      announcer: new Announcer(noEvents, log),
      repairs: new Repairs(),
      watches: { claimants: () => this.networks },
      surroundings: ({ metadata }) => {
        if (metadata.name === "broken") throw new Error("it is broken");
        return {
          controllerNamespace: CONTROLLER_NAMESPACE,
          resourcePrefix: "openshift.io",
          policy: undefined,
          namespace: { metadata: { name: "team" } },
          kindServed: true,
        };
      },
      log,
      signal: new AbortController().signal,
    });
    return places.turn(PLACE);
  }
}

describe("a turn of a place", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  it("makes what is missing, and reads back that it is there", async () => {
    await bench.turn();
    expect(bench.writes).to.deep.equal([undefined]);
    expect(bench.said[0]).to.match(/^team: Attached/);
  });

  it("does not overwrite what is there though no watch has told of it", async () => {
    bench.existing = withManager(withOwner(attachmentOf(network()), undefined), "somebody");
    await bench.turn();
    expect(bench.writes).to.deep.equal([]);
    expect(bench.said[0]).to.match(/^team: ForeignOwner/);
  });

  it("leaves alone what somebody makes in the moment of the write", async () => {
    const theirs = withManager(withOwner(attachmentOf(network()), undefined), "somebody");
    bench.turnsInto = () => {
      bench.existing = theirs;
      return undefined;
    };
    await bench.turn();
    expect(bench.existing).to.equal(theirs);
    expect(bench.said).to.have.length(1);
    expect(bench.said[0]).to.match(/^team: ForeignOwner/);
  });

  it("corrects what is there on the ground of what was seen", async () => {
    bench.existing = bench.known = { ...attachmentOf(network()), spec: { config: "{}" } };
    const seen = bench.known;
    await bench.turn();
    expect(bench.writes).to.deep.equal([seen]);
    expect(bench.said[0]).to.match(/^team: Attached/);
  });

  it("does not write for ever what somebody changes at once", async () => {
    bench.turnsInto = (written) => ({ ...written, spec: { config: "{}" } });
    const { again } = await bench.turn();
    expect(bench.writes).to.have.length(2);
    expect(again).to.be.above(0);
    expect(bench.said[0]).to.match(/^team: Failed: .*again and again/);
  });

  it("says what went wrong with one network, does the other's all the same, and is to be repeated", async () => {
    bench.networks = [network({}, { name: "broken", uid: "uid-0" }), network()];
    const failure = await bench.turn().catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error).with.property("message", "it is broken");
    expect(bench.said.map((words) => words.split(":")[1])).to.deep.equal([" Failed", " Attached"]);
    expect(bench.swept).to.equal(1);
  });

  it("gives an attachment to one of two networks that want it", async () => {
    bench.networks = [network({ networkNamespace: "team" }, { ...CENTRAL, uid: "uid-0" }), network()];
    await bench.turn();
    expect(bench.writes).to.have.length(1);
    expect(bench.said.map((words) => words.split(": ").slice(0, 2).join(": "))).to.deep.equal([
      `${CONTROLLER_NAMESPACE}: Attached`,
      "team: ForeignOwner",
    ]);
  });
});
