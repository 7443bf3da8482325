import { expect } from "chai";
import { createServer } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate, setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { PodResources } from "../../../../reconciler/agent/usage/pod-resources.js";
import { Kubelet } from "./kubelet.js";

const router = {
  namespace: "web",
  pod: "router-0",
  resource: "intel.com/sriov",
  ids: ["0000:04:10.0", "0000:04:10.2"],
};
const other = { namespace: "web", pod: "router-1", resource: "intel.com/sriov", ids: ["0000:04:10.4"] };

describe("what the kubelet says of devices", () => {
  let directory: string;
  let kubelet: Kubelet;
  let told: string[];
  let resources: PodResources;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "kubelet-"));
    kubelet = new Kubelet(join(directory, "kubelet.sock"));
    told = [];
    const log = pino({}, { write: (line: string) => told.push((JSON.parse(line) as { msg: string }).msg) });
    resources = new PodResources(kubelet.socket, log);
  });
  afterEach(() => {
    kubelet.stop();
    rmSync(directory, { recursive: true });
  });

  it("is nothing, and no error, where there is no socket", async () => {
    await resources.refresh();
    expect([resources.list(), told]).to.deep.equal([[], []]);
  });

  it("is which pod was given which devices", async () => {
    kubelet.allocations = [router, other];
    await kubelet.start();
    await resources.refresh();
    expect(resources.list()).to.deep.equal([router, other]);
  });

  it("leaves open who uses what while a kubelet that is there has not answered yet", async () => {
    kubelet.failing = true;
    await kubelet.start();
    await resources.refresh();
    expect(resources.silent()).to.match(/^the kubelet at .*kubelet\.sock does not answer: /);
    kubelet.failing = false;
    await resources.refresh();
    expect(resources.silent()).to.equal(undefined);
  });

  it("is known once the socket appears", async () => {
    await resources.refresh();
    kubelet.allocations = [router];
    await kubelet.start();
    await resources.refresh();
    expect(resources.list()).to.deep.equal([router]);
  });

  it("is what it was while the kubelet answers with errors, which is told once", async () => {
    kubelet.allocations = [router];
    await kubelet.start();
    await resources.refresh();
    kubelet.failing = true;
    await resources.refresh();
    await resources.refresh();
    expect(resources.list()).to.deep.equal([router]);
    expect(told).to.have.length(1);
    expect(told[0])
      .to.include(`the kubelet at ${kubelet.socket} does not answer: the device plugin is ill (INTERNAL)`)
      .and.to.include("its last answer counts");
  });

  it("is what it was while the kubelet is away, and new once it is back", async () => {
    kubelet.allocations = [router];
    await kubelet.start();
    await resources.refresh();
    kubelet.stop();
    await resources.refresh();
    expect([resources.list(), told.length]).to.deep.equal([[router], 1]);
    kubelet.allocations = [other];
    await kubelet.start();
    await resources.refresh();
    expect(resources.list()).to.deep.equal([other]);
  });

  it("is not waited for longer than two seconds", async () => {
    kubelet.silent = true;
    await kubelet.start();
    await resources.refresh();
    expect(told[0]).to.match(/does not answer: .*; its pods' devices are not known$/);
  });

  it("is whole where it is long", async () => {
    const many = Array.from({ length: 3_000 }, (_, index) => ({ ...router, pod: `router-${index}` }));
    kubelet.allocations = many;
    await kubelet.start();
    await resources.refresh();
    expect(resources.list()).to.deep.equal(many);
  });

  it("is nothing new where somebody else listens on the socket", async () => {
    const stranger = createServer((connection) => connection.resume().end("220 mail.example.com\r\n"));
    await new Promise<void>((resolve) => stranger.listen(kubelet.socket, resolve));
    await resources.refresh();
    await new Promise((resolve) => stranger.close(resolve));
    expect([resources.list(), told.length]).to.deep.equal([[], 1]);
  });

  it("is waited for no longer because others go on asking", async () => {
    await kubelet.start();
    let others = true;
    const asking = resources.refresh();
    const goOn = async (): Promise<void> => {
      while (others) {
        void resources.refresh();
        await setImmediate();
      }
    };
    const going = goOn();
    const late = delay(5_000, "late" as const, { ref: false });
    const first = await Promise.race([asking.then(() => "answered" as const), late]);
    others = false;
    await going;
    expect(first).to.equal("answered");
  });

  it("is asked for again by whoever asks while a question is under way", async () => {
    await kubelet.start();
    await Promise.all([resources.refresh(), resources.refresh(), resources.refresh()]);
    expect(kubelet.asked).to.equal(2);
  });
});
