import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { CustomResourceDefinition } from "../../../api/core.js";
import { pciDeviceClaimDefinition } from "../../../api/schemas/pci-device-claim.js";
import { sriovNetworkNodePolicyDefinition } from "../../../api/schemas/sriov-network-node-policy.js";
import { sriovNetworkDefinition } from "../../../api/schemas/sriov-network.js";

interface Kind {
  readonly group: string;
  readonly scope: string;
  readonly names: Readonly<Record<string, unknown>>;
  readonly versions: readonly { readonly name: string; readonly subresources?: unknown; readonly schema: unknown }[];
}

interface Case {
  readonly ours: CustomResourceDefinition;
  /** Who has released the kind; its file among the fixtures of that project. */
  readonly project: "sriov-network-operator" | "harvester";
  readonly released: string;
  /** What the released kind says and ours does not. */
  readonly looser: readonly string[];
  /**
   * What ours asks for and the released kind does not. Either a webhook of that project asks for it, or what is refused by
   * it could never have worked; and status, which is ours.
   */
  readonly stricter: readonly string[];
}

const FIXTURES = join(__dirname, "..", "..", "..", "..", "test", "fixtures");

const CASES: readonly Case[] = [
  {
    ours: sriovNetworkNodePolicyDefinition(),
    project: "sriov-network-operator",
    released: "sriovnetworknodepolicies.yaml",
    looser: [],
    stricter: [
      // Without one the operator's webhook misses the resource name.
      "required spec",
      // The webhook's.
      "spec.resourceName maxLength 63",
      "spec.resourceName pattern ^[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?$",
      "spec.nicSelector rule vendor, deviceID, rootDevices, pfNames or netFilter must be given",
      "spec.nicSelector rule netFilter does not go with vendor, deviceID, rootDevices or pfNames",
      "spec.nicSelector.pfNames[] rule a range of VFs goes from the lower to the higher: ens1f0#0-3",
      "spec rule a range of VFs ends below numVfs: VFs are counted from 0, so that the last of 4 is 3",
      "spec rule isRdma is for VFs of deviceType netdevice",
      "spec rule switchdev is for Ethernet links",
      "spec rule vdpaType is for VFs of deviceType netdevice",
      "spec rule vdpaType needs eSwitchMode switchdev",
      "spec rule bridge needs eSwitchMode switchdev",
      "spec rule bridge is not for NICs that are externallyManaged",
      "spec rule eSwitchMode does not go with netFilter",
      "spec rule bridge does not go with netFilter",
      "spec rule netFilter is for Ethernet links",
      // The webhook knows IDs by name, and all of them have four digits.
      "spec.nicSelector.vendor maxLength 4",
      "spec.nicSelector.vendor pattern ^([0-9a-fA-F]{4})?$",
      "spec.nicSelector.deviceID maxLength 4",
      "spec.nicSelector.deviceID pattern ^([0-9a-fA-F]{4})?$",
      // The webhook asks for the range; the rest is what the kernel allows an interface's name to be.
      "spec.nicSelector.pfNames[] pattern ^[^#/\\s]+(#[0-9]{1,9}-[0-9]{1,9})?$",
      "spec.nicSelector.pfNames[] maxLength 160",
      // No NIC could be selected by anything else.
      "spec.nicSelector.rootDevices[] maxLength 16",
      "spec.nicSelector.rootDevices[] pattern ^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]$",
      "spec.nicSelector.netFilter pattern ^$|\\S\\s*:\\s*\\S",
      "spec.nicSelector.netFilter maxLength 1024",
      // What the API server's rules may cost is bounded, so lists are.
      "spec.nicSelector.pfNames maxItems 1000",
      "spec.nicSelector.rootDevices maxItems 1000",
    ],
  },
  {
    ours: sriovNetworkDefinition(),
    project: "sriov-network-operator",
    released: "sriovnetworks.yaml",
    // An annotation may name a policy instead; the guard of networks asks for one of both.
    looser: ["spec required resourceName"],
    stricter: [
      "spec default {}",
      // No pod could ask for a pool of another name, no namespace can have another name.
      "spec.resourceName maxLength 63",
      "spec.resourceName pattern ^([a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?)?$",
      "spec.networkNamespace maxLength 63",
      "spec.networkNamespace pattern ^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$",
      // The released kind's description says so, and the kernel.
      "spec rule minTxRate must not be above maxTxRate",
    ],
  },
  {
    ours: pciDeviceClaimDefinition(),
    project: "harvester",
    released: "pcideviceclaims.yaml",
    // Null is no address, no node and no user; Harvester itself never writes it.
    looser: ["spec.address nullable true", "spec.nodeName nullable true", "spec.userName nullable true"],
    stricter: [
      // Harvester's controller can bind nothing where one of these is missing; it always writes the user.
      "required spec",
      "spec required address",
      "spec required nodeName",
      "spec required userName",
      "spec.address maxLength 16",
      "spec.address pattern ^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]$",
      "spec.nodeName minLength 1",
      "spec.nodeName maxLength 253",
      // Harvester's webhook looks for a PCIDevice of the claim's name, and its controller for the device of that.
      "rule a claim has the name of its PCIDevice: <nodeName>-<address without ':' and '.'>",
      // Harvester's controller would bind the new device, and never give back the old one.
      "spec.address rule address is immutable",
      "spec.nodeName rule nodeName is immutable",
    ],
  },
];

