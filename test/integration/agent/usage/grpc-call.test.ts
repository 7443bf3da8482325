import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
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

  it("fails where nobody listens", async () => {
    const error = await refusal(call({ socket: join(directory, "none.sock") }), Error);
    expect(error).to.have.property("code", "ENOENT");
  });
});
