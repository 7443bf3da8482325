import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { CUSTOM_RESOURCE_DEFINITION, type CustomResourceDefinition, NAMESPACE } from "../../../api/core.js";
import { Annotation, RECONCILER_NAMESPACE } from "../../../api/names.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { SRIOV_NETWORK, type SriovNetwork } from "../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import { isKindMissing } from "../../../kube/errors.js";
import { installGuards, installKinds } from "../../../lab/install-contract.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import { until } from "../lab/until.js";
import { makeNetwork, makePolicy } from "./policy.js";

const FIXTURES = join(__dirname, "..", "..", "..", "..", "test", "fixtures");
const HARVESTERS_CLAIMS = join(FIXTURES, "harvester", "pcideviceclaims.yaml");

/** As Harvester's kind takes it. */
const SAMPLE: PciDeviceClaim = {
  metadata: { name: "pcideviceclaim-sample", finalizers: ["wrangler.cattle.io/PCIDeviceClaimOnRemove"] },
  spec: { address: "00:1f.6", nodeName: "titan", userName: "yuri" },
};

/** A cluster of its own, which has objects before it has guards, and claims before it has this project's kind. */
describe("what was there before, and would be refused now", () => {
  let run: LabRun;
  let lab: Lab;
  let policy: SriovNetworkNodePolicy;
  let nameless: SriovNetwork;
  let empty: SriovNetwork;
  const options = { fieldManager: "somebody", namespace: RECONCILER_NAMESPACE };

  before(async () => {
    run = await beginRun({ label: "test" });
    run.stopOnSignals();
    lab = await startLab(run, { contract: false });
    await lab.client.create(NAMESPACE, { metadata: { name: RECONCILER_NAMESPACE } }, options);
    const released = parse(readFileSync(HARVESTERS_CLAIMS, "utf8")) as CustomResourceDefinition;
    await lab.client.create(CUSTOM_RESOURCE_DEFINITION, released, options);
    await until(async () => {
      const names = await lab.client.list(PCI_DEVICE_CLAIM).catch((error: unknown) => {
        if (isKindMissing(error)) return undefined;
        throw error;
      });
      return names !== undefined;
    });
    await lab.client.create(PCI_DEVICE_CLAIM, SAMPLE, options);
    await installKinds(lab.client);
    policy = await makePolicy(lab.client, {}, { [Annotation.maxUnavailable]: "none" });
    nameless = await makeNetwork(lab.client, { vlan: 100 });
    empty = await makeNetwork(lab.client, { resourceName: "storage" }, { [Annotation.policy]: "" });
    await installGuards(lab.client);
  });
  after(async () => {
    lab.client.close();
    await run.stop();
  });

  it("keeps nobody from changing the rest of a policy", async () => {
    const { name } = policy.metadata;
    const changed = await lab.client.merge(SRIOV_NETWORK_NODE_POLICY, name, { spec: { numVfs: 2 } }, options);
    expect(changed.spec.numVfs).to.equal(2);
  });

  it("keeps nobody from taking the finalizer from a claim that has another name, and no address", async () => {
    const patch = { metadata: { finalizers: null }, spec: { userName: "anna" } };
    const { metadata, spec } = await lab.client.merge(PCI_DEVICE_CLAIM, SAMPLE.metadata.name, patch, options);
    expect([metadata.finalizers, spec]).to.deep.equal([undefined, { ...SAMPLE.spec, userName: "anna" }]);
  });

  for (const [what, network] of [
    ["that says no pool", () => nameless],
    ["whose annotation is empty", () => empty],
  ] as const) {
    it(`keeps nobody from changing the rest of a network ${what}`, async () => {
      const { name } = network().metadata;
      const changed = await lab.client.merge(SRIOV_NETWORK, name, { spec: { vlan: 200 } }, options);
      expect(changed.spec.vlan).to.equal(200);
    });
  }
});
