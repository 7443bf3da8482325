import { expect } from "chai";
import { Annotation } from "../../../../api/names.js";
import { CLAIM_FINALIZER } from "../../../../api/pci-device-claim.js";
import { KUBE_VIRT } from "../../../../api/kubevirt.js";
import type { LabController } from "../../../../lab/controller.js";
import { sharedLab } from "../../../shared-lab.js";
import { logOf } from "../controller-process.js";
import { until } from "../../lab/until.js";
import { entry, KubeVirtCluster, listOf } from "./kube-virt-cluster.js";

/** An administrator's, who leaves the advertising to KubeVirt. */
const GPU = { pciVendorSelector: "10DE:1EB8", resourceName: "nvidia.com/T4" };

describe("devices that KubeVirt permits", () => {
  let cluster: KubeVirtCluster;
  let controller: LabController;
  let names = 0;
  const fresh = (): string => `intel.com/PERMITTED_${++names}`;

  before(async () => {
    const lab = await sharedLab();
    cluster = await KubeVirtCluster.start(lab);
    controller = await lab.startController();
  });
  after(async () => {
    await controller.stop();
    await cluster.stop();
  });

  it("are those of claims, from the moment that one is carried out until it is gone", async () => {
    const kubeVirt = await cluster.withList(GPU);
    const name = fresh();
    const claim = await cluster.claim(await cluster.device("kv-1", name));
    await cluster.permits(kubeVirt, GPU, entry(name));
    await cluster.release(claim);
    const after = await cluster.permits(kubeVirt, GPU);
    expect(after.spec).to.deep.equal(kubeVirt.spec);
    expect(after.metadata.annotations ?? {}).not.to.have.property(Annotation.permittedPciDevices);
  });

  it("are told of in events", async () => {
    const kubeVirt = await cluster.withList();
    const name = fresh();
    const claim = await cluster.claim(await cluster.device("kv-1", name));
    await cluster.event(kubeVirt, "PciDevicesPermitted", `${name} (8086:10CA)`);
    await cluster.release(claim);
    await cluster.event(kubeVirt, "PciDevicesWithdrawn", `${name} (8086:10CA)`);
  });

  it("are not those of a claim that is not carried out", async () => {
    const kubeVirt = await cluster.withList();
    const [never, name] = [fresh(), fresh()];
    const refused = await cluster.bareClaim(await cluster.device("kv-1", never));
    await cluster.report(refused, { passthroughEnabled: false, resourceName: never });
    const claim = await cluster.claim(await cluster.device("kv-1", name));
    await cluster.permits(kubeVirt, entry(name));
    await cluster.release(claim);
  });

  it("stay while one of several claims of a pool is there", async () => {
    const kubeVirt = await cluster.withList();
    const [pool, other] = [fresh(), fresh()];
    const first = await cluster.claim(await cluster.device("kv-1", pool));
    const second = await cluster.claim(await cluster.device("kv-2", pool));
    await cluster.permits(kubeVirt, entry(pool));
    await cluster.release(first);
    // What comes later shows that the release was seen.
    const marker = await cluster.claim(await cluster.device("kv-2", other));
    await cluster.permits(kubeVirt, entry(pool), entry(other));
    await cluster.release(second);
    await cluster.permits(kubeVirt, entry(other));
    await cluster.release(marker);
  });

  it("have an entry for each kind of device of a pool", async () => {
    const kubeVirt = await cluster.withList();
    const pool = fresh();
    const first = await cluster.claim(await cluster.device("kv-1", pool, "8086:10CA"));
    await cluster.permits(kubeVirt, entry(pool));
    const second = await cluster.claim(await cluster.device("kv-1", pool, "8086:10ED"));
    await cluster.permits(kubeVirt, entry(pool), entry(pool, "8086:10ED"));
    await cluster.release(first);
    await cluster.permits(kubeVirt, entry(pool, "8086:10ED"));
    await cluster.release(second);
  });

  it("follow a claim whose resource name changes", async () => {
    const kubeVirt = await cluster.withList(GPU);
    const [before, after] = [fresh(), fresh()];
    const claim = await cluster.claim(await cluster.device("kv-1", before));
    await cluster.permits(kubeVirt, GPU, entry(before));
    await cluster.report(claim, { resourceName: after });
    await cluster.permits(kubeVirt, GPU, entry(after));
    await cluster.release(claim);
  });

  it("stay while a claim is being released, since a machine that has its device may start again", async () => {
    const kubeVirt = await cluster.withList();
    const [name, other] = [fresh(), fresh()];
    const claim = await cluster.claim(await cluster.device("kv-1", name), { finalizers: [CLAIM_FINALIZER] });
    await cluster.permits(kubeVirt, entry(name));
    await cluster.release(claim);
    const marker = await cluster.claim(await cluster.device("kv-1", other));
    await cluster.permits(kubeVirt, entry(name), entry(other));
    await cluster.report(claim, { passthroughEnabled: false });
    await cluster.permits(kubeVirt, entry(other));
    await cluster.release(marker);
  });

  it("are those of all KubeVirts, where there are several", async () => {
    const [first, second] = [await cluster.withList(GPU), await cluster.withList()];
    const name = fresh();
    const claim = await cluster.claim(await cluster.device("kv-1", name));
    await Promise.all([cluster.permits(first, GPU, entry(name)), cluster.permits(second, entry(name))]);
    await cluster.release(claim);
  });

  it("come to a KubeVirt that is made later", async () => {
    const name = fresh();
    const claim = await cluster.claim(await cluster.device("kv-1", name));
    await cluster.permits(await cluster.withList(GPU), GPU, entry(name));
    await cluster.release(claim);
  });

  it("come to one that permits nothing, beside what else it is told", async () => {
    const spec = { configuration: { permittedHostDevices: null, network: { a: "b" } }, workloads: {} };
    const kubeVirt = await cluster.kubeVirt(spec);
    const name = fresh();
    const claim = await cluster.claim(await cluster.device("kv-1", name));
    const after = await cluster.permits(kubeVirt, entry(name));
    expect(after.spec).to.deep.equal({
      configuration: { permittedHostDevices: { pciHostDevices: [entry(name)] }, network: { a: "b" } },
      workloads: {},
    });
    await cluster.release(claim);
  });

  it("are left out of a KubeVirt that is being deleted", async () => {
    const kubeVirt = await cluster.kubeVirt({}, { finalizers: ["example.org/stay"] });
    const { name: kv, namespace = "" } = kubeVirt.metadata;
    await cluster.lab.client.delete(KUBE_VIRT, kv, { namespace });
    const other = await cluster.withList();
    const name = fresh();
    const claim = await cluster.claim(await cluster.device("kv-1", name));
    await cluster.permits(other, entry(name));
    expect(listOf(await cluster.lab.client.get(KUBE_VIRT, kv, { namespace }))).to.deep.equal([]);
    await cluster.release(claim);
  });

  it("are put back once where somebody takes them out", async () => {
    const kubeVirt = await cluster.withList();
    const name = fresh();
    const claim = await cluster.claim(await cluster.device("kv-1", name));
    await cluster.permits(kubeVirt, entry(name));
    await cluster.setList(kubeVirt, [GPU]);
    await cluster.permits(kubeVirt, GPU, entry(name));
    await cluster.release(claim);
  });

  it("are somebody else's where he had permitted them before", async () => {
    const [name, other] = [fresh(), fresh()];
    const kubeVirt = await cluster.withList(entry(name), GPU);
    const claim = await cluster.claim(await cluster.device("kv-1", name));
    const marker = await cluster.claim(await cluster.device("kv-1", other));
    await cluster.permits(kubeVirt, entry(name), GPU, entry(other));
    await Promise.all([cluster.release(claim), cluster.release(marker)]);
    await cluster.permits(kubeVirt, entry(name), GPU);
  });

  it("are warned of where KubeVirt advertises the same name itself", async () => {
    const name = fresh();
    const kubeVirt = await cluster.withList({ pciVendorSelector: "8086:10CA", resourceName: name });
    const claim = await cluster.claim(await cluster.device("kv-1", name));
    await cluster.event(kubeVirt, "PciDevicesContended", name);
    await cluster.release(claim);
  });

  it("are not written into what is no list, of which an event tells", async () => {
    const kubeVirt = await cluster.kubeVirt({ configuration: { permittedHostDevices: { pciHostDevices: "none" } } });
    const other = await cluster.withList();
    const name = fresh();
    const claim = await cluster.claim(await cluster.device("kv-1", name));
    await cluster.permits(other, entry(name));
    const path = "spec.configuration.permittedHostDevices.pciHostDevices";
    await cluster.event(kubeVirt, "PciDevicesRefused", `${path} is not what it should be`);
    await cluster.release(claim);
    await cluster.edit(kubeVirt, { spec: null });
  });

  it("wait for the PCIDevice that tells their kind", async () => {
    const kubeVirt = await cluster.withList();
    const name = fresh();
    const device = { nodeName: "kv-1", address: "0000:ff:1f.7", resourceName: name };
    const claim = await cluster.claim(device);
    const other = fresh();
    const marker = await cluster.claim(await cluster.device("kv-1", other));
    await cluster.permits(kubeVirt, entry(other));
    await cluster.device("kv-1", name, "8086:10ED", device.address);
    await cluster.permits(kubeVirt, entry(other), entry(name, "8086:10ED"));
    await Promise.all([cluster.release(claim), cluster.release(marker)]);
  });

  it("need nothing of the controller that its role does not let it do", async () => {
    await until(() => /"leads"/.test(logOf(controller)));
    expect(logOf(controller)).not.to.match(/forbidden/i);
  });
});
