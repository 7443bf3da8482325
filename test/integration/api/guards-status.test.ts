import { expect } from "chai";
import { Guard } from "../../../api/admission-policies.js";
import { AGENT_ACCOUNT } from "../../../api/agent-role.js";
import { PCI_DEVICE, type PciDevice } from "../../../api/pci-device.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { KubeClient } from "../../../kube/client.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { makeClaim, removeClaims } from "./claim.js";
import { makeDevice } from "./device.js";
import { refusedBy } from "./guarded.js";

describe("the guard of status", () => {
  let lab: Lab;
  let mine: KubeClient;
  let unbound: KubeClient;
  let device: SriovNetworkDevice;
  let pciDevice: PciDevice;
  const NODE_NAME = "n-status";
  const options = { fieldManager: "writer", subresource: "status" } as const;
  const refused = (work: Promise<unknown>): Promise<string> => refusedBy(Guard.status, work);
  const report = (client: KubeClient): Promise<SriovNetworkDevice> =>
    client.merge(SRIOV_NETWORK_DEVICE, device.metadata.name, { status: { totalVFs: 7 } }, options);
  const reportPci = (client: KubeClient, status: object): Promise<PciDevice> =>
    client.merge(PCI_DEVICE, pciDevice.metadata.name, { status }, options);

  before(async () => {
    lab = await sharedLab();
    mine = await lab.clientOfNode(NODE_NAME);
    unbound = KubeClient.open({ kubeconfig: await lab.controlPlane.serviceAccountKubeconfig(AGENT_ACCOUNT) });
    device = await makeDevice(lab.client, NODE_NAME);
    const metadata = { name: `${NODE_NAME}-000004100`, labels: { nodename: NODE_NAME } };
    pciDevice = await lab.client.create(PCI_DEVICE, { metadata, spec: {} }, { fieldManager: "maker" });
  });
  after(async () => {
    unbound.close();
    await removeClaims(lab);
  });

  it("lets the agent of the node report a NIC", async () => {
    expect((await report(mine)).status?.totalVFs).to.equal(7);
  });

  it("lets it report a NIC by server-side apply, too", async () => {
    const object = { metadata: { name: device.metadata.name }, status: { totalVFs: 7 } };
    await mine.apply(SRIOV_NETWORK_DEVICE, object, { ...options, force: true });
  });

  it("refuses a cluster administrator, in words that name the agent", async () => {
    expect(await refused(report(lab.client))).to.equal(
      `${device.metadata.name}: status is written by the agent of its node alone, as the service account ` +
        `pulumi-sriov/pulumi-sriov-agent, not by user "lab-admin", whose credentials are bound to no node`,
    );
  });

  it("refuses the agent of another node, in words that name both nodes", async () => {
    expect(await refused(report(await lab.clientOfNode("n-status-other")))).to.equal(
      `${device.metadata.name}: status is written by the agent of its node "n-status" alone, not by user ` +
        `"system:serviceaccount:pulumi-sriov:pulumi-sriov-agent", whose credentials are bound to node "n-status-other"`,
    );
  });

  it("refuses the agents' account with a token that is bound to no node", async () => {
    expect(await refused(report(unbound))).to.include("bound to no node");
  });

  it("refuses another account on the same node", async () => {
    const account = { namespace: AGENT_ACCOUNT.namespace, name: "another" };
    const kubeconfig = await lab.controlPlane.serviceAccountKubeconfig({ ...account, boundNode: NODE_NAME });
    const another = KubeClient.open({ kubeconfig });
    const bindings = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", namespaced: false };
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" };
    const binding = { metadata: { name: "another" }, roleRef, subjects: [{ kind: "ServiceAccount", ...account }] };
    await lab.client.apply({ ...bindings, plural: "clusterrolebindings" }, binding, { fieldManager: "maker" });
    expect(await refused(report(another))).to.include('system:serviceaccount:pulumi-sriov:another"');
    another.close();
  });

  for (const status of [
    { kernelDriverToUnbind: "igbvf", passthroughEnabled: true },
    { usedBy: "virtual machine web/vm1" },
  ]) {
    const report = async (client: KubeClient): Promise<PciDeviceClaim> => {
      const { metadata } = await makeClaim(lab.client, { nodeName: NODE_NAME });
      return client.merge(PCI_DEVICE_CLAIM, metadata.name, { status }, options);
    };

    it(`lets the agent of the node report ${Object.keys(status).join(" and ")} of a claim`, async () => {
      expect((await report(mine)).status).to.deep.equal(status);
    });

    it(`refuses an administrator ${Object.keys(status).join(" and ")} of a claim`, async () => {
      expect(await refused(report(lab.client))).to.include("status is written by the agent of its node alone");
    });

    it(`refuses the agent of another node ${Object.keys(status).join(" and ")} of a claim`, async () => {
      const message = await refused(report(await lab.clientOfNode("n-status-other")));
      expect(message).to.include('status is written by the agent of its node "n-status" alone, not by user');
    });
  }

  it("refuses the controller the status of a claim, though a role lets it", async () => {
    const claim = await makeClaim(lab.client, { nodeName: NODE_NAME });
    const kubeconfig = await lab.controlPlane.kubeconfigFor(
      "system:serviceaccount:pulumi-sriov:pulumi-sriov-controller",
      ["system:masters"],
    );
    const controller = KubeClient.open({ kubeconfig });
    await refused(controller.merge(PCI_DEVICE_CLAIM, claim.metadata.name, { status: { usedBy: "x" } }, options));
    controller.close();
  });

  it("lets the agent of the node report a PCIDevice", async () => {
    expect((await reportPci(mine, { nodeName: NODE_NAME, address: "0000:04:10.0" })).status?.nodeName).to.equal(
      NODE_NAME,
    );
  });

  it("refuses an administrator a PCIDevice", async () => {
    await refused(reportPci(lab.client, { nodeName: NODE_NAME }));
  });

  it("refuses the agent of another node a PCIDevice, whatever node it says that it is of", async () => {
    const other = await lab.clientOfNode("n-status-other");
    await refused(reportPci(other, { nodeName: NODE_NAME }));
    await refused(reportPci(other, { nodeName: "n-status-other" }));
  });

  it("refuses the agent of a node whose name only begins like it", async () => {
    await refused(reportPci(await lab.clientOfNode("n"), { nodeName: "n" }));
  });

  it("refuses to say that a PCIDevice is of another node", async () => {
    await refused(reportPci(mine, { nodeName: "n-status-other" }));
  });
});
