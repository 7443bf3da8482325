import { pciDeviceClaim } from "../core/claim/pci-device-claim.js";
import { dynamicProvider } from "./shell.js";

/** The provider object of a PciDeviceClaim; as every such module, it must stay where it is. */
export = dynamicProvider(pciDeviceClaim);
