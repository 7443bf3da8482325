import { NAMESPACE } from "../../api/core.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { KubeClient } from "../../kube/client.js";
import type { ClusterAccess } from "../../kube/config.js";
import { isForbidden, isNotFound } from "../../kube/errors.js";
import { Informer } from "../../kube/informer.js";

export type { ClusterAccess };

/**
 * One cluster as all resources of a run share it: one connection pool, one list and one watch of all devices, however
 * many resources ask.
 */
export class Cluster {
  private sharedDevices: Promise<Informer<SriovNetworkDevice>> | undefined;
  private sharedUid: Promise<string | undefined> | undefined;

  constructor(readonly client: KubeClient) {}

  /** @throws {ConfigError} */
  static open(access: ClusterAccess): Cluster {
    return new Cluster(KubeClient.open(access, "pulumi-sriov-provider"));
  }

  /** All devices, kept current. A failure is not remembered: the next call tries again. */
  devices(): Promise<Informer<SriovNetworkDevice>> {
    return (this.sharedDevices ??= this.openDevices().catch((error: unknown) => {
      this.sharedDevices = undefined;
      throw error;
    }));
  }

  /**
   * What tells this cluster from any other: the uid of its namespace kube-system. Undefined where the credentials may
   * not read it.
   */
  uid(): Promise<string | undefined> {
    return (this.sharedUid ??= this.readUid().catch((error: unknown) => {
      this.sharedUid = undefined;
      throw error;
    }));
  }

  /** Why a resource that remembers another cluster's uid must not be touched here, or nothing. */
  async strangerProblem(remembered: string | undefined): Promise<string | undefined> {
    const uid = await this.uid();
    if (remembered === undefined || uid === undefined || remembered === uid) return undefined;
    return (
      `this resource belongs to another cluster than ${this.client.config.server}: the uid of the namespace kube-system ` +
      `differs. Point the program at the cluster it was deployed to, or use another stack for this one.`
    );
  }

  /** Ends watch and connections. */
  async close(): Promise<void> {
    const devices = await this.sharedDevices?.catch(() => undefined);
    await devices?.stop();
    this.client.close();
  }

  private async openDevices(): Promise<Informer<SriovNetworkDevice>> {
    const informer = new Informer(this.client, SRIOV_NETWORK_DEVICE, { failFast: true }).start();
    await informer.synced;
    return informer;
  }

  private async readUid(): Promise<string | undefined> {
    try {
      return (await this.client.get(NAMESPACE, "kube-system")).metadata.uid;
    } catch (error) {
      if (isForbidden(error) || isNotFound(error)) return undefined;
      throw error;
    }
  }
}
