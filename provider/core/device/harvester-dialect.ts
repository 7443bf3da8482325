import type { Answerer } from "../silence.js";
import type { DeviceDialect } from "./device-dialect.js";
import { HARVESTER_NETWORK_DEVICE } from "./harvester-object.js";
import { releaseHarvesterCount } from "./harvester-release.js";
import { settleHarvesterCount } from "./harvester-settle.js";
import { HarvesterView } from "./harvester-view.js";
import { HARVESTER_WAYS_OUT, takeHarvesterCount } from "./harvester-write.js";

/**
 * NICs that Harvester's pcidevices controller looks after. It takes any count from anybody, gets stuck between two counts
 * other than 0, and says so in its log alone; so whose the count is, who uses the VFs and how to get from one count to another
 * is the provider's own business here.
 */
export const harvesterDialect: DeviceDialect = {
  devices: (cluster) => HarvesterView.of(cluster),
  async live({ cluster, signal }, name) {
    const view = await HarvesterView.of(cluster);
    return view.learn(await cluster.client.get(HARVESTER_NETWORK_DEVICE, name, { signal }));
  },
  take: takeHarvesterCount,
  settle: (operation, applied, numVfs, owner) =>
    settleHarvesterCount(operation, applied, numVfs, owner, answerer(applied.spec.nodeName)),
  release: releaseHarvesterCount,
  waysOut: HARVESTER_WAYS_OUT,
  answerer,
  marksNodes: false,
  kind: HARVESTER_NETWORK_DEVICE,
  kindAdvice:
    "Enable Harvester's add-on pcidevices-controller, of Harvester 1.2 or later: earlier ones know no such kind.",
};

function answerer(nodeName: string): Answerer {
  return {
    who: `Harvester's pcidevices controller on node ${nodeName}`,
    // It says nothing before it is through, and many VFs take the kernel their time.
    patienceMs: 10_000,
    advice: "check that Harvester's add-on pcidevices-controller is enabled, and its pod on that node",
    pods: {
      labels: { "app.kubernetes.io/name": "harvester-pcidevices-controller" },
      fields: { "spec.nodeName": nodeName },
    },
  };
}
