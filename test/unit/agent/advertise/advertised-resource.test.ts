import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { AdvertisedResource } from "../../../../reconciler/agent/advertise/advertised-resource.js";
import type { KubeletFolder } from "../../../../reconciler/agent/advertise/kubelet-folder.js";

const ATTEMPTS = 5;

/** What is told of a folder in which no socket can be made, until that has been tried some times. */
async function toldOf(directory: string): Promise<string[]> {
  const told: string[] = [];
  const log = pino(
    { level: "warn" },
    { write: (line: string) => told.push((JSON.parse(line) as { msg: string }).msg) },
  );
  let attempts = 0;
  const tried = Promise.withResolvers<undefined>();
  const folder = {
    directory,
    kubeletSocket: join(directory, "kubelet.sock"),
    get isThere() {
      if (++attempts === ATTEMPTS) tried.resolve(undefined);
      return true;
    },
    // Another kubelet each time that it is asked for: there is no pause between attempts.
    get kubelet() {
      return Symbol();
    },
    onChange: () => () => undefined,
  } as unknown as KubeletFolder;
  const answers = { allocate: () => ({}) as never, preferred: () => [] as never };
  const resource = new AdvertisedResource("example.com/fast", [], { folder, log, answers, othersAlive: [] });
  await tried.promise;
  await resource.stop();
  return told;
}

describe("a resource whose socket cannot be made", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "advertised-"))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it("is told once, though its socket has another name at each attempt", async () => {
    const told = await toldOf(join(directory, "not-there"));
    expect(told).to.have.length(1);
    expect(told[0]).to.include(`nothing can listen in ${join(directory, "not-there")}`);
  });

  it("has the flag named that is to have a shorter path", async () => {
    const long = join(directory, "a".repeat(100));
    mkdirSync(long);
    const [message] = await toldOf(long);
    expect(message).to.match(
      /a socket there would have \d+ characters, and the kernel takes 107\. Give --device-plugins /,
    );
  });
});
