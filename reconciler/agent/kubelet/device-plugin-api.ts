import { integer, many, methodOf, one, services, text, textByText, texts, truth } from "./services.js";

/** The kubelet's device plugin API, `v1beta1`: https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/ */

/** How a plugin tells the kubelet of itself. */
export interface RegisterRequest {
  readonly version: string;
  /** Name of its socket in the kubelet's folder. */
  readonly endpoint: string;
  readonly resourceName: string;
  readonly options: PluginOptions;
}

export interface PluginOptions {
  readonly preStartRequired: boolean;
  readonly preferredAllocation: boolean;
}

/** All devices of a resource; each list takes the place of the one before. */
export interface DeviceList {
  readonly devices: readonly ListedDevice[];
}

export interface ListedDevice {
  readonly id: string;
  readonly health: "Healthy" | "Unhealthy";
  readonly topology?: { readonly nodes: readonly { readonly id: number }[] };
}

export interface AllocateRequest {
  readonly containers: readonly { readonly ids: readonly string[] }[];
}

export interface AllocateResponse {
  readonly containers: readonly ContainerAllocation[];
}

/** What a container is started with. */
export interface ContainerAllocation {
  readonly envs: Readonly<Record<string, string>>;
  readonly devices: readonly DeviceSpec[];
}

export interface DeviceSpec {
  readonly containerPath: string;
  readonly hostPath: string;
  /** Of `r`, `w` and `m`, which is mknod. */
  readonly permissions: string;
}

export interface PreferredRequest {
  readonly containers: readonly PreferredForContainer[];
}

export interface PreferredForContainer {
  readonly available: readonly string[];
  readonly mustInclude: readonly string[];
  readonly size: number;
}

export interface PreferredResponse {
  readonly containers: readonly { readonly ids: readonly string[] }[];
}

export const API_VERSION = "v1beta1";

const { Registration, DevicePlugin } = services(API_VERSION, {
  services: {
    Registration: { Register: { requestType: "RegisterRequest", responseType: "Empty" } },
    DevicePlugin: {
      GetDevicePluginOptions: { requestType: "Empty", responseType: "DevicePluginOptions" },
      ListAndWatch: { requestType: "Empty", responseType: "ListAndWatchResponse", responseStream: true },
      GetPreferredAllocation: {
        requestType: "PreferredAllocationRequest",
        responseType: "PreferredAllocationResponse",
      },
      Allocate: { requestType: "AllocateRequest", responseType: "AllocateResponse" },
      PreStartContainer: { requestType: "ContainerDevices", responseType: "Empty" },
    },
  },
  messages: {
    Empty: {},
    DevicePluginOptions: { preStartRequired: truth(1), preferredAllocation: truth(2) },
    RegisterRequest: {
      version: text(1),
      endpoint: text(2),
      resourceName: text(3),
      options: one("DevicePluginOptions", 4),
    },
    ListAndWatchResponse: { devices: many("Device", 1) },
    Device: { id: text(1), health: text(2), topology: one("Topology", 3) },
    Topology: { nodes: many("NumaNode", 1) },
    NumaNode: { id: integer(1) },
    PreferredAllocationRequest: { containers: many("PreferredForContainer", 1) },
    PreferredForContainer: { available: texts(1), mustInclude: texts(2), size: { type: "int32", id: 3 } },
    PreferredAllocationResponse: { containers: many("ContainerDevices", 1) },
    AllocateRequest: { containers: many("ContainerDevices", 1) },
    ContainerDevices: { ids: texts(1) },
    AllocateResponse: { containers: many("ContainerAllocation", 1) },
    ContainerAllocation: { envs: textByText(1), devices: many("DeviceSpec", 3) },
    DeviceSpec: { containerPath: text(1), hostPath: text(2), permissions: text(3) },
  },
});

/** Of the kubelet. */
export const register = methodOf<RegisterRequest, unknown>(Registration, "Register");

/** Of a plugin. */
export const listAndWatch = methodOf<unknown, DeviceList>(DevicePlugin, "ListAndWatch");
export const getDevicePluginOptions = methodOf<unknown, PluginOptions>(DevicePlugin, "GetDevicePluginOptions");
export const getPreferredAllocation = methodOf<PreferredRequest, PreferredResponse>(
  DevicePlugin,
  "GetPreferredAllocation",
);
export const allocate = methodOf<AllocateRequest, AllocateResponse>(DevicePlugin, "Allocate");
export const preStartContainer = methodOf<unknown, unknown>(DevicePlugin, "PreStartContainer");
