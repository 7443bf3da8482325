import { expect } from "chai";
import type { IncomingMessage, ServerResponse } from "node:http";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { isForbidden } from "../../../kube/errors.js";
import { ServedKinds } from "../../../kube/served-kinds.js";
import { sharedLab } from "../../shared-lab.js";
import { install, uninstall } from "./optional-kind.js";
import { PlainServer } from "./plain-server.js";

const kind = (apiVersion: string, plural: string): ResourceType<KubeObject> => ({
  apiVersion,
  plural,
  kind: "Thing",
  namespaced: false,
});

describe("the kinds that an API server has", () => {
  const THING = kind("served.example.com/v1", "things");

  it("are known after the first answer", async () => {
    const served = new ServedKinds((await sharedLab()).client);
    expect(served.serves(PCI_DEVICE)).to.equal(undefined);
    await served.look();
    const found = [PCI_DEVICE, kind(PCI_DEVICE.apiVersion, "teapots"), kind("example.com/v1", "pcidevices")];
    expect(found.map((type) => served.serves(type))).to.deep.equal([true, false, false]);
    await served.stop();
  });

  it("include what was installed since, and no longer what was removed", async () => {
    const { client } = await sharedLab();
    const served = new ServedKinds(client);
    await served.look();
    expect(served.serves(THING)).to.equal(false);
    await install(client, THING);
    while (served.serves(THING) !== true) await served.look();
    await uninstall(client, THING);
    while (served.serves(THING) !== false) await served.look();
    await served.stop();
  });

  it("are not sent again while they are the same", async () => {
    const { client } = await sharedLab();
    const request = { method: "GET", path: "/apis" } as const;
    const first = await client.revalidate({ ...request, accept: ACCEPT_V2 });
    if (!first.changed) throw new Error("an answer to somebody who has none");
    const second = await client.revalidate({ ...request, accept: ACCEPT_V2, ifNoneMatch: first.etag });
    expect(second).to.deep.equal({ changed: false });
  });

  describe("as another server tells them", () => {
    let answer: (request: IncomingMessage, response: ServerResponse) => void;
    let server: PlainServer;
    let errors: unknown[];
    let served: ServedKinds;
    beforeEach(async () => {
      errors = [];
      server = await PlainServer.start((request, response) => answer(request, response));
      served = new ServedKinds(server.client, { onError: (error) => errors.push(error) });
    });
    afterEach(async () => {
      await served.stop();
      server.stop();
    });

    it("stay as they are on 304, and the ETag is sent back", async () => {
      const sent: unknown[] = [];
      answer = (request, response) => {
        sent.push(request.headers["if-none-match"]);
        if (sent.length > 1) response.writeHead(304).end();
        else response.setHeader("ETag", '"one"').end(aggregated({ resources: [{ resource: "things" }] }));
      };
      await served.look();
      await served.look();
      expect([sent, served.serves(THING), errors]).to.deep.equal([[undefined, '"one"'], true, []]);
    });

    it("may be there where an old one tells the group's version alone", async () => {
      const groups = [{ name: "served.example.com", versions: [{ groupVersion: "served.example.com/v1" }] }];
      answer = (_, response) => response.end(JSON.stringify({ kind: "APIGroupList", groups }));
      await served.look();
      expect([served.serves(THING), served.serves(kind("served.example.com/v2", "things"))]).to.deep.equal([
        true,
        false,
      ]);
    });

    it("may be there where the group's own server did not answer", async () => {
      answer = (_, response) => response.end(aggregated({ freshness: "Stale" }));
      await served.look();
      expect(served.serves(THING)).to.equal(true);
    });

    it("may all be there where nobody may ask, which is told once", async () => {
      answer = (_, response) => response.writeHead(403).end(JSON.stringify({ message: "no discovery for you" }));
      await served.look();
      await served.look();
      expect(served.serves(THING)).to.equal(true);
      expect(errors.map(isForbidden)).to.deep.equal([true]);
    });

    it("stay as they were while it fails", async () => {
      answer = (_, response) => response.end(aggregated({ resources: [{ resource: "things" }] }));
      await served.look();
      answer = (_, response) => response.writeHead(500).end("{}");
      await served.look();
      expect([served.serves(THING), errors.length]).to.deep.equal([true, 1]);
    });

    it("are asked for again and again", async () => {
      answer = (_, response) => response.end(aggregated({ resources: [] }));
      const often = new ServedKinds(server.client, { intervalMs: 1 });
      const thrice = new Promise<void>((resolve) => {
        let answers = 0;
        often.onAnswer(() => {
          if (++answers === 3) resolve();
        });
      });
      often.start();
      await thrice;
      await often.stop();
    });

    it("are asked for again soon where the first answer was a failure", async () => {
      answer = (_, response) => {
        answer = (_, second) => second.end(aggregated({ resources: [{ resource: "things" }] }));
        response.writeHead(500).end("{}");
      };
      const answered = new Promise<void>((resolve) => served.onAnswer(resolve));
      served.start();
      // What waits for it is this test, not the process.
      const alive = setInterval(() => undefined, 1_000);
      await answered;
      clearInterval(alive);
      expect(served.serves(THING)).to.equal(true);
    });
  });
});

const ACCEPT_V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

function aggregated(version: Readonly<Record<string, unknown>>): string {
  const items = [{ metadata: { name: "served.example.com" }, versions: [{ version: "v1", ...version }] }];
  return JSON.stringify({ kind: "APIGroupDiscoveryList", items });
}