for (const { ours, project, released, looser, stricter } of CASES) {
  const theirs = parse(readFileSync(join(FIXTURES, project, released), "utf8")) as CustomResourceDefinition;
  const kindOf = ({ spec }: CustomResourceDefinition): Kind => spec as Kind;
  const factsOf = (definition: CustomResourceDefinition): string[] =>
    kindOf(definition).versions.flatMap(({ schema }) =>
      facts((schema as { readonly openAPIV3Schema: Schema }).openAPIV3Schema),
    );

  describe(`${kindOf(ours).names["kind"] as string} beside the one that ${project} has released`, () => {
    it("has the same names, scope and version", () => {
      const identity = (definition: CustomResourceDefinition) => {
        const { group, scope, versions } = kindOf(definition);
        const about = versions.map(({ name, subresources }) => ({ name, subresources }));
        return { name: definition.metadata.name, group, scope, versions: about };
      };
      expect(identity(ours)).to.deep.equal(identity(theirs));
      // A short name may come to those that it has.
      expect(kindOf(ours).names).to.deep.include(kindOf(theirs).names);
    });

    it("has every field, word, number and default of it, but for those that are left out on purpose", () => {
      expect(without(factsOf(theirs), factsOf(ours))).to.have.members(looser);
    });

    it("asks for no more, but for what is named here", () => {
      const more = without(factsOf(ours), factsOf(theirs)).filter((fact) => !isNewField(fact));
      expect(more.filter((fact) => !fact.startsWith("status"))).to.have.members(stricter);
    });

    it("has no field of its own in spec", () => {
      const more = without(factsOf(ours), factsOf(theirs)).filter(isNewField);
      expect(more.filter((fact) => !fact.startsWith("status"))).to.deep.equal([]);
    });
  });
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly format?: string;
  readonly "x-kubernetes-validations"?: readonly { readonly message: string }[];
  readonly [key: string]: unknown;
}

/** All that a schema says, a line each: `spec.mtu minimum 1`. What every object has is left out, and what is for people alone. */
function facts(schema: Schema, path = ""): string[] {
  const { properties = {}, items, additionalProperties, required = [], ...rest } = schema;
  const { description, format, "x-kubernetes-validations": rules = [], ...plain } = rest;
  const at = (fact: string): string => (path === "" ? fact : `${path} ${fact}`);
  const below = path === "" ? "" : `${path}.`;
  return [
    ...Object.entries(plain).map(([key, value]) =>
      at(`${key} ${typeof value === "string" ? value : JSON.stringify(value)}`),
    ),
    // That an integer has 64 bits is so, said or not.
    ...(format === undefined || format === "int64" ? [] : [at(`format ${format}`)]),
    ...required.map((name) => at(`required ${name}`)),
    ...rules.map(({ message }) => at(`rule ${message}`)),
    ...Object.entries(properties)
      .filter(([name]) => path !== "" || !["apiVersion", "kind", "metadata"].includes(name))
      .flatMap(([name, property]) => facts(property, `${below}${name}`)),
    ...(items === undefined ? [] : facts(items, `${path}[]`)),
    ...(additionalProperties === undefined ? [] : facts(additionalProperties, `${path}{}`)),
  ];
}

/** A field is there by its type. */
function isNewField(fact: string): boolean {
  return / type (object|array|string|integer|boolean)$/.test(fact);
}

function without(all: readonly string[], some: readonly string[]): string[] {
  return all.filter((fact) => !some.includes(fact));
}
