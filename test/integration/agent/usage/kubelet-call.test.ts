import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GrpcError } from "../../../../reconciler/agent/kubelet/call.js";
import { listAllocations } from "../../../../reconciler/agent/kubelet/list-allocations.js";
import type { CallOptions } from "../../../../reconciler/agent/kubelet/call.js";
import { refusal } from "../../refusal.js";
import { Kubelet } from "./kubelet.js";

const router = { namespace: "web", pod: "router-0", resource: "intel.com/sriov", ids: ["0000:04:10.0"] };

describe("a call to the kubelet", () => {
  let directory: string;
  let kubelet: Kubelet;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "grpc-"));
    kubelet = new Kubelet(join(directory, "kubelet.sock"));
    kubelet.allocations = [router];
    await kubelet.start();
  });
  after(() => {
    kubelet.stop();
    rmSync(directory, { recursive: true });
  });

  const list = (more: Partial<CallOptions> = {}) =>
    listAllocations({ socket: kubelet.socket, deadlineMs: 2_000, ...more });

  it("is answered", async () => {
    expect(await list()).to.deep.equal([router]);
  });

  it("fails with the server's words and the status' name", async () => {
    kubelet.failing = true;
    const error = await refusal(list(), GrpcError);
    kubelet.failing = false;
    expect(error.message).to.equal("the device plugin is ill (INTERNAL)");
  });

  it("fails where the answer is larger than it may be", async () => {
    const error = await refusal(list({ maxAnswerBytes: 10 }), GrpcError);
    expect(error.message).to.match(/larger than max.*\(RESOURCE_EXHAUSTED\)$/);
  });

  it("fails where the answer does not come in time", async () => {
    kubelet.silent = true;
    const error = await refusal(list({ deadlineMs: 10 }), GrpcError);
    kubelet.silent = false;
    expect(error.message).to.equal("no answer within 0.01 s");
  });

  it("fails where nobody listens", async () => {
    const error = await refusal(list({ socket: join(directory, "none.sock") }), GrpcError);
    expect(error.message).to.equal(`connect ENOENT ${join(directory, "none.sock")} (UNAVAILABLE)`);
  });
});
