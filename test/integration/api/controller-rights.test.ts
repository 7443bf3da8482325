import { expect } from "chai";
import { statSync } from "node:fs";
import { NAMESPACE, NODE } from "../../../api/core.js";
import { Annotation, CONTROLLER_FIELD_MANAGER, RECONCILER_NAMESPACE } from "../../../api/names.js";
import { CONTROLLER_LEASE_NAME, LEASE } from "../../../api/lease.js";
import { KUBE_VIRT } from "../../../api/kubevirt.js";
import { NETWORK_ATTACHMENT_DEFINITION } from "../../../api/network-attachment-definition.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import { CLAIM_FINALIZER, PCI_DEVICE_CLAIM } from "../../../api/pci-device-claim.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { KubeClient } from "../../../kube/client.js";
import { ApiError, isConflict } from "../../../kube/errors.js";
import { Informer } from "../../../kube/informer.js";
import { installKubeVirt } from "../../../lab/install-contract.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { refusal } from "../refusal.js";
import { makeClaim, removeClaims } from "./claim.js";
import { makeDevice } from "./device.js";
import { deviceWithVfs } from "./guarded.js";
import { makeNetwork, makePolicy } from "./policy.js";

const OPTIONS = { fieldManager: CONTROLLER_FIELD_MANAGER };
const namespace = RECONCILER_NAMESPACE;

