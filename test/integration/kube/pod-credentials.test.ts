import { expect } from "chai";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { KubeClient } from "../../../kube/client.js";
import { loadClusterConfig } from "../../../kube/config.js";
import { createAuthority } from "../../../lab/control-plane/certificate-authority.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";

const namespace = "pod-credentials";
const SECRET: ResourceType<KubeObject> = { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true };

/** Files that a kubelet writes anew while the process runs that was told of them. */
describe("what a pod is given to reach the API server", () => {
  let lab: Lab;
  let folder: string;
  const at = (name: string): string => join(folder, name);

  before(async () => {
    lab = await sharedLab();
    folder = mkdtempSync(join(lab.run.dir, "pod-"));
  });

  /** As client-node has it for a pod: by the same files, at another place. */
  function kubeconfig(server: string): string {
    const user = { "auth-provider": { name: "tokenFile", config: { tokenFile: at("token") } } };
    return JSON.stringify({
      clusters: [{ name: "pod", cluster: { server, "certificate-authority": at("ca.crt") } }],
      users: [{ name: "pod", user }],
      contexts: [{ name: "pod", context: { cluster: "pod", user: "pod" } }],
      "current-context": "pod",
    });
  }

  /** A token that the API server accepts as long as a Secret is there. */
  async function token(name: string): Promise<string> {
    const { metadata } = await lab.client.create(SECRET, { metadata: { name, namespace } }, { fieldManager: "test" });
    const boundObjectRef = { apiVersion: "v1", kind: "Secret", name, uid: metadata.uid };
    const answer = await lab.client.raw({
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/pod/token`,
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { boundObjectRef } },
    });
    return (answer as { readonly status: { readonly token: string } }).status.token;
  }

  it("may be another token, which is read as soon as the first is accepted no more", async () => {
    // Makes the account.
    await lab.controlPlane.serviceAccountKubeconfig({ namespace, name: "pod" });
    writeFileSync(at("ca.crt"), lab.controlPlane.caPem);
    writeFileSync(at("token"), await token("first"));
    const answers: (number | undefined)[] = [];
    const config = loadClusterConfig({ kubeconfig: kubeconfig(lab.controlPlane.server) });
    const client = new KubeClient(config, "test", ({ httpStatus }) => answers.push(httpStatus));
    // Read, as by a request before; not shown, since the API server remembers for seconds what it has accepted.
    await config.kubeConfig.applyToHTTPSOptions({});
    await lab.client.delete(SECRET, "first", { namespace });
    writeFileSync(at("token"), await token("second"));
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    await client.raw({ method: "POST", path: "/apis/authentication.k8s.io/v1/selfsubjectreviews", body: review });
    expect(answers).to.deep.equal([401, 201]);
    client.close();
  });

  it("may be another authority, by which the API server has a new certificate", async () => {
    const authorities = [await createAuthority("old"), await createAuthority("new")] as const;
    const [before, after] = await Promise.all(authorities.map((authority) => authority.issueServer(["127.0.0.1"])));
    const server = createServer({ cert: before?.certificatePem, key: before?.keyPem }, (_, response) => {
      response.setHeader("Connection", "close");
      response.end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    writeFileSync(at("token"), "any");
    writeFileSync(at("ca.crt"), authorities[0].certificatePem);
    const { port } = server.address() as AddressInfo;
    const client = KubeClient.open({ kubeconfig: kubeconfig(`https://127.0.0.1:${port}`) });
    await client.raw({ method: "GET", path: "/version" });
    server.setSecureContext({ cert: after?.certificatePem, key: after?.keyPem });
    writeFileSync(at("ca.crt"), authorities[1].certificatePem);
    expect(await client.raw({ method: "GET", path: "/version" })).to.deep.equal({});
    client.close();
    server.close();
  });
});
