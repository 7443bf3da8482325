import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { INSTALL_RECONCILER } from "../missing-kind.js";
import { agentOf } from "../silence.js";
import type { DeviceDialect } from "./device-dialect.js";
import { awaitCount } from "./device-wait.js";
import { WAYS_OUT } from "./disruption.js";
import { releaseCount, releaseForerunners, takeCount } from "./field-ownership.js";
import { haveTriedAgain } from "./try-again.js";

/** NICs that this project's agents look after: one write, which the API server guards, and the agent's own answer. */
export const ownDialect: DeviceDialect = {
  devices: (cluster) => cluster.objects(SRIOV_NETWORK_DEVICE),
  live: ({ cluster, signal }, name) => cluster.client.get(SRIOV_NETWORK_DEVICE, name, { signal }),
  take: ({ cluster }, device, numVfs, owner) => takeCount(cluster.client, device, numVfs, owner),
  async settle(operation, applied, numVfs, owner) {
    await releaseForerunners(operation.cluster.client, applied, owner);
    const asked = await haveTriedAgain(operation, applied);
    return awaitCount(operation, asked, numVfs, agentOf(applied.spec.nodeName));
  },
  release: ({ cluster, signal }, device, owner) => releaseCount(cluster.client, device, { ...owner, signal }),
  answerer: agentOf,
  waysOut: WAYS_OUT,
  marksNodes: true,
  kind: SRIOV_NETWORK_DEVICE,
  kindAdvice: INSTALL_RECONCILER,
};
