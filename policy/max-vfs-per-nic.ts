import type { Rule } from "./rules.js";

const DEFAULT_MAXIMUM = 16;

export const maxVfsPerNic: Rule = {
  policy: {
    name: "max-vfs-per-nic",
    description: "No NIC has more virtual functions than agreed, by a resource of its own or by a policy.",
    enforcementLevel: "advisory",
    configSchema: {
      properties: {
        maximum: { type: "integer", minimum: 0, default: DEFAULT_MAXIMUM, description: "The most VFs of a NIC." },
      },
    },
  },
  types: ["SriovNetworkDevice", "SriovNetworkNodePolicy"],
  violations({ known: { numVfs }, unknown, config }) {
    const maximum = typeof config["maximum"] === "number" ? config["maximum"] : DEFAULT_MAXIMUM;
    if (unknown.has("numVfs")) return [`numVfs is not known before up; it may be above ${maximum}`];
    if (typeof numVfs !== "number" || numVfs <= maximum) return [];
    return [`numVfs is ${numVfs}; a NIC may have at most ${maximum} VFs here`];
  },
};
