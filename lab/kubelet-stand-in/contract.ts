import type { ServiceDefinition } from "@grpc/grpc-js";
import { type AnyDefinition, fromJSON } from "@grpc/proto-loader";

/**
 * What a kubelet and those who serve it send each other: its device plugin API `v1beta1` and its pod-resources API `v1`, as
 * k8s.io/kubelet publishes them, said here once more and not by the product's own words, so that a number which is wrong
 * there does not go unnoticed. Field names do not travel; package, service, method and numbers do.
 */
const definitions = {
  ...load("v1beta1", {
    Registration: service({ Register: ["RegisterRequest", "Empty"] }),
    DevicePlugin: service({
      GetDevicePluginOptions: ["Empty", "DevicePluginOptions"],
      ListAndWatch: ["Empty", "stream ListAndWatchResponse"],
      GetPreferredAllocation: ["PreferredAllocationRequest", "PreferredAllocationResponse"],
      Allocate: ["AllocateRequest", "AllocateResponse"],
      PreStartContainer: ["PreStartContainerRequest", "Empty"],
    }),
    Empty: message(),
    DevicePluginOptions: message("1 bool preStartRequired", "2 bool getPreferredAllocationAvailable"),
    RegisterRequest: message(
      "1 string version",
      "2 string endpoint",
      "3 string resourceName",
      "4 DevicePluginOptions options",
    ),
    ListAndWatchResponse: message("1 repeated Device devices"),
    Device: message("1 string id", "2 string health", "3 TopologyInfo topology"),
    TopologyInfo: message("1 repeated NumaNode nodes"),
    NumaNode: message("1 int64 id"),
    PreStartContainerRequest: message("1 repeated string ids"),
    PreferredAllocationRequest: message("1 repeated PreferredForContainer containers"),
    PreferredForContainer: message("1 repeated string available", "2 repeated string mustInclude", "3 int32 size"),
    PreferredAllocationResponse: message("1 repeated Ids containers"),
    AllocateRequest: message("1 repeated Ids containers"),
    Ids: message("1 repeated string ids"),
    AllocateResponse: message("1 repeated ContainerAllocation containers"),
    ContainerAllocation: message(
      "1 map envs",
      "2 repeated Mount mounts",
      "3 repeated DeviceSpec devices",
      "4 map annotations",
    ),
    Mount: message("1 string containerPath", "2 string hostPath", "3 bool readOnly"),
    DeviceSpec: message("1 string containerPath", "2 string hostPath", "3 string permissions"),
  }),
  ...load("v1", {
    PodResourcesLister: service({ List: ["ListPodResourcesRequest", "ListPodResourcesResponse"] }),
    ListPodResourcesRequest: message(),
    ListPodResourcesResponse: message("1 repeated PodResources pods"),
    PodResources: message("1 string name", "2 string namespace", "3 repeated ContainerResources containers"),
    ContainerResources: message("1 string name", "2 repeated ContainerDevices devices"),
    ContainerDevices: message("1 string resource", "2 repeated string ids"),
  }),
};

export const registration = serviceNamed("v1beta1.Registration");
export const devicePlugin = serviceNamed("v1beta1.DevicePlugin");
export const podResourcesLister = serviceNamed("v1.PodResourcesLister");

function serviceNamed(name: string): ServiceDefinition {
  return definitions[name] as ServiceDefinition;
}

function load(packageName: string, nested: object): Record<string, AnyDefinition> {
  const root = { nested: { [packageName]: { nested } } };
  return fromJSON(root as Parameters<typeof fromJSON>[0], {
    defaults: true,
    arrays: true,
    objects: true,
    longs: Number,
  });
}

function service(methods: Readonly<Record<string, readonly [string, string]>>): object {
  const entries = Object.entries(methods).map(([name, [requestType, response]]) => {
    const responseStream = response.startsWith("stream ");
    return [name, { requestType, responseStream, responseType: response.replace("stream ", "") }];
  });
  return { methods: Object.fromEntries(entries) as object };
}

/** `1 repeated string ids`; a `map` is one of texts to texts. */
function message(...fields: readonly string[]): object {
  const entries = fields.map((field) => {
    const [number, ...words] = field.split(" ");
    const name = words.at(-1) ?? "";
    const type = words.at(-2) ?? "";
    const id = Number(number);
    if (type === "map") return [name, { keyType: "string", type: "string", id }];
    return [name, words[0] === "repeated" ? { rule: "repeated", type, id } : { type, id }];
  });
  return { fields: Object.fromEntries(entries) as object };
}
