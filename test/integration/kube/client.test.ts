import { expect } from "chai";
import { readFileSync } from "node:fs";
import { NAMESPACE, NODE } from "../../../api/core.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { KubeClient } from "../../../kube/client.js";
import { ApiError, ConnectionError, isForbidden, isKindMissing, isNotFound } from "../../../kube/errors.js";
import { createAuthority } from "../../../lab/control-plane/certificate-authority.js";
import { freePort } from "../../../lab/control-plane/free-port.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { refusal } from "../refusal.js";
import { byWayOf, TcpProxy } from "./tcp-proxy.js";

const CONFIG_MAP: ResourceType<KubeObject> = {
  apiVersion: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
};
const namespace = "default";
const me = { fieldManager: "me" };

describe("a client of the API server", () => {
  let lab: Lab;
  let text = "";
  const clients: KubeClient[] = [];
  before(async () => {
    lab = await sharedLab();
    text = readFileSync(lab.controlPlane.kubeconfig, "utf8");
  });
  after(() => clients.forEach((client) => client.close()));

  function open(kubeconfig: string): KubeClient {
    const client = KubeClient.open({ kubeconfig });
    clients.push(client);
    return client;
  }

  describe("says in words", () => {
    it("that nobody listens, and which server of which context that is", async () => {
      const address = `https://127.0.0.1:${await freePort()}`;
      const error = await refusal(open(byWayOf(address, text)).list(NODE), ConnectionError);
      expect(error.code).to.equal("ECONNREFUSED");
      expect(error.message).to.match(
        /^cannot reach the API server https:\/\/127\.0\.0\.1:\d+ \(context "lab" of the given/,
      );
      expect(error.message).to.include("check that the cluster is running");
    });

    it("that the server is not the one of the kubeconfig's authority", async () => {
      const other = Buffer.from((await createAuthority("another")).certificatePem).toString("base64");
      const kubeconfig = text.replace(
        /"certificate-authority-data": "[^"]*"/,
        `"certificate-authority-data": "${other}"`,
      );
      const error = await refusal(open(kubeconfig).list(NODE), ConnectionError);
      expect(error.message).to.include("certificate").and.to.include("check certificate-authority-data");
    });

    it("that the server's certificate is for other names", async () => {
      const kubeconfig = text.replace('"server":', '"tls-server-name": "elsewhere.example", "server":');
      const error = await refusal(open(kubeconfig).list(NODE), ConnectionError);
      expect(error.message).to.include("elsewhere.example").and.to.include("the server's name in the kubeconfig");
    });

    it("that a token is not accepted, and of which user", async () => {
      const kubeconfig = JSON.parse(text) as { users: unknown[] };
      kubeconfig.users = [{ name: "lab-admin", user: { token: "bogus" } }];
      const error = await refusal(open(JSON.stringify(kubeconfig)).list(NODE), ApiError);
      expect(error.httpStatus).to.equal(401);
      expect(error.message).to.include('user "lab-admin"').and.to.include("log in again");
    });

    it("what a user may not do", async () => {
      const error = await refusal(open(await lab.controlPlane.kubeconfigFor("guest")).list(NODE), ApiError);
      expect(isForbidden(error)).to.equal(true);
      expect(error.message).to.include('"guest" cannot list resource "nodes"').and.to.include("Ask for a role");
    });

    it("that an object is not there", async () => {
      const error = await refusal(lab.client.get(NODE, "nowhere"), ApiError);
      expect([isNotFound(error), isKindMissing(error)]).to.deep.equal([true, false]);
      expect(error.message).to.equal('GET /api/v1/nodes/nowhere was answered with 404: nodes "nowhere" not found');
    });

    it("that a whole kind is not there", async () => {
      const kind = { apiVersion: "example.com/v1", kind: "Thing", plural: "things", namespaced: false };
      expect(isKindMissing(await refusal(lab.client.list(kind), ApiError))).to.equal(true);
    });
  });

  it("keeps its connection through deletes, which have a body", async () => {
    const proxy = await TcpProxy.to(lab.controlPlane.server);
    const client = open(byWayOf(proxy.address, text));
    for (let round = 0; round < 5; round++) {
      await client.create(CONFIG_MAP, { metadata: { name: "short-lived", namespace } }, me);
      await client.delete(CONFIG_MAP, "short-lived", { namespace });
    }
    expect(proxy.accepted).to.equal(1);
    proxy.close();
  });

  it("has no more than 16 requests under way at once, and answers them all", async () => {
    const proxy = await TcpProxy.to(lab.controlPlane.server);
    const client = open(byWayOf(proxy.address, text));
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.get(NAMESPACE, "default")));
    expect(answers).to.have.length(100);
    expect(proxy.mostOpen).to.equal(16);
    proxy.close();
  });

  it("reads again by itself where a connection broke", async () => {
    const proxy = await TcpProxy.to(lab.controlPlane.server);
    const client = open(byWayOf(proxy.address, text));
    await client.get(NAMESPACE, "default");
    expect(proxy.cut()).to.equal(1);
    expect((await client.get(NAMESPACE, "default")).metadata.name).to.equal("default");
    proxy.close();
  });

  it("says so where one connection after the other turns out to be broken", async () => {
    const proxy = await TcpProxy.to(lab.controlPlane.server);
    const client = open(byWayOf(proxy.address, text));
    await Promise.all(Array.from({ length: 8 }, () => client.get(NAMESPACE, "default")));
    proxy.cutOnceUsed();
    const patch = { metadata: { labels: { stale: "connections" } } };
    const error = await refusal(client.merge(NAMESPACE, "default", patch, { fieldManager: "test" }), ConnectionError);
    expect(error.message).to.contain(`cannot reach the API server ${proxy.address}`).and.to.contain("ECONNRESET");
    proxy.close();
  });

  it("ends a request that is not wanted any more", async () => {
    const error = await refusal(lab.client.get(NAMESPACE, "default", { signal: AbortSignal.abort() }), Error);
    expect(error.name).to.equal("AbortError");
  });

  it("ends a request that is not wanted any more while it waits for its turn behind others", async () => {
    const proxy = await TcpProxy.to(lab.controlPlane.server);
    proxy.hold();
    const client = open(byWayOf(proxy.address, text));
    let answered = 0;
    const others = Array.from({ length: 16 }, () => client.get(NAMESPACE, "default").finally(() => answered++));
    const unwanted = new AbortController();
    const asked = refusal(client.get(NAMESPACE, "default", { signal: unwanted.signal }), DOMException);
    setImmediate(() => unwanted.abort());
    expect([(await asked).name, answered]).to.deep.equal(["AbortError", 0]);
    proxy.letGo();
    await Promise.all(others);
    proxy.close();
  });

  it("gives up on a server that does not answer in time", async () => {
    const proxy = await TcpProxy.to(lab.controlPlane.server);
    proxy.hold();
    const client = open(byWayOf(proxy.address, text));
    const error = await refusal(client.get(NAMESPACE, "default", { timeoutMs: 50 }), ConnectionError);
    expect(error.code).to.equal("ETIMEDOUT");
    expect(error.message).to.include("no answer within 0.05 s");
    proxy.close();
  });

  it("deletes only the object that was meant", async () => {
    const { metadata } = await lab.client.create(CONFIG_MAP, { metadata: { name: "anew", namespace } }, me);
    await lab.client.delete(CONFIG_MAP, "anew", { namespace });
    await lab.client.create(CONFIG_MAP, { metadata: { name: "anew", namespace } }, me);
    const error = await refusal(lab.client.delete(CONFIG_MAP, "anew", { namespace, uid: metadata.uid }), ApiError);
    expect(error.httpStatus).to.equal(409);
    await lab.client.delete(CONFIG_MAP, "anew", { namespace });
  });
});
