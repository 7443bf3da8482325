import { Annotation, DEVICES_API_VERSION } from "../../../api/names.js";
import type { OwnerReference } from "../../../api/object.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import type { PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { DeviceDialectName } from "../cluster.js";
import { quoteAll } from "../field-manager.js";
import type { ObjectObstacle, WantedObject } from "../owned-object.js";
import { type ClaimInputs, DEFAULT_USER } from "./claim-inputs.js";
import type { ClaimedDevice } from "./claimed-device.js";

/** The claim that a resource makes, and one of somebody else that is in its way. */

/** Pure. On Harvester the device must be listed. */
export function wantedClaim(device: ClaimedDevice, inputs: ClaimInputs, dialect: DeviceDialectName): WantedObject {
  const { name, nodeName, address } = device;
  const { userName = DEFAULT_USER, disableResourcePooling } = inputs;
  const override = inputs.givenResourceName;
  return {
    name,
    annotations: {
      [Annotation.program]: programOf(inputs.resourceUrn),
      ...(override !== undefined && { [Annotation.overrideResourceName]: override }),
    },
    // This project's agent does it itself.
    ...(dialect === "harvester" && { ownerReferences: ownerReferences(device) }),
    spec: { address, nodeName, userName, ...(disableResourcePooling !== undefined && { disableResourcePooling }) },
  };
}

/** `<project>/<stack>`, of a URN `urn:pulumi:<stack>::<project>::…`. */
export function programOf(urn: string): string {
  const [head = "", project = ""] = urn.split("::");
  return `${project}/${head.split(":").at(-1) ?? ""}`;
}

/** A device is for one claim: who has it, and what to do. */
export function describeTaken(live: PciDeviceClaim, obstacle: ObjectObstacle): string {
  const { name, annotations } = live.metadata;
  if (obstacle.kind === "deleted")
    return `${name}: its claim by user "${live.spec.userName}" is being given up. Run up again once that is gone.`;
  if (obstacle.kind === "forerunner")
    return (
      `${name} is claimed already by a resource with the URN of this one, and otherwise than asked for, for user ` +
      `"${live.spec.userName}": an interrupted up has left the claim, or a stack of the same name elsewhere has it. Set ` +
      `forceConflicts: true to take it over, or have it removed (kubectl delete pcideviceclaim ${name}).`
    );
  const program = annotations?.[Annotation.program];
  const whose = program === undefined ? "" : ` in the Pulumi program ${program}`;
  const owners = obstacle.owners.length === 0 ? "" : ` (field manager ${quoteAll(obstacle.owners)})`;
  return (
    `${name} is claimed already, by user "${live.spec.userName}"${whose}${owners}, and a device is for one claim. Claim ` +
    `another device, have that claim removed (kubectl delete pcideviceclaim ${name}), or take it over with ` +
    `forceConflicts: true.`
  );
}

/** Harvester's controller finds the device by it, and takes devices whose claim has none for orphans. */
function ownerReferences({ name, pciDevice }: ClaimedDevice): readonly OwnerReference[] {
  const uid = pciDevice?.metadata.uid;
  return uid === undefined ? [] : [{ apiVersion: DEVICES_API_VERSION, kind: PCI_DEVICE.kind, name, uid }];
}
