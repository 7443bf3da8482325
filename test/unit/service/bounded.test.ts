import { expect } from "chai";
import { runBounded } from "../../../reconciler/service/bounded.js";

describe("bounded tasks", () => {
  it("all have their turn though one fails, whose failure is thrown", async () => {
    const done: number[] = [];
    const tasks = [1, 2, 3].map((number) => async () => {
      await Promise.resolve();
      if (number === 1) throw new Error("the first");
      done.push(number);
    });
    const outcome = await runBounded(tasks, 1).catch((error: unknown) => error);
    expect([done, String(outcome)]).to.deep.equal([[2, 3], "Error: the first"]);
  });
});
