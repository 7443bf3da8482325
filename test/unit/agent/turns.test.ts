import { expect } from "chai";
import { Turns } from "../../../reconciler/agent/turns.js";

describe("turns", () => {
  const done: string[] = [];
  let turns: Turns<string>;
  beforeEach(() => {
    done.length = 0;
    turns = new Turns();
  });

  const work =
    (name: string, until: Promise<unknown> = Promise.resolve()) =>
    async (): Promise<string> => {
      done.push(`${name} begins`);
      await until;
      done.push(`${name} ends`);
      return name;
    };

  it("are taken one after the other, in the order in which they were asked for", async () => {
    const names = await Promise.all([
      turns.take("pf", work("a")),
      turns.take("pf", work("b")),
      turns.take("pf", work("c")),
    ]);
    expect(names).deep.equal(["a", "b", "c"]);
    expect(done).deep.equal(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  it("of other keys are not waited for", async () => {
    const open = Promise.withResolvers<undefined>();
    const first = turns.take("pf", work("a", open.promise));
    await turns.take("another", work("b"));
    expect(done).deep.equal(["a begins", "b begins", "b ends"]);
    open.resolve(undefined);
    await first;
  });

  it("go on after one that failed, whose error is its own", async () => {
    const failed = turns.take("pf", () => Promise.reject(new Error("no")));
    const next = turns.take("pf", work("b"));
    expect(await failed.catch((error: unknown) => String(error))).equal("Error: no");
    expect(await next).equal("b");
  });
});
