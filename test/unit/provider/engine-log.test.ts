import { Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import { expect } from "chai";
import { createRequire } from "node:module";
import { engineLog, linesDelivered } from "../../../provider/dynamic/engine-log.js";

interface LogCall {
  readonly request: { getMessage(): string };
}

describe("what a resource says to the engine", () => {
  const [, , given] = process.argv;
  let engine: Server;
  /** Lines that the engine has begun with, and those that it is done with, as they come. */
  const seen: string[] = [];

  before(async () => {
    const { EngineService } = createRequire(__filename)("@pulumi/pulumi/proto/engine_grpc_pb.js") as {
      readonly EngineService: ServiceDefinition;
    };
    const { Empty } = createRequire(__filename)("google-protobuf/google/protobuf/empty_pb.js") as {
      readonly Empty: new () => unknown;
    };
    engine = new Server();
    const log = ({ request }: LogCall, answer: (error: null, empty: unknown) => void): void => {
      seen.push(`begin ${request.getMessage()}`);
      // Long enough for a line that does not wait to be there meanwhile.
      setTimeout(() => {
        seen.push(`end ${request.getMessage()}`);
        answer(null, new Empty());
      }, 50);
    };
    const refused = Object.fromEntries(Object.keys(EngineService).map((name) => [name, () => undefined]));
    engine.addService(EngineService, { ...refused, log });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    engine.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
    process.argv[2] = `127.0.0.1:${await promise}`;
  });
  after(() => {
    process.argv.splice(2, 1, ...(given === undefined ? [] : [given]));
    engine.forceShutdown();
  });

  it("comes in the order in which it was said, since the last line stays on the resource's row", async () => {
    const log = engineLog("urn:pulumi:dev::shop::sriov:Thing::thing");
    log.status("waiting");
    log.status("done");
    await linesDelivered();
    expect(seen).to.deep.equal(["begin waiting", "end waiting", "begin done", "end done"]);
  });
});
