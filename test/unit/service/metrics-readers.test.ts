import { expect } from "chai";
import { MetricsReaders, TooManyReaders } from "../../../reconciler/service/metrics-readers.js";
import type { Request } from "../../../kube/transport.js";
import { refusal } from "../../integration/refusal.js";

const READER = "system:serviceaccount:monitoring:prometheus";

/** The API server's part of it: whose tokens are, and who may read. */
class Reviews {
  readonly asked: { readonly path: string; readonly spec: Record<string, unknown> }[] = [];
  users: Record<string, object | undefined> = {
    good: { username: READER, uid: "u1", groups: ["g"], extra: { x: ["y"] } },
  };
  allowed = true;
  authenticated = true;
  failure: Error | undefined;
  /** Holds answers back, while it is pending. */
  gate: Promise<void> = Promise.resolve();

  async raw({ path, body }: Request): Promise<unknown> {
    const { spec } = body as { readonly spec: Record<string, unknown> };
    this.asked.push({ path, spec });
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    if (path.endsWith("subjectaccessreviews")) return { status: { allowed: this.allowed } };
    const user = this.users[String(spec["token"])];
    return { status: user === undefined ? { error: "who is that" } : { authenticated: this.authenticated, user } };
  }
}

describe("who may read metrics", () => {
  let reviews: Reviews;
  let readers: MetricsReaders;
  let now: number;

  beforeEach(() => {
    reviews = new Reviews();
    now = 0;
    readers = new MetricsReaders(reviews, () => now);
  });

  it("is who may get the path, as the token's user with all that the API server says of him", async () => {
    expect(await readers.judge("good")).to.deep.equal({ allowed: true });
    expect(reviews.asked).to.deep.equal([
      { path: "/apis/authentication.k8s.io/v1/tokenreviews", spec: { token: "good" } },
      {
        path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        spec: {
          ...{ user: READER, uid: "u1", groups: ["g"], extra: { x: ["y"] } },
          nonResourceAttributes: { path: "/metrics", verb: "get" },
        },
      },
    ]);
  });

  it("is nobody whom RBAC does not permit it", async () => {
    reviews.allowed = false;
    expect(await readers.judge("good")).to.deep.equal({ allowed: false, who: READER });
  });

  it("is nobody whose token the API server does not know", async () => {
    expect(await readers.judge("bad")).to.deep.equal({ allowed: false, who: undefined });
  });

  it("is nobody of whom the API server says no more than a name", async () => {
    reviews.authenticated = false;
    expect(await readers.judge("good")).to.deep.equal({ allowed: false, who: undefined });
  });

  it("is nobody who has no name, and RBAC is not asked about him", async () => {
    reviews.users["good"] = {};
    expect(await readers.judge("good")).to.deep.equal({ allowed: false, who: undefined });
    expect(reviews.asked).to.have.length(1);
  });

  for (const [what, seconds, allowed] of [
    ["who may", 60, true],
    ["who may not", 10, false],
  ] as const) {
    it(`is not asked again about ${what} for ${seconds} s, and then is`, async () => {
      reviews.allowed = allowed;
      await readers.judge("good");
      now = seconds * 1_000 - 1;
      await readers.judge("good");
      expect(reviews.asked).to.have.length(2);
      now++;
      reviews.allowed = !allowed;
      expect((await readers.judge("good")).allowed).to.equal(!allowed);
    });
  }

  it("is asked once about a token that is shown twice at the same time", async () => {
    await Promise.all([readers.judge("good"), readers.judge("good")]);
    expect(reviews.asked).to.have.length(2);
  });

  it("is no answer where the API server does not give one, and is asked again then", async () => {
    reviews.failure = new Error("away");
    expect(await refusal(readers.judge("good"), Error)).to.have.property("message", "away");
    reviews.failure = undefined;
    expect(await readers.judge("good")).to.deep.equal({ allowed: true });
  });

  it("is asked about four strangers at once, and no more", async () => {
    let open = (): void => undefined;
    reviews.gate = new Promise<void>((resolve) => (open = resolve));
    const four = ["a", "b", "c", "d"].map((token) => readers.judge(token));
    await refusal(readers.judge("e"), TooManyReaders);
    open();
    await Promise.all(four);
    expect(await readers.judge("e")).to.deep.equal({ allowed: false, who: undefined });
  });

  it("is asked about ten strangers in a second, and no more", async () => {
    for (let token = 0; token < 10; token++) await readers.judge(String(token));
    await refusal(readers.judge("10"), TooManyReaders);
    now = 1_000;
    expect(await readers.judge("10")).to.deep.equal({ allowed: false, who: undefined });
  });

  it("is asked about who has read before, however many strangers there are", async () => {
    await readers.judge("good");
    now = 60_000;
    for (let token = 0; token < 10; token++) await readers.judge(String(token));
    await refusal(readers.judge("10"), TooManyReaders);
    expect(await readers.judge("good")).to.deep.equal({ allowed: true });
  });

  it("is remembered of who may, whoever comes that may not", async () => {
    await readers.judge("good");
    now = 1_000;
    for (let token = 0; token < 65; token++, now += 100) await readers.judge(String(token));
    const { length } = reviews.asked;
    await readers.judge("good");
    expect(reviews.asked).to.have.length(length);
  });

  it("is remembered of the 64 that came last", async () => {
    for (let token = 0; token < 65; token++, now += 100) await readers.judge(String(token));
    await readers.judge("1");
    expect(reviews.asked).to.have.length(65);
    await readers.judge("0");
    expect(reviews.asked).to.have.length(66);
  });
});
