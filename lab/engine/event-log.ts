import { appendFileSync, writeFileSync } from "node:fs";
import { credentials } from "@grpc/grpc-js";
import { EventsClient } from "@pulumi/pulumi/proto/events_grpc_pb.js";
import { EventRequest } from "@pulumi/pulumi/proto/events_pb.js";
import { toLogEntry, type EventSink } from "./events.js";

export interface EventLog {
  sink: EventSink;
  /** Resolves when everything has arrived. */
  close(): Promise<void>;
}

/** Where `--event-log` points: `tcp://host:port`, where the Automation API listens, or a file of JSON lines. */
export function openEventLog(target: string): EventLog {
  return target.startsWith("tcp://") ? remoteLog(target.slice("tcp://".length)) : fileLog(target);
}

function remoteLog(address: string): EventLog {
  const client = new EventsClient(address, credentials.createInsecure());
  let sequence = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  // A listener that went away is no reason to fail the operation.
  const stream = client.streamEvents(() => finish());
  stream.on("error", () => finish());
  return {
    sink: (event) => {
      const request = new EventRequest();
      request.setEvent(JSON.stringify(toLogEntry(event, sequence++)));
      stream.write(request);
    },
    close: async () => {
      stream.end();
      await finished;
      client.close();
    },
  };
}

function fileLog(file: string): EventLog {
  let sequence = 0;
  writeFileSync(file, "");
  return {
    sink: (event) => appendFileSync(file, JSON.stringify(toLogEntry(event, sequence++)) + "\n"),
    close: () => Promise.resolve(),
  };
}
