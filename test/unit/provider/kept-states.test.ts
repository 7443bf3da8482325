import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Difference,
  pciDeviceClaim,
  sriovNetwork,
  sriovNetworkDevice,
  sriovNetworkNodePolicy,
} from "../../../provider/index.js";

type Diff = (olds: object, news: object, unknown: ReadonlySet<string>) => Difference;

/** What today's code makes of states that earlier versions have written. */
const DIFFS: Readonly<Record<string, Diff>> = {
  SriovNetworkDevice: (...args) => sriovNetworkDevice.diff(...args),
  SriovNetworkNodePolicy: (...args) => sriovNetworkNodePolicy.diff(...args),
  SriovNetwork: (...args) => sriovNetwork.diff(...args),
  PciDeviceClaim: (...args) => pciDeviceClaim.diff(...args),
};

interface Resource {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

function resourcesOf(file: string): readonly (readonly [Diff, Resource])[] {
  const folder = join(__dirname, "..", "..", "..", "..", "test", "fixtures", "state");
  const { deployment } = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
    deployment: { resources: Resource[] };
  };
  return deployment.resources.flatMap((resource) => {
    const diff = DIFFS[resource.type.split(":").at(-1) ?? ""];
    return diff === undefined ? [] : [[diff, resource] as const];
  });
}

describe("a state of an earlier version", () => {
  const none: ReadonlySet<string> = new Set<string>();

  for (const [file, kinds] of [
    ["first-version.json", ["SriovNetworkDevice"]],
    ["policy-and-network.json", ["SriovNetworkNodePolicy", "SriovNetwork"]],
    ["device-and-claim.json", ["SriovNetworkDevice", "PciDeviceClaim"]],
  ] as const) {
    it(`leaves nothing to do for the program that has made it: ${kinds.join(" and ")}`, () => {
      const found = resourcesOf(file);
      expect(found.map(([, { type }]) => type.split(":").at(-1))).to.deep.equal(kinds);
      for (const [diff, { inputs, outputs }] of found)
        expect(diff(outputs, inputs, none)).to.deep.equal({ changed: false, unfinished: false, replaces: [] });
    });
  }
});
