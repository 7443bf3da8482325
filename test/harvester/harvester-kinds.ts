import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { CUSTOM_RESOURCE_DEFINITION, type CustomResourceDefinition } from "../../api/core.js";
import type { KubeObject, ResourceType } from "../../api/object.js";
import { PCI_DEVICE } from "../../api/pci-device.js";
import { PCI_DEVICE_CLAIM } from "../../api/pci-device-claim.js";
import type { KubeClient } from "../../kube/client.js";
import { HARVESTER_NETWORK_DEVICE } from "../../provider/core/device/harvester-object.js";
import { until } from "../integration/lab/until.js";

const FIXTURES = join(__dirname, "../../../test/fixtures/harvester");

/** The kinds of Harvester's first releases of the add-on, which had no NICs yet. */
export const KINDS_BEFORE_NICS: readonly ResourceType<KubeObject>[] = [PCI_DEVICE, PCI_DEVICE_CLAIM];

/** Installs the kinds of NICs, devices and claims as Harvester has released them; resolves once they are served. */
export async function installHarvesterKinds(
  client: KubeClient,
  types: readonly ResourceType<KubeObject>[] = [...KINDS_BEFORE_NICS, HARVESTER_NETWORK_DEVICE],
): Promise<void> {
  const options = { fieldManager: "harvester", force: true };
  for (const type of types) {
    await client.apply(CUSTOM_RESOURCE_DEFINITION, released(type.plural), options);
  }
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
