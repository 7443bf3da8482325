import { setTimeout as delay } from "node:timers/promises";

/** Asks again until the answer is yes, where nothing tells of the change. Mocha's timeout is the deadline. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}
