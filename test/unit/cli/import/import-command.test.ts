import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../../../cli/command.js";
import { importCommand } from "../../../../cli/import/import-command.js";

describe("pulumi-sriov import, before it asks a cluster", () => {
  let out: string;
  beforeEach(() => (out = mkdtempSync(join(tmpdir(), "import-"))));
  afterEach(() => rmSync(out, { recursive: true, force: true }));

  async function refused(...args: string[]): Promise<Error> {
    const io = { print: () => undefined, warn: () => undefined, readInput: () => Promise.resolve("") };
    const error: unknown = await importCommand.run(args, io).catch((thrown: unknown) => thrown);
    if (error instanceof Error) return error;
    throw new Error(`it ended with ${String(error)}`);
  }

  it("takes no word that it does not know for a wish", async () => {
    expect(await refused("--nodes", "n1")).to.be.instanceOf(UsageError);
    expect(await refused("n1")).to.be.instanceOf(UsageError);
  });

  it("does not write over a program that is there", async () => {
    writeFileSync(join(out, "index.ts"), "mine");
    const { message } = await refused("--out", out);
    expect(message).to.equal(
      `${join(out, "index.ts")} is there already: give another folder with --out, or --overwrite`,
    );
    expect(readFileSync(join(out, "index.ts"), "utf8")).to.equal("mine");
  });

  it("goes on to the cluster where it may write over it", async () => {
    writeFileSync(join(out, "index.ts"), "mine");
    const { message } = await refused("--out", out, "--overwrite", "--kubeconfig", join(out, "none"));
    expect(message).to.contain(join(out, "none"));
  });
});
