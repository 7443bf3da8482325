import { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type { Properties } from "./values.js";

export function toStruct(values: Properties): Struct {
  return Struct.fromJavaScript(values);
}

export function fromStruct(struct: Struct | undefined): Properties {
  return struct?.toJavaScript() ?? {};
}
