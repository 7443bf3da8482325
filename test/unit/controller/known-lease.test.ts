import { expect } from "chai";
import { KnownLease } from "../../../reconciler/controller/leader/known-lease.js";
import { Leases } from "./leases.js";

describe("a lease as it is known", () => {
  let now = 0;
  let leases: Leases;
  let known: KnownLease;
  const limits = { timeoutMs: 1_000 };

  beforeEach(() => {
    now = 5_000;
    leases = new Leases();
    known = new KnownLease({ client: leases.client, namespace: "n", name: "lease" }, () => now);
  });

  it("runs out when it has not been seen to change for as long as it lasts, whatever its times say", async () => {
    leases.put("b", 15);
    await known.read(limits);
    now = 9_000;
    await known.read(limits);
    expect(known.runsOutAt).to.equal(20_000);
  });

  it("lasts anew when it was renewed", async () => {
    leases.put("b", 15);
    await known.read(limits);
    now = 9_000;
    leases.put("b", 15);
    await known.read(limits);
    expect(known.runsOutAt).to.equal(24_000);
  });

  it("may be had at once where nobody has it", async () => {
    leases.put(undefined);
    await known.read(limits);
    expect([known.holder, known.runsOutAt]).to.deep.equal([undefined, 0]);
  });

  it("is not written where another has written it since", async () => {
    leases.put("b", 15);
    await known.read(limits);
    leases.put("c", 15);
    expect(await known.write({ holderIdentity: "a" }, limits)).to.equal(false);
    expect(leases.lease?.spec?.holderIdentity).to.equal("c");
  });

  it("is not made where another has made it", async () => {
    await known.read(limits);
    leases.put("b");
    expect(await known.write({ holderIdentity: "a" }, limits)).to.equal(false);
  });

  it("is not the older one that comes late", async () => {
    leases.put("b");
    const { lease } = leases;
    leases.put("c");
    await known.read(limits);
    if (lease) known.see(lease);
    expect(known.holder).to.equal("c");
  });
});
