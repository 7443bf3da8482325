import { expect } from "chai";
import { Readiness } from "../../../reconciler/service/readiness.js";
import { describeRequest } from "../../../reconciler/service/request-kind.js";

describe("the agent's readiness", () => {
  let now = 0;
  let missing: string[] = [];
  let readiness: Readiness;

  beforeEach(() => {
    now = 0;
    missing = [];
    readiness = new Readiness(
      () => missing,
      () => now,
    );
  });

  it("needs nothing but what the agent waits for", () => {
    missing = ["there is no Node node1"];
    expect(readiness.reasons()).to.deep.equal(["there is no Node node1"]);
    missing = [];
    expect(readiness.reasons()).to.be.empty;
  });

  it("outlasts an API server that is away for less than a minute", () => {
    readiness.requestEnded({ httpStatus: undefined });
    now = 59_000;
    readiness.requestEnded({ httpStatus: undefined });
    expect(readiness.reasons()).to.be.empty;
  });

  it("ends when the API server has been away for a minute", () => {
    readiness.requestEnded({ httpStatus: undefined });
    now = 60_000;
    readiness.requestEnded({ httpStatus: undefined });
    expect(readiness.reasons()).to.deep.equal(["the API server has not answered for 60 s"]);
  });

  it("comes back with any answer", () => {
    readiness.requestEnded({ httpStatus: undefined });
    now = 90_000;
    readiness.requestEnded({ httpStatus: 500 });
    expect(readiness.reasons()).to.be.empty;
  });
});

describe("a request in the API server's words", () => {
  for (const [method, path, verb, resource] of [
    ["GET", "/api/v1/nodes?fieldSelector=metadata.name%3Dn", "list", "nodes"],
    ["GET", "/api/v1/nodes?watch=true", "watch", "nodes"],
    ["GET", "/api/v1/namespaces/default", "get", "namespaces"],
    ["POST", "/api/v1/namespaces/default/events", "create", "events"],
    ["PATCH", "/api/v1/namespaces/default/events/a.1?fieldManager=x", "patch", "events"],
    ["PATCH", "/apis/devices.harvesterhci.io/v1beta1/pcidevices/a/status", "patch", "pcidevices/status"],
    ["DELETE", "/apis/devices.harvesterhci.io/v1beta1/pcidevices/a", "delete", "pcidevices"],
    ["GET", "/apis", "get", "/apis"],
  ] as const) {
    it(`is ${verb} ${resource} for ${method} ${path}`, () => {
      expect(describeRequest({ method, path })).to.deep.equal({ verb, resource });
    });
  }
});
