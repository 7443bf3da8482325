import type { Logger } from "pino";
import { messageOf } from "../../../kube/errors.js";
import type {
  AllocateRequest,
  AllocateResponse,
  ContainerAllocation,
  PreferredRequest,
} from "../kubelet/device-plugin-api.js";
import type { Kernel } from "../../kernel/kernel.js";
import type { AdvertiserMetrics } from "../service/metrics.js";
import { allocation, groupNode } from "./allocation.js";
import type { DeviceInfoFiles } from "./device-info.js";
import type { PoolDevice } from "./pools.js";
import { preferred } from "./preferred.js";
import type { ResourceAnswers } from "./resource-server.js";

export interface AnswersParts {
  readonly kernel: Pick<Kernel, "hasVfioGroup">;
  readonly files: Pick<DeviceInfoFiles, "write">;
  readonly log: Logger;
  readonly metrics: Pick<AdvertiserMetrics, "allocated">;
}

/** What the kubelet is answered when pods get devices, by what is offered at that moment. */
export class Answers {
  constructor(
    private readonly poolOf: (resource: string) => ReadonlyMap<string, PoolDevice> | undefined,
    private readonly parts: AnswersParts,
  ) {}

  of(resource: string): Pick<ResourceAnswers, "allocate" | "preferred"> {
    return {
      allocate: (request) => this.allocate(resource, request),
      preferred: ({ containers }: PreferredRequest) => ({
        containers: containers.map((wish) => ({ ids: preferred(wish, this.poolOf(resource) ?? new Map()) })),
      }),
    };
  }

  private async allocate(resource: string, { containers }: AllocateRequest): Promise<AllocateResponse> {
    const given: ContainerAllocation[] = [];
    for (const { ids } of containers) {
      const devices = this.take(resource, ids);
      await this.tellMultus(resource, devices);
      await this.lookAtNodes(resource, devices);
      given.push(allocation(resource, devices));
      this.parts.metrics.allocated(resource, "given", ids.length);
      this.parts.log.info({ resource, devices: ids }, `given to a container: ${ids.join(", ")} of ${resource}`);
    }
    return { containers: given };
  }

  /** The list that the kubelet chose from may be older than what has become of the hardware. */
  private take(resource: string, ids: readonly string[]): PoolDevice[] {
    try {
      return ids.map((id) => {
        const device = this.poolOf(resource)?.get(id);
        if (device === undefined) throw new Error(`${id} is no device of ${resource} on this node (any more)`);
        if (device.unhealthy !== undefined)
          throw new Error(`${id} of ${resource} cannot be given: ${device.unhealthy}`);
        return device;
      });
    } catch (error) {
      this.parts.metrics.allocated(resource, "refused", ids.length);
      this.parts.log.warn({ resource, devices: ids }, `refused to a container: ${messageOf(error)}`);
      throw error;
    }
  }

  /**
   * Told and not refused: a pod that is refused has failed for good, while its container is tried again until the node is there,
   * and a mount from before the module was loaded anew shows none that there is.
   */
  private async lookAtNodes(resource: string, devices: readonly PoolDevice[]): Promise<void> {
    for (const { address, vfio } of devices) {
      if (vfio === undefined || (await this.parts.kernel.hasVfioGroup(vfio.iommuGroup))) continue;
      this.parts.log.warn(
        { resource, device: address },
        `${address} of ${resource} was given without its device node: there is no ${groupNode(vfio)}, and the container ` +
          `does not start until there is. Look whether vfio-pci still has the device.`,
      );
    }
  }

  /** A pod works without, and only its network status tells less. */
  private async tellMultus(resource: string, devices: readonly PoolDevice[]): Promise<void> {
    try {
      await this.parts.files.write(resource, devices);
    } catch (error) {
      this.parts.log.warn(
        { err: error, resource },
        `Multus is not told what was given to a container: ${messageOf(error)}`,
      );
    }
  }
}
