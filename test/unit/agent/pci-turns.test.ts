import { expect } from "chai";
import { setImmediate } from "node:timers/promises";
import { Turns } from "../../../reconciler/agent/pci/turns.js";

describe("tasks that take turns", () => {
  /** Three tasks for two turns, each of which ends when it is told to. */
  function three() {
    const turns = new Turns(2);
    const begun: number[] = [];
    const tasks = [0, 1, 2].map((index) => {
      const end = Promise.withResolvers<number>();
      const ended = turns.take(() => {
        begun.push(index);
        return end.promise;
      });
      ended.catch(() => undefined);
      return { end, ended };
    });
    return { begun, first: tasks[0], tasks };
  }

  it("begin at once as long as there is a turn", async () => {
    const { begun } = three();
    await setImmediate();
    expect(begun).to.deep.equal([0, 1]);
  });

  it("begin when another ends", async () => {
    const { begun, first } = three();
    first?.end.resolve(7);
    expect(await first?.ended).to.equal(7);
    await setImmediate();
    expect(begun).to.deep.equal([0, 1, 2]);
  });

  it("begin when another fails, which only its own caller hears of", async () => {
    const { begun, first, tasks } = three();
    first?.end.reject(new Error("no"));
    expect(await first?.ended.catch(String)).to.equal("Error: no");
    tasks.forEach(({ end }, index) => end.resolve(index));
    expect(await tasks[2]?.ended).to.equal(2);
    expect(begun).to.deep.equal([0, 1, 2]);
  });
});
