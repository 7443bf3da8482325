import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callGrpc, type GrpcCall, GrpcError } from "../../../../reconciler/agent/usage/grpc-call.js";
import { refusal } from "../../refusal.js";
import { Kubelet } from "./kubelet.js";

describe("a gRPC call", () => {
  let directory: string;
  let kubelet: Kubelet;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "grpc-"));
    kubelet = new Kubelet(join(directory, "kubelet.sock"));
    kubelet.allocations = [{ namespace: "web", pod: "router-0", resource: "intel.com/sriov", ids: ["0000:04:10.0"] }];
    await kubelet.start();
  });
  after(() => {
    kubelet.stop();
    rmSync(directory, { recursive: true });
  });

  const list: Omit<GrpcCall, "socket"> = {
    path: "/v1.PodResourcesLister/List",
    deadlineMs: 2_000,
    maxAnswerBytes: 1_000,
  };
  const call = (more: Partial<GrpcCall> = {}) => callGrpc({ socket: kubelet.socket, ...list, ...more });

  it("is answered with a message", async () => {
    expect((await call()).toString("latin1"))
      .to.include("router-0")
      .and.to.include("0000:04:10.0");
  });

  it("of a method that there is not fails with the server's words", async () => {
    const error = await refusal(call({ path: "/v1.PodResourcesLister/Guess" }), GrpcError);
    expect(error.message).to.match(/^status 12: .*does not implement.*Guess/);
  });

  it("fails where the answer is larger than it may be", async () => {
    const error = await refusal(call({ maxAnswerBytes: 10 }), GrpcError);
    expect(error.message).to.equal("the answer is larger than 10 bytes");
  });

  it("fails where the answer does not come in time", async () => {
    kubelet.silent = true;
    const error = await refusal(call({ deadlineMs: 10 }), GrpcError);
    kubelet.silent = false;
    expect(error.message).to.equal("no answer within 0.01 s");
  });

  it("fails with the words as they came where they are not in gRPC's encoding", async () => {
    const server = createServer();
    server.on("stream", (stream) => {
      stream.respond({ ":status": 200, "grpc-status": "13", "grpc-message": "100% full" }, { endStream: true });
    });
    const socket = join(directory, "plain.sock");
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const error = await refusal(call({ socket }), GrpcError);
    await new Promise((resolve) => server.close(resolve));
    expect(error.message).to.equal("status 13: 100% full");
  });

  it("fails where nobody listens", async () => {
    const error = await refusal(call({ socket: join(directory, "none.sock") }), Error);
    expect(error).to.have.property("code", "ENOENT");
  });
});
