import { expect } from "chai";
import type { IncomingMessage, ServerResponse } from "node:http";
import { NAMESPACE } from "../../../api/core.js";
import { DeadlineExceeded } from "../../../kube/deadline.js";
import { ApiError, ConnectionError } from "../../../kube/errors.js";
import { refusal } from "../refusal.js";
import { PlainServer } from "./plain-server.js";

describe("a request that an API server fails at", () => {
  let server: PlainServer;
  /** Methods, in the order in which they came. */
  let asked: string[];
  let answer: (response: ServerResponse, nth: number) => void;
  const object = { metadata: { name: "default" } };
  const me = { fieldManager: "me" };

  const fail =
    (http: number, headers: Readonly<Record<string, string>> = {}) =>
    (response: ServerResponse) => {
      response.writeHead(http, headers).end("not now");
    };
  /** Answers so first, and well from then on. */
  const once = (first: (response: ServerResponse) => void) => (response: ServerResponse, nth: number) => {
    if (nth === 1) first(response);
    else response.end(JSON.stringify(object));
  };

  before(async () => {
    server = await PlainServer.start((request: IncomingMessage, response) => {
      asked.push(request.method ?? "");
      answer(response, asked.length);
    });
  });
  beforeEach(() => (asked = []));
  after(() => server.stop());

  it("is made again where it is an apply", async () => {
    answer = once(fail(500));
    expect(await server.client.apply(NAMESPACE, object, me)).to.deep.equal(object);
    expect(asked).to.deep.equal(["PATCH", "PATCH"]);
  });

  it("is not made again where it is a create, which may have been carried out", async () => {
    answer = once(fail(500));
    const error = await refusal(server.client.create(NAMESPACE, object, me), ApiError);
    expect([error.httpStatus, asked]).to.deep.equal([500, ["POST"]]);
  });

  it("is made again where the server says that it did nothing, whatever it is", async () => {
    answer = once(fail(429));
    expect(await server.client.create(NAMESPACE, object, me)).to.deep.equal(object);
    expect(asked).to.deep.equal(["POST", "POST"]);
  });

  it("is not made again by one that has other work where the server's header says to come back much later", async () => {
    answer = once(fail(429, { "Retry-After": "60" }));
    const error = await refusal(server.client.get(NAMESPACE, "default"), ApiError);
    expect([error.status.details?.retryAfterSeconds, asked]).to.deep.equal([60, ["GET"]]);
  });

  it("ends with its work's deadline, and says what the server answered last", async () => {
    const work = new AbortController();
    const client = server.client.within(work.signal);
    answer = (response, nth) => {
      if (nth === 1) fail(429, { "Retry-After": "0" })(response);
      else work.abort(new DeadlineExceeded("More time: wait."));
    };
    const error = await refusal(client.get(NAMESPACE, "default"), ConnectionError);
    expect(error.message).to.contain(
      "did not answer GET /api/v1/namespaces/default in time; it was tried again, last with",
    );
    expect(error.message).to.contain("429: not now. More time: wait.");
  });

  it("ends with its work's deadline though the server never answers", async () => {
    const work = new AbortController();
    answer = () => work.abort(new DeadlineExceeded("More time: wait."));
    const error = await refusal(server.client.within(work.signal).get(NAMESPACE, "default"), ConnectionError);
    expect(error.code).to.equal("ETIMEDOUT");
    expect(error.message).to.match(/^the API server http:\S+ did not answer GET \S+ in time\. More time: wait\.$/);
  });

  it("ends one piece of work and leaves the others' requests alone", async () => {
    const [short, long] = [new AbortController(), new AbortController()];
    const waiting: ServerResponse[] = [];
    answer = (response) => {
      waiting.push(response);
      if (waiting.length === 2) short.abort(new DeadlineExceeded());
    };
    const cut = refusal(server.client.within(short.signal).get(NAMESPACE, "default"), ConnectionError);
    const other = server.client.within(long.signal).get(NAMESPACE, "default");
    await cut;
    waiting.forEach((response) => response.end(JSON.stringify(object)));
    expect(await other).to.deep.equal(object);
  });
});
