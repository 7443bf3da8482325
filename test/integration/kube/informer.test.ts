import { expect } from "chai";
import { readFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { KubeClient } from "../../../kube/client.js";
import { ApiError } from "../../../kube/errors.js";
import { type Change, Informer } from "../../../kube/informer.js";
import { WaitTimeout, waitFor } from "../../../kube/wait.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { until } from "../agent/observer.js";
import { refusal } from "../refusal.js";
import { byWayOf, TcpProxy } from "./tcp-proxy.js";

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const CONFIG_MAP: ResourceType<ConfigMap> = {
  apiVersion: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
};
const namespace = "default";

describe("an informer", () => {
  let lab: Lab;
  let proxy: TcpProxy;
  let client: KubeClient;
  let informer: Informer<ConfigMap>;
  let changes: Change<ConfigMap>[];

  beforeEach(async () => {
    lab = await sharedLab();
    proxy = await TcpProxy.to(lab.controlPlane.server);
    client = KubeClient.open({ kubeconfig: byWayOf(proxy.address, readFileSync(lab.controlPlane.kubeconfig, "utf8")) });
    for (const name of ["a", "b"]) await put(name, "before");
    informer = new Informer(client, CONFIG_MAP, { namespace }).start();
    await informer.synced;
    changes = [];
    informer.onChange((change) => changes.push(change));
  });
  afterEach(async () => {
    await informer.stop();
    client.close();
    proxy.close();
  });

  const put = (name: string, value: string) =>
    lab.client.apply(CONFIG_MAP, { metadata: { name, namespace }, data: { value } }, { fieldManager: "test" });
  const sees = (name: string, value: string) =>
    until(
      informer,
      () => informer.get(name, namespace),
      (object) => object.data?.["value"] === value,
      name,
    );
  const kindsOf = (name: string): string[] =>
    changes.filter(({ object }) => object.metadata.name === name).map(({ kind }) => kind);

  it("sees a change, with what was there before", async () => {
    await put("a", "after");
    await sees("a", "after");
    expect(changes).to.have.length(1);
    expect(changes[0]).to.have.nested.property("previous.data.value", "before");
  });

  it("goes on after its watch was cut, and tells nothing twice", async () => {
    await put("a", "1");
    await sees("a", "1");
    proxy.cut();
    await put("a", "2");
    await sees("a", "2");
    expect(kindsOf("a")).to.deep.equal(["set", "set"]);
    expect(kindsOf("b")).to.deep.equal([]);
  });

  it("sees what was changed while it was cut off", async () => {
    proxy.takeDown();
    await put("a", "meanwhile");
    proxy.mend();
    await sees("a", "meanwhile");
  });

  it("tells of an object that was deleted while it was cut off", async () => {
    proxy.takeDown();
    await lab.client.delete(CONFIG_MAP, "a", { namespace });
    await put("b", "meanwhile");
    proxy.mend();
    await sees("b", "meanwhile");
    expect(kindsOf("a")).to.deep.equal(["gone"]);
  });

  it("takes in at once what its own process wrote, and is not told again", async () => {
    informer.observe(await put("a", "own"));
    expect(informer.get("a", namespace)?.data).to.deep.equal({ value: "own" });
    await put("b", "later");
    await sees("b", "later");
    expect(kindsOf("a")).to.deep.equal(["set"]);
  });

  it("holds of an object what it is told to keep, from the list and from the watch", async () => {
    const keep = ({ metadata }: ConfigMap): ConfigMap => ({
      metadata: { name: metadata.name, namespace, resourceVersion: metadata.resourceVersion ?? "" },
      data: { kept: "a little" },
    });
    const small = new Informer(client, CONFIG_MAP, { namespace, keep }).start();
    await small.synced;
    const listed = small.get("a", namespace);
    const { metadata } = await put("a", "large");
    const watched = await until(
      small,
      () => small.get("a", namespace),
      (object) => object.metadata.resourceVersion === metadata.resourceVersion,
      "a",
    );
    await small.stop();
    expect([listed?.data, watched.data]).to.deep.equal([{ kept: "a little" }, { kept: "a little" }]);
  });

  it("is not set back by an older answer", async () => {
    const older = await put("a", "older");
    await put("a", "newer");
    await sees("a", "newer");
    informer.observe(older);
    expect(informer.get("a", namespace)?.data).to.deep.equal({ value: "newer" });
  });

  it("is not made to believe in an object that is gone by an answer from before", async () => {
    const answer = await put("a", "late");
    await sees("a", "late");
    const gone = new Promise<void>((resolve) => {
      informer.onChange(({ kind }) => {
        if (kind === "gone") resolve();
      });
    });
    await lab.client.delete(CONFIG_MAP, "a", { namespace });
    await gone;
    informer.observe(answer);
    expect(informer.get("a", namespace)).to.equal(undefined);
  });

  it("survives an API server that is killed and started again", async () => {
    await lab.controlPlane.apiServer.kill();
    await lab.controlPlane.apiServer.start();
    await put("a", "after the start");
    await sees("a", "after the start");
  });

  describe("that waits", () => {
    const soon = (): number => Date.now() + 30_000;

    it("is satisfied by what is there already", async () => {
      const condition = () => ({ state: "satisfied", result: informer.get("a", namespace)?.data }) as const;
      expect(await waitFor(informer, condition, { deadline: soon() })).to.deep.equal({ value: "before" });
    });

    it("fails as soon as a change says so", async () => {
      const condition = () =>
        informer.get("a", namespace)?.data?.["value"] === "bad"
          ? ({ state: "failed", error: new RangeError("bad") } as const)
          : ({ state: "pending", what: "not bad yet" } as const);
      const failure = refusal(waitFor(informer, condition, { deadline: soon() }), RangeError);
      await put("a", "bad");
      expect((await failure).message).to.equal("bad");
    });

    it("says what was still missing when time is up", async () => {
      const condition = () => ({ state: "pending", what: "a fifth VF" }) as const;
      const error = await refusal(waitFor(informer, condition, { deadline: Date.now() + 10 }), WaitTimeout);
      expect([error.message, error.pending]).to.deep.equal(["timed out: a fifth VF", "a fifth VF"]);
    });

    it("tells what is missing once for each change of it", async () => {
      const told: string[] = [];
      const condition = () => {
        const value = informer.get("a", namespace)?.data?.["value"] ?? "";
        return value === "3"
          ? ({ state: "satisfied", result: "" } as const)
          : ({ state: "pending", what: value } as const);
      };
      const done = waitFor(informer, condition, { deadline: soon(), onPending: (what) => told.push(what) });
      await put("b", "unrelated");
      await sees("b", "unrelated");
      for (const value of ["2", "3"]) await put("a", value);
      await done;
      expect(told).to.deep.equal(["before", "2"]);
    });

    it("ends when it is not wanted any more", async () => {
      const stop = new AbortController();
      const condition = () => ({ state: "pending", what: "" }) as const;
      const failure = refusal(waitFor(informer, condition, { deadline: soon(), signal: stop.signal }), Error);
      stop.abort();
      expect((await failure).name).to.equal("AbortError");
    });
  });
});

describe("an informer whose resource version is too old", () => {
  let server: Server;
  let client: KubeClient;
  let lists = 0;
  let watches: ((response: ServerResponse) => void)[] = [];

  const item = (name: string, resourceVersion: string): KubeObject => ({
    metadata: { name, namespace, resourceVersion },
  });
  const contents = [
    [item("stays", "1"), item("goes", "2"), item("changes", "3")],
    [item("stays", "1"), item("changes", "8"), item("comes", "9")],
  ];
  const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };

  before(async () => {
    server = createServer((request, response) => {
      response.setHeader("Content-Type", "application/json");
      if (request.url?.includes("watch=true") === true) watches.shift()?.(response);
      else response.end(JSON.stringify({ metadata: { resourceVersion: "10" }, items: contents[lists++] ?? [] }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const kubeconfig = {
      clusters: [{ name: "fake", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
      users: [{ name: "fake", user: {} }],
      contexts: [{ name: "fake", context: { cluster: "fake", user: "fake" } }],
      "current-context": "fake",
    };
    client = KubeClient.open({ kubeconfig: JSON.stringify(kubeconfig) });
  });
  beforeEach(() => (lists = 0));
  after(() => {
    client.close();
    server.closeAllConnections();
    server.close();
  });

  const answers: [string, (response: ServerResponse) => void][] = [
    ["an event", (response) => response.end(`${JSON.stringify({ type: "ERROR", object: gone })}\n`)],
    ["the answer's status", (response) => response.writeHead(410).end(JSON.stringify(gone))],
  ];
  for (const [where, answer] of answers) {
    it(`lists anew and tells only what changed, where ${where} says so`, async () => {
      const told: string[] = [];
      const errors: unknown[] = [];
      const informer = new Informer(client, CONFIG_MAP, { namespace, onError: (error) => errors.push(error) });
      const watchedAgain = Promise.withResolvers<undefined>();
      watches = [
        (response) => {
          informer.onChange(({ kind, object }) => told.push(`${object.metadata.name} ${kind}`));
          answer(response);
        },
        () => watchedAgain.resolve(undefined),
      ];
      await informer.start().synced;
      await watchedAgain.promise;
      await informer.stop();
      expect(told).to.deep.equal(["goes gone", "changes set", "comes set"]);
      expect(errors, "no error of anybody's").to.deep.equal([]);
    });
  }

  it("lists anew where the server says nothing more, as one does whose data is of an earlier time", async () => {
    const told: string[] = [];
    const watchedAgain = Promise.withResolvers<undefined>();
    watches = [(response) => response.flushHeaders(), () => watchedAgain.resolve(undefined)];
    lists = 1;
    contents.push([item("stays", "1"), item("changes", "4")]);
    const informer = new Informer(client, CONFIG_MAP, { namespace, idleMs: 50 }).start();
    await informer.synced;
    informer.onChange(({ kind, object }) => told.push(`${object.metadata.name} ${kind}`));
    await watchedAgain.promise;
    await informer.stop();
    contents.pop();
    expect(told).to.deep.equal(["comes gone", "changes set"]);
  });

  it("is told as an error where something else went wrong with the watch", async () => {
    const failed = Promise.withResolvers<unknown>();
    const status = { ...gone, code: 500, reason: "InternalError", message: "etcd is ill" };
    watches = [(response) => response.end(`${JSON.stringify({ type: "ERROR", object: status })}\n`)];
    const informer = new Informer(client, CONFIG_MAP, { namespace, onError: (error) => failed.resolve(error) });
    await informer.start().synced;
    const error = await failed.promise;
    await informer.stop();
    expect(error).to.be.instanceOf(ApiError).with.property("message", "watch: etcd is ill");
  });
});
