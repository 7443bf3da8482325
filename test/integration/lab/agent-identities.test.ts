import { expect } from "chai";
import { NODE } from "../../../api/core.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { ApiError } from "../../../kube/errors.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { nics } from "../agent/hardware.js";
import { Observer } from "../agent/observer.js";
import { until as eventually } from "./until.js";

interface SelfSubjectReview {
  readonly status: {
    readonly userInfo: { readonly username: string; readonly extra: Readonly<Record<string, readonly string[]>> };
  };
}

describe("credentials of the lab's agents", () => {
  let lab: Lab;
  before(async () => {
    lab = await sharedLab();
  });

  it("are of one service account, and name the node", async () => {
    const client = await lab.clientOfNode("n-identity");
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const { userInfo } = ((await client.raw({ method: "POST", path, body })) as SelfSubjectReview).status;
    expect(userInfo.username).to.equal("system:serviceaccount:pulumi-sriov:pulumi-sriov-agent");
    expect(userInfo.extra["authentication.kubernetes.io/node-name"]).to.deep.equal(["n-identity"]);
  });

  it("are good for nothing once their Node is gone, though another has its name", async () => {
    const client = await lab.clientOfNode("n-identity-gone");
    await lab.client.delete(NODE, "n-identity-gone");
    await lab.client.apply(NODE, { metadata: { name: "n-identity-gone" } }, { fieldManager: "test" });
    // The API server may remember for some seconds that the token was good.
    await eventually(() =>
      client.list(SRIOV_NETWORK_DEVICE).then(
        () => false,
        (error: unknown) => error instanceof ApiError && error.httpStatus === 401,
      ),
    );
  });

  it("are made anew for a Node that was made anew, with which its agent goes on", async () => {
    const observer = await Observer.start(lab.client);
    const node = await lab.addSimulatedNode("n-renewed", { spec: { nics: nics(1) } });
    await observer.ready("n-renewed-nic0", "Unmanaged");
    await node.stopAgent("SIGTERM");
    await lab.client.delete(NODE, "n-renewed");
    await eventually(() => observer.devices.get("n-renewed-nic0") === undefined);
    await lab.renewCredentials("n-renewed");
    await node.startAgent();
    await observer.ready("n-renewed-nic0", "Unmanaged");
    await observer.stop();
  });
});
