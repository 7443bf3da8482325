import { PCI_ADDRESS, type Rule, type Schema, string, strings } from "./schema.js";

/** Lists are bounded, and so are their items, since the API server bounds what its rules may cost. */
const MAX_ITEMS = 1_000;

/** An interface's name has at most 15 characters, an alternative name at most 127; a range comes after. */
const MAX_PF_NAME = 160;

/** An interface, or a range of its VFs: `ens1f0`, `ens1f0#0-3`. */
const INTERFACE = "[^#/\\s]+";
const RANGE = "#[0-9]{1,9}-[0-9]{1,9}";
const PF_NAME = `^${INTERFACE}(${RANGE})?$`;
const PF_NAME_WITH_RANGE = `^[^#]+${RANGE}$`;

export function nicSelectorSchema(): Schema {
  const id = { maxLength: 4, pattern: "^([0-9a-fA-F]{4})?$" };
  const list = (description: string, items: Schema): Schema => ({
    ...strings(description),
    maxItems: MAX_ITEMS,
    items,
  });
  return {
    type: "object",
    description: "Which NICs: those that have all that is given here, and something must be.",
    properties: {
      vendor: { ...string("PCI vendor, four hex digits."), ...id },
      deviceID: { ...string("PCI device, four hex digits."), ...id },
      rootDevices: list("PCI addresses of NICs.", { type: "string", ...PCI_ADDRESS }),
      pfNames: list("Names of interfaces, each with or without a range of VFs: ens1f0, ens1f0#0-3.", {
        type: "string",
        maxLength: MAX_PF_NAME,
        pattern: PF_NAME,
        "x-kubernetes-validations": [rangeForwards],
      }),
      netFilter: {
        ...string("Network of a cloud that the NIC is in: openstack/NetworkID:… or aws/NetworkID:…."),
        maxLength: 1_024,
        // As the operator reads it, who finds no NIC by anything else.
        pattern: "^$|\\S\\s*:\\s*\\S",
      },
    },
    "x-kubernetes-validations": [
      {
        rule: [...TEXTS, "netFilter"].map(hasText).concat(LISTS.map(hasItems)).join(" || "),
        message: "vendor, deviceID, rootDevices, pfNames or netFilter must be given",
      },
      {
        rule: `!${hasText("netFilter")} || !(${TEXTS.map(hasText).concat(LISTS.map(hasItems)).join(" || ")})`,
        fieldPath: ".netFilter",
        message: "netFilter does not go with vendor, deviceID, rootDevices or pfNames",
      },
    ],
  };
}

const TEXTS = ["vendor", "deviceID"];
const LISTS = ["rootDevices", "pfNames"];

function hasText(field: string): string {
  return `(has(self.${field}) && self.${field} != '')`;
}

function hasItems(field: string): string {
  return `(has(self.${field}) && size(self.${field}) > 0)`;
}

const rangeForwards: Rule = {
  rule: `!self.matches('${PF_NAME_WITH_RANGE}') || int(${bound("self", 0)}) <= int(${bound("self", 1)})`,
  message: "a range of VFs goes from the lower to the higher: ens1f0#0-3",
};

/** A rule of the policy's spec, since it reads two of its fields. */
export const rangesBelowNumVfs: Rule = {
  rule:
    "!has(self.nicSelector.pfNames) || self.nicSelector.pfNames.all(name, " +
    `!name.matches('${PF_NAME_WITH_RANGE}') || int(${bound("name", 1)}) < self.numVfs)`,
  fieldPath: ".nicSelector.pfNames",
  message: "a range of VFs ends below numVfs: VFs are counted from 0, so that the last of 4 is 3",
};

/** The first or last VF of an item that has a range, as text. */
function bound(item: string, which: 0 | 1): string {
  return `${item}.split('#')[1].split('-')[${which}]`;
}
