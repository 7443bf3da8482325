import { expect } from "chai";
import { KUBE_VIRT, type KubeVirt } from "../../api/kubevirt.js";
import { Annotation } from "../../api/names.js";
import type { LabController } from "../../lab/controller.js";
import type { Lab } from "../../lab/lab.js";
import { says } from "../integration/controller/controller-process.js";
import { type Device, entry, KubeVirtCluster, listOf } from "../integration/controller/kubevirt/kube-virt-cluster.js";
import { sharedLab } from "../shared-lab.js";
import { gatedController } from "./gated-controller.js";
import { OtherAuthor, others } from "./other-author.js";
import type { Write, WriteGate } from "./write-gate.js";

/** A leader that was killed is waited for so long. */
const TIMINGS = ["--lease-duration", "4", "--renew-deadline", "3", "--retry-period", "0.5"];
const POOL = "intel.com/82576_VF";
const TWIN = "intel.com/TWIN";
/** Of other owners: with names of their own, with the names of claims, and to the letter what a claim asks for. */
const THEIRS = [
  { pciVendorSelector: "10DE:1EB8", resourceName: "nvidia.com/T4" },
  entry(TWIN),
  { ...entry(POOL), pciVendorSelector: "8086:10ED" },
  { pciVendorSelector: "8086:10ca", resourceName: POOL, externalResourceProvider: false },
  { pciVendorSelector: "10DE:1EB8", resourceName: "nvidia.com/T4" },
];

describe("KubeVirt's list through 50 claims at once, other authors, and controllers that are killed", () => {
  let lab: Lab;
  let cluster: KubeVirtCluster;
  let gate: WriteGate;
  let controllers: LabController[];
  let kubeVirt: KubeVirt;
  let author: OtherAuthor;
  let devices: readonly Device[];

  before(async function () {
    this.timeout(120_000);
    lab = await sharedLab();
    cluster = await KubeVirtCluster.start(lab);
    const gated = await gatedController(lab);
    gate = gated.gate;
    const first = await lab.startController({ args: [...TIMINGS, ...gated.args] });
    await says(first, /"leads"/);
    const second = await lab.startController({ args: TIMINGS });
    await says(second, /stands by while/);
    controllers = [first, second];
    const spec = { imageTag: "v0", configuration: { permittedHostDevices: { usb: [], pciHostDevices: THEIRS } } };
    kubeVirt = await cluster.kubeVirt(spec);
    devices = await Promise.all(
      Array.from({ length: 50 }, (_, index) => cluster.device(`kv-many-${index % 5}`, nameOf(index))),
    );
    author = new OtherAuthor(lab, kubeVirt);
    await author.start();
  });
  after(async () => {
    await author.end();
    await Promise.all(controllers.map((controller) => controller.stop()));
    gate.close();
    await cluster.stop();
  });

  it("has what claims want, though its controller dies as it writes", async () => {
    const third = gate.closesWith(
      (
        (writes) => (write: Write) =>
          isList(write) && ++writes === 3
      )(0),
    );
    await Promise.all([everyoneClaims(3), third.then(() => controllers[0]?.stop("SIGKILL"))]);
    const after = await cluster.sees(kubeVirt, (object) => wantedNames().every((name) => namesIn(object).has(name)));
    const own = JSON.parse(after.metadata.annotations?.[Annotation.permittedPciDevices] ?? "") as object;
    expect(Object.keys(own).sort()).to.deep.equal(wantedNames().filter((name) => name !== TWIN));
  }).timeout(120_000);

  it("has every entry of the controller's once", () => {
    const current = cluster.kubeVirts.get(kubeVirt.metadata.name, kubeVirt.metadata.namespace) ?? kubeVirt;
    const names = listOf(current).map((found) => JSON.stringify(found));
    expect(
      wantedNames().filter((name) => names.filter((it) => it === JSON.stringify(entry(name))).length > 1),
    ).to.deep.equal([]);
  });

  it("has none of them once the claims are gone", async () => {
    await Promise.all(cluster.claims.list().map((claim) => cluster.release(claim)));
    await cluster.sees(
      kubeVirt,
      ({ metadata }) => metadata.annotations?.[Annotation.permittedPciDevices] === undefined,
    );
    const left = await author.stop();
    expect(listOf(left)).to.deep.equal(others(left));
    expect(left.spec).to.have.nested.property("configuration.permittedHostDevices.usb").that.deep.equals([]);
  });

  it("has kept the entries of others all the while, equal and in order", async () => {
    const { name, namespace } = kubeVirt.metadata;
    const left = await lab.client.get(KUBE_VIRT, name, { namespace });
    expect(author.disturbed()).to.deep.equal([]);
    const early = listOf(left).filter((found) => !JSON.stringify(found).includes("other.org/"));
    expect(early).to.deep.equal(THEIRS);
    expect(author.writes).to.be.greaterThan(50);
  });

  /** Every device is claimed, and released, and claimed again, so many times; in the end it is claimed. */
  async function everyoneClaims(times: number): Promise<void> {
    await Promise.all(
      devices.map(async (device, index) => {
        for (let time = 1; time < times; time++) {
          const claim = await cluster.claim(device);
          // Some are gone again before anybody has looked.
          if (index % 3 === 0) await cluster.sees(kubeVirt, (object) => namesIn(object).has(device.resourceName));
          await cluster.release(claim);
        }
        await cluster.claim(device);
      }),
    );
  }
});

/** Half of them share a pool; one asks for what somebody had permitted before. */
function nameOf(index: number): string {
  if (index === 1) return TWIN;
  return index % 2 === 0 ? POOL : `intel.com/OWN_${String(index).padStart(2, "0")}`;
}

function wantedNames(): string[] {
  return [...new Set(Array.from({ length: 50 }, (_, index) => nameOf(index)))].sort();
}

function namesIn(kubeVirt: KubeVirt): Set<string> {
  const ours = listOf(kubeVirt) as { readonly resourceName: string; readonly pciVendorSelector: string }[];
  return new Set(
    ours.filter((found) => found.pciVendorSelector === "8086:10CA").map(({ resourceName }) => resourceName),
  );
}

function isList({ plural, how }: Write): boolean {
  return plural === KUBE_VIRT.plural && how === "json-patch";
}
