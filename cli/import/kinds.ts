/** A kind of resource that an import knows. */
export interface ImportedKind {
  /** Class in a program. */
  readonly className: string;
  /** Module of the package that is its provider object. */
  readonly module: string;
  /** What several of them are called. */
  readonly plural: readonly [one: string, many: string];
}

/** In the order in which a program declares them: each may need those before it. */
export const KINDS = {
  device: { className: "SriovNetworkDevice", module: "sriov-network-device", plural: ["NIC", "NICs"] },
  policy: { className: "SriovNetworkNodePolicy", module: "sriov-network-node-policy", plural: ["policy", "policies"] },
  network: { className: "SriovNetwork", module: "sriov-network", plural: ["network", "networks"] },
  claim: { className: "PciDeviceClaim", module: "pci-device-claim", plural: ["claim", "claims"] },
} as const satisfies Readonly<Record<string, ImportedKind>>;

export type KindName = keyof typeof KINDS;

export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[];

/** `2 NICs`, `1 policy` */
export function counted(count: number, kind: KindName): string {
  const [one, many] = KINDS[kind].plural;
  return `${count} ${count === 1 ? one : many}`;
}

export type Properties = Readonly<Record<string, unknown>>;

/** Something in the cluster that a program can declare as it is. */
export interface Importable {
  readonly kind: KindName;
  /** Of the resource; one of a kind. */
  readonly name: string;
  /** Of the resource, as the provider has it. */
  readonly id: string;
  /** What the program says of it. */
  readonly args: Properties;
  /** The resource's inputs on record: the arguments, and what tells the provider's check that they are this object's. */
  readonly inputs: Properties;
  /** Its state: the arguments, and what the cluster says beside. */
  readonly outputs: Properties;
  /** The policy that a network follows, by the name of that resource. */
  readonly policy?: string | undefined;
  /** The NIC whose VF a claim is of, by the name of that resource. */
  readonly device?: string | undefined;
}