describe("the controller's account", () => {
  let lab: Lab;
  let controller: KubeClient;
  before(async () => {
    lab = await sharedLab();
    await installKubeVirt(lab.client);
    controller = KubeClient.open({ kubeconfig: await lab.controllerKubeconfig() });
  });
  after(async () => {
    controller.close();
    await removeClaims(lab);
  });

  it("has a kubeconfig that nobody else can read", async () => {
    expect(statSync(await lab.controllerKubeconfig()).mode & 0o777).to.equal(0o600);
  });

  it("has an older kubeconfig that goes on working where a new one is asked for", async () => {
    await lab.controllerKubeconfig();
    await controller.list(NODE);
  });

  for (const type of [
    NODE,
    NAMESPACE,
    SRIOV_NETWORK_DEVICE,
    PCI_DEVICE_CLAIM,
    KUBE_VIRT,
    SRIOV_NETWORK_NODE_POLICY,
    SRIOV_NETWORK,
    NETWORK_ATTACHMENT_DEFINITION,
  ] as readonly ResourceType<KubeObject>[]) {
    it(`may list and watch ${type.plural} of the whole cluster`, async () => {
      const informer = new Informer(controller, type).start();
      await informer.synced;
      await informer.stop();
    });
  }

  it("may look up the pcidevice of a claim", async () => {
    const { items } = await controller.list(PCI_DEVICE, { fields: { "metadata.name": "node1-000004100" } });
    expect(items).to.deep.equal([]);
  });

  it("may say what a NIC is asked for, and let go of it", async () => {
    const { name, uid } = (await makeDevice(lab.client)).metadata;
    const vfGroups = [{ resourceName: "r", policyName: "p", vfRange: "0-3" }];
    const wanted = { metadata: { name, uid }, spec: { numVFS: 4, mtu: 9_000, vfGroups } };
    const { spec } = await controller.apply(SRIOV_NETWORK_DEVICE, wanted, OPTIONS);
    expect(spec).to.deep.include(wanted.spec);
    const released = await controller.apply(SRIOV_NETWORK_DEVICE, { metadata: { name, uid } }, OPTIONS);
    expect(released.spec.numVFS).to.equal(0);
    expect(released.spec).not.to.have.any.keys("mtu", "vfGroups");
  });

  it("may pass on that VFs in use may be destroyed", async () => {
    const { name, uid } = (await deviceWithVfs(lab, ["pod web/router-0"])).metadata;
    const annotations = { [Annotation.allowDisruption]: "4" };
    const wanted = { metadata: { name, uid, annotations }, spec: { numVFS: 4 } };
    await controller.apply(SRIOV_NETWORK_DEVICE, wanted, { ...OPTIONS, force: true });
    // Not kept, since tests of the controller wait until it has no NIC left.
    const none = { metadata: { name, uid, annotations: { [Annotation.allowDisruption]: "0" } } };
    await controller.apply(SRIOV_NETWORK_DEVICE, none, OPTIONS);
  });

  it("may tell a device of a conflict", async () => {
    const { name } = (await makeDevice(lab.client)).metadata;
    const patch = { metadata: { annotations: { [Annotation.policyConflict]: "in the way" } } };
    await controller.merge(SRIOV_NETWORK_DEVICE, name, patch, OPTIONS);
  });

  it("makes no device anew that is gone", async () => {
    const { name, uid } = (await makeDevice(lab.client)).metadata;
    await lab.client.delete(SRIOV_NETWORK_DEVICE, name);
    const work = controller.apply(SRIOV_NETWORK_DEVICE, { metadata: { name, uid }, spec: { numVFS: 4 } }, OPTIONS);
    expect(isConflict(await refusal(work, ApiError))).to.equal(true);
  });

  for (const [type, make] of [
    [SRIOV_NETWORK_NODE_POLICY, (client: KubeClient) => makePolicy(client)],
    [SRIOV_NETWORK, (client: KubeClient) => makeNetwork(client, { resourceName: "storage" })],
  ] as const) {
    it(`may report the status of ${type.plural}`, async () => {
      const { name } = (await make(lab.client)).metadata;
      const status = { observedGeneration: 1 };
      await controller.merge<KubeObject>(type, name, { status }, { ...OPTIONS, namespace, subresource: "status" });
    });

    it(`may write annotations of ${type.plural}`, async () => {
      const { name } = (await make(lab.client)).metadata;
      await controller.merge<KubeObject>(
        type,
        name,
        { metadata: { annotations: { a: "b" } } },
        { ...OPTIONS, namespace },
      );
    });
  }

  it("may fill in a network's resource name", async () => {
    const { name } = (await makeNetwork(lab.client, {}, { [Annotation.policy]: "storage" })).metadata;
    const object = { metadata: { name, namespace }, spec: { resourceName: "storage" } };
    const { spec } = await controller.apply(SRIOV_NETWORK, object, { ...OPTIONS, force: true });
    expect(spec.resourceName).to.equal("storage");
  });

  it("may take the finalizer from a deleted claim, as it does where the node is gone", async () => {
    const { name } = (await makeClaim(lab.client, {}, { finalizers: [CLAIM_FINALIZER] })).metadata;
    await lab.client.delete(PCI_DEVICE_CLAIM, name);
    const { metadata } = await controller.merge(PCI_DEVICE_CLAIM, name, { metadata: { finalizers: null } }, OPTIONS);
    expect(metadata).not.to.have.property("finalizers");
  });

  it("may read a KubeVirt, and permit devices there", async () => {
    const metadata = { name: "by-controller", namespace };
    await lab.client.create(KUBE_VIRT, { metadata }, { fieldManager: "person" });
    const { spec } = await controller.get(KUBE_VIRT, metadata.name, metadata);
    expect(spec).to.equal(undefined);
    const pciHostDevices = [
      { pciVendorSelector: "8086:10ED", resourceName: "a.com/B", externalResourceProvider: true },
    ];
    const patch = { spec: { configuration: { permittedHostDevices: { pciHostDevices } } } };
    const written = await controller.merge(KUBE_VIRT, metadata.name, patch, { ...OPTIONS, namespace });
    expect(written.spec).to.deep.equal(patch.spec);
    // Not kept, since tests of the controller have KubeVirts of their own.
    await lab.client.delete(KUBE_VIRT, metadata.name, metadata);
  });

  it("may make, read, change and delete attachments in any namespace", async () => {
    const metadata = { name: "by-controller", namespace: "default" };
    const attachment = (config: string) => ({ metadata, spec: { config } });
    await controller.apply(NETWORK_ATTACHMENT_DEFINITION, attachment("{}"), OPTIONS);
    await controller.apply(NETWORK_ATTACHMENT_DEFINITION, attachment('{"type":"sriov"}'), OPTIONS);
    const { spec } = await controller.get(NETWORK_ATTACHMENT_DEFINITION, metadata.name, metadata);
    expect(spec?.config).to.equal('{"type":"sriov"}');
    await controller.delete(NETWORK_ATTACHMENT_DEFINITION, metadata.name, metadata);
  });

  it("may take its Lease in its own namespace, keep it, and watch for it", async () => {
    const metadata = { name: CONTROLLER_LEASE_NAME, namespace };
    await lab.client.delete(LEASE, metadata.name, metadata).catch(() => undefined);
    await controller.create(LEASE, { metadata, spec: { holderIdentity: "a" } }, OPTIONS);
    await controller.merge(LEASE, metadata.name, { spec: { holderIdentity: "b" } }, { ...OPTIONS, namespace });
    expect((await controller.get(LEASE, metadata.name, metadata)).spec).to.include({ holderIdentity: "b" });
    const informer = new Informer(controller, LEASE, { namespace, fields: { "metadata.name": metadata.name } }).start();
    await informer.synced;
    await informer.stop();
    // Not kept, since controllers of other tests would wait until it runs out.
    await lab.client.delete(LEASE, metadata.name, metadata);
  });

  const NOT_ALLOWED: readonly (readonly [verb: string, group: string, resource: string, in_?: string])[] = [
    ["create", "devices.harvesterhci.io", "sriovnetworkdevices"],
    ["delete", "devices.harvesterhci.io", "sriovnetworkdevices"],
    ["patch", "devices.harvesterhci.io", "sriovnetworkdevices/status"],
    ["watch", "devices.harvesterhci.io", "pcidevices"],
    ["patch", "devices.harvesterhci.io", "pcidevices"],
    ["create", "devices.harvesterhci.io", "pcideviceclaims"],
    ["delete", "devices.harvesterhci.io", "pcideviceclaims"],
    ["disrupt", "devices.harvesterhci.io", "pcideviceclaims"],
    ["patch", "devices.harvesterhci.io", "pcideviceclaims/status"],
    ["create", "kubevirt.io", "kubevirts", namespace],
    ["delete", "kubevirt.io", "kubevirts", namespace],
    ["patch", "kubevirt.io", "kubevirts/status", namespace],
    ["list", "kubevirt.io", "virtualmachineinstances"],
    ["create", "sriovnetwork.openshift.io", "sriovnetworknodepolicies", namespace],
    ["delete", "sriovnetwork.openshift.io", "sriovnetworknodepolicies", namespace],
    ["create", "sriovnetwork.openshift.io", "sriovnetworks", namespace],
    ["delete", "sriovnetwork.openshift.io", "sriovnetworks", namespace],
    ["patch", "", "nodes"],
    ["create", "", "namespaces"],
    ["patch", "", "namespaces"],
    ["list", "", "pods"],
    ["create", "", "pods", namespace],
    ["get", "", "secrets", namespace],
    ["create", "", "serviceaccounts/token", namespace],
    ["get", "coordination.k8s.io", "leases", "kube-system"],
    ["get", "coordination.k8s.io", "leases", namespace],
    ["list", "coordination.k8s.io", "leases", namespace],
    ["patch", "coordination.k8s.io", "leases", namespace],
    ["patch", "sriovnetwork.openshift.io", "sriovnetworknodepolicies", "default"],
    ["patch", "coordination.k8s.io", "leases", "kube-node-lease"],
    ["delete", "coordination.k8s.io", "leases", namespace],
    ["patch", "admissionregistration.k8s.io", "validatingadmissionpolicies"],
    ["patch", "apiextensions.k8s.io", "customresourcedefinitions"],
    ["patch", "rbac.authorization.k8s.io", "clusterroles"],
  ];

  for (const [verb, group, resource, where] of NOT_ALLOWED) {
    it(`may not ${verb} ${resource}${where === undefined ? "" : ` in ${where}`}`, async () => {
      const [name, subresource] = resource.split("/");
      const resourceAttributes = { verb, group, resource: name, subresource, namespace: where };
      const apiVersion = "authorization.k8s.io/v1";
      const body = { apiVersion, kind: "SelfSubjectAccessReview", spec: { resourceAttributes } };
      const path = `/apis/${apiVersion}/selfsubjectaccessreviews`;
      const review = (await controller.raw({ method: "POST", path, body })) as {
        readonly status: { readonly allowed: boolean };
      };
      expect(review.status.allowed).to.equal(false);
    });
  }
});
