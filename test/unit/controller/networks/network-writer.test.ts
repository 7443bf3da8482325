import { expect } from "chai";
import type { SriovNetwork } from "../../../../api/sriov-network.js";
import { NetworkWriter } from "../../../../reconciler/controller/networks/network-writer.js";
import type { NetworkOutcome } from "../../../../reconciler/controller/networks/outcome.js";
import { attachmentOf, network } from "./network.js";

const outcome = (message: string): NetworkOutcome => ({
  reason: "Failed",
  message,
  attachment: attachmentOf(network()),
});

describe("word of a network's status", () => {
  const { signal } = new AbortController();
  let observed: SriovNetwork[];
  let writer: NetworkWriter;

  beforeEach(() => {
    observed = [];
    const merge = (_type: unknown, _name: unknown, patch: Readonly<Record<string, unknown>>) =>
      Promise.resolve({ ...network(), status: patch["status"] });
    writer = new NetworkWriter({
      client: { apply: () => Promise.reject(new Error("nothing is applied")), merge: merge as never },
      networks: { get: () => undefined, observe: (it) => void observed.push(it) },
    });
  });

  async function written(message: string): Promise<SriovNetwork> {
    await writer.report(network(), outcome(message), signal);
    const [latest] = observed.slice(-1);
    if (latest === undefined) throw new Error("nothing was written");
    return latest;
  }

  it("that was written here is no news, so that words that change each time are not tried again at once", async () => {
    expect(writer.isOwnWord(await written("from port 40001"))).to.equal(true);
    expect(writer.isOwnWord(await written("from port 40002"))).to.equal(true);
  });

  it("is news where the spec has changed too", async () => {
    const latest = await written("refused");
    expect(writer.isOwnWord({ ...latest, metadata: { ...latest.metadata, generation: 4 } })).to.equal(false);
  });

  it("is news where the annotation has changed too", async () => {
    const latest = await written("refused");
    const annotations = { "devices.harvesterhci.io/policy": "nics" };
    expect(writer.isOwnWord({ ...latest, metadata: { ...latest.metadata, annotations } })).to.equal(false);
  });

  it("is news where somebody else has written it", async () => {
    const latest = await written("refused");
    expect(writer.isOwnWord({ ...latest, status: {} })).to.equal(false);
  });

  it("is forgotten with the network", async () => {
    const latest = await written("refused");
    writer.forget(latest);
    expect(writer.isOwnWord(latest)).to.equal(false);
  });

  it("is not written where all is said already", async () => {
    const latest = await written("refused");
    expect(await writer.report(latest, outcome("refused"), signal)).to.equal(false);
    expect(observed).to.have.length(1);
  });
});
