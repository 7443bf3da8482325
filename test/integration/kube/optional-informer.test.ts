import { expect } from "chai";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { KubeClient } from "../../../kube/client.js";
import { isForbidden } from "../../../kube/errors.js";
import { OptionalInformer } from "../../../kube/optional-informer.js";
import { ServedKinds } from "../../../kube/served-kinds.js";
import { sharedLab } from "../../shared-lab.js";
import { until } from "../agent/observer.js";
import { install, uninstall } from "./optional-kind.js";
import { PlainServer } from "./plain-server.js";

interface Thing extends KubeObject {
  readonly color?: string;
}

const THING: ResourceType<Thing> = {
  apiVersion: "optional.example.com/v1",
  kind: "Thing",
  plural: "things",
  namespaced: false,
};

describe("an informer of a kind that may be missing", () => {
  let client: KubeClient;
  let served: ServedKinds;
  let informer: OptionalInformer<Thing>;
  let told: string[];

  beforeEach(async () => {
    ({ client } = await sharedLab());
    served = new ServedKinds(client);
    informer = new OptionalInformer(client, THING, served);
    told = [];
    informer.onChange(({ kind, object }) => told.push(`${object.metadata.name} ${kind}`));
  });
  afterEach(async () => {
    await Promise.all([informer.stop(), served.stop()]);
    await uninstall(client, THING);
  });

  const put = (name: string) => client.apply(THING, { metadata: { name } }, { fieldManager: "test" });
  const sees = (name: string) =>
    until(
      informer,
      () => informer.get(name),
      () => true,
      name,
    );

  it("is synced, and empty, as soon as it is known that there is none", async () => {
    informer.start();
    await Promise.all([served.look(), informer.synced]);
    expect([informer.list(), informer.get("a")]).to.deep.equal([[], undefined]);
  });

  it("is synced with what is there where the kind is", async () => {
    await install(client, THING);
    await put("a");
    while (served.serves(THING) !== true) await served.look();
    await informer.start().synced;
    expect(informer.list().map(({ metadata }) => metadata.name)).to.deep.equal(["a"]);
  });

  it("takes in what a write has returned, before a watch tells of it", async () => {
    await install(client, THING);
    while (served.serves(THING) !== true) await served.look();
    await informer.start().synced;
    informer.observe(await put("a"));
    expect(told).to.deep.equal(["a set"]);
  });

  it("takes in nothing of a kind that is not known to be there", async () => {
    await install(client, THING);
    informer.observe(await put("a"));
    expect(informer.list()).to.deep.equal([]);
  });

  it("is not synced before it is known whether there is one", async () => {
    informer.start();
    expect(informer.hasSynced).to.equal(false);
    await Promise.all([served.look(), informer.synced]);
    expect(informer.hasSynced).to.equal(true);
  });

  it("begins when the kind is installed, and follows it", async () => {
    informer.start();
    await informer.look();
    await install(client, THING);
    await put("a");
    while (served.serves(THING) !== true) await informer.look();
    await sees("a");
    await put("b");
    await sees("b");
    expect(told).to.deep.equal(["a set", "b set"]);
  });

  it("tells of every object that it is gone when the kind is removed, and begins anew when it is back", async () => {
    await install(client, THING);
    await put("a");
    informer.start();
    while (served.serves(THING) !== true) await informer.look();
    await sees("a");
    const gone = new Promise<void>((resolve) => {
      informer.onChange(({ kind }) => {
        if (kind === "gone") resolve();
      });
    });
    await uninstall(client, THING);
    await gone;
    expect(told).to.deep.equal(["a set", "a gone"]);
    while (served.serves(THING) !== false) await informer.look();
    await install(client, THING);
    await put("c");
    // Until the watch of before was answered with 404, another look changes nothing.
    while (informer.get("c") === undefined) await informer.look();
    expect(informer.list().map(({ metadata }) => metadata.name)).to.deep.equal(["c"]);
  });

  it("tells what else goes wrong", async () => {
    await install(client, THING);
    const { controlPlane } = await sharedLab();
    const stranger = KubeClient.open({ kubeconfig: await controlPlane.kubeconfigFor("stranger") });
    const error = await new Promise<unknown>((onError) => {
      informer = new OptionalInformer(stranger, THING, served, { onError });
      informer.start();
      void (async () => {
        while (served.serves(THING) !== true) await served.look();
      })();
    });
    await informer.stop();
    stranger.close();
    expect(isForbidden(error)).to.equal(true);
  });
});

describe("an informer of a kind that goes from under it", () => {
  let server: PlainServer;
  afterEach(() => server.stop());

  it("forgets what it had, and is quiet until the kind is served again", async () => {
    const items = [{ metadata: { name: "a", resourceVersion: "1" } }];
    const asked: string[] = [];
    const missing = new Set<string>();
    const resources = [{ resource: "things" }];
    const groups = [{ metadata: { name: "optional.example.com" }, versions: [{ version: "v1", resources }] }];
    server = await PlainServer.start(({ url = "" }, response) => {
      const verb = url.includes("watch=true") ? "watch" : url === "/apis" ? "look" : "list";
      asked.push(verb);
      if (verb === "look") response.end(JSON.stringify({ items: groups }));
      else if (missing.has(verb)) response.writeHead(404, { "Content-Type": "text/plain" }).end("404 page not found\n");
      else if (verb === "list") response.end(JSON.stringify({ metadata: { resourceVersion: "1" }, items }));
    });
    const served = new ServedKinds(server.client);
    const errors: unknown[] = [];
    missing.add("watch");
    const informer = new OptionalInformer(server.client, THING, served, { onError: (error) => errors.push(error) });
    const told: string[] = [];
    informer.onChange(({ kind, object }) => told.push(`${object.metadata.name} ${kind}`));
    const gone = new Promise<void>((resolve) => {
      informer.onChange(({ kind }) => {
        if (kind === "gone") resolve();
      });
    });
    informer.start();
    await served.look();
    await gone;
    missing.add("list");
    await served.look();
    await informer.synced;
    expect(told).to.deep.equal(["a set", "a gone"]);
    expect([informer.list(), errors]).to.deep.equal([[], []]);
    expect(asked.slice(0, 4)).to.deep.equal(["look", "list", "watch", "look"]);
    await Promise.all([informer.stop(), served.stop()]);
  });
});
