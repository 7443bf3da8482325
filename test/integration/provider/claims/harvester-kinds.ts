import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { CUSTOM_RESOURCE_DEFINITION, type CustomResourceDefinition } from "../../../../api/core.js";
import type { KubeObject, ResourceType } from "../../../../api/object.js";
import { PCI_DEVICE } from "../../../../api/pci-device.js";
import { PCI_DEVICE_CLAIM } from "../../../../api/pci-device-claim.js";
import { SRIOV_NETWORK_DEVICE } from "../../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../../kube/client.js";
import { until } from "../../lab/until.js";

const FIXTURES = join(__dirname, "../../../../../test/fixtures/harvester");

/** Installs the kinds of devices and claims as Harvester has released them; resolves once they are served. */
export async function installHarvesterKinds(client: KubeClient): Promise<void> {
  const options = { fieldManager: "harvester", force: true };
  for (const kind of [released("pcidevices"), released("pcideviceclaims"), networkDeviceKind()]) {
    await client.apply(CUSTOM_RESOURCE_DEFINITION, kind, options);
  }
  const types: readonly ResourceType<KubeObject>[] = [PCI_DEVICE, PCI_DEVICE_CLAIM, SRIOV_NETWORK_DEVICE];
  for (const type of types) {
    await until(() =>
      client.list(type).then(
        () => true,
        () => false,
      ),
    );
  }
}

function released(plural: string): CustomResourceDefinition {
  return parse(readFileSync(join(FIXTURES, `${plural}.yaml`), "utf8")) as CustomResourceDefinition;
}

/** Its NICs, as far as their kind goes; which fields there are does not matter here. */
function networkDeviceKind(): CustomResourceDefinition {
  const { plural, apiVersion } = SRIOV_NETWORK_DEVICE;
  const [group = "", name = ""] = apiVersion.split("/");
  const kind = "SRIOVNetworkDevice";
  const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: open, status: open } } };
  return {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Cluster",
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name, served: true, storage: true, schema }],
    },
  };
}
