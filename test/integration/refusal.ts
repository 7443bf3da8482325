import { expect } from "chai";

/** What `work` fails with. @throws {AssertionError} It doesn't fail, or with something else than a `kind`. */
export async function refusal<E extends Error>(
  work: Promise<unknown>,
  kind: abstract new (...args: never[]) => E,
): Promise<E> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(kind);
  return error as E;
}
