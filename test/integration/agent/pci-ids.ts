import { join } from "node:path";

/** Flags of an agent that has the few names of `test/fixtures/pci.ids`, whatever the machine has. */
export const WITH_PCI_IDS = ["--pci-ids", join(__dirname, "..", "..", "..", "..", "test", "fixtures", "pci.ids")];
