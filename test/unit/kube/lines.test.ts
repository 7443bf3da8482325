import { expect } from "chai";
import { PassThrough, Readable } from "node:stream";
import { readLines } from "../../../kube/lines.js";

const never = new AbortController().signal;

async function linesOf(stream: Readable, { signal = never, idleMs = 60_000 } = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(stream, { signal, idleMs })) lines.push(line);
  return lines;
}

describe("the lines of a stream", () => {
  it("come whole, however the stream is cut", async () => {
    expect(await linesOf(Readable.from(["a", "b\nc", "\n", "d\ne\n"]))).to.deep.equal(["ab", "c", "d", "e"]);
  });

  it("lack a last one that is not ended", async () => {
    expect(await linesOf(Readable.from(["a\n", "half"]))).to.deep.equal(["a"]);
  });

  it("lack blank ones", async () => {
    expect(await linesOf(Readable.from(["a\n\n \nb\n"]))).to.deep.equal(["a", "b"]);
  });

  it("keep a character whose bytes come apart", async () => {
    const bytes = Buffer.from("ö\n");
    const stream = new PassThrough();
    stream.write(bytes.subarray(0, 1));
    setImmediate(() => stream.end(bytes.subarray(1)));
    expect(await linesOf(stream)).to.deep.equal(["ö"]);
  });

  it("end when the connection breaks", async () => {
    const stream = new PassThrough();
    stream.write("a\n");
    setImmediate(() => stream.destroy(new Error("ECONNRESET")));
    expect(await linesOf(stream)).to.deep.equal(["a"]);
  });

  it("end when nothing comes any more", async () => {
    const stream = new PassThrough();
    stream.write("a\n");
    expect(await linesOf(stream, { idleMs: 20 })).to.deep.equal(["a"]);
    expect(stream.destroyed).to.equal(true);
  });

  it("end when they are not wanted any more", async () => {
    const stream = new PassThrough();
    const stop = new AbortController();
    setImmediate(() => stop.abort());
    expect(await linesOf(stream, { signal: stop.signal })).to.deep.equal([]);
    expect(stream.destroyed).to.equal(true);
  });

  it("end where they were not wanted in the first place", async () => {
    expect(await linesOf(new PassThrough(), { signal: AbortSignal.abort() })).to.deep.equal([]);
  });

  it("let go of the stream when their reader stops", async () => {
    const stream = new PassThrough();
    stream.write("a\nb\n");
    for await (const line of readLines(stream, { signal: never, idleMs: 60_000 })) if (line === "a") break;
    expect(stream.destroyed).to.equal(true);
  });
});
