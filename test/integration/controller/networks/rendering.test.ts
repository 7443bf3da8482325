import { expect } from "chai";
import { RECONCILER_NAMESPACE } from "../../../../api/names.js";
import type { SriovNetworkSpec } from "../../../../api/sriov-network.js";
import type { LabController } from "../../../../lab/controller.js";
import { sharedLab } from "../../../shared-lab.js";
import { Cluster, configOf } from "./cluster.js";

const HOST_LOCAL =
  '{"type":"host-local","subnet":"10.56.217.0/24","rangeStart":"10.56.217.171","rangeEnd":"10.56.217.181",' +
  '"routes":[{"dst":"0.0.0.0/0"}],"gateway":"10.56.217.1"}';

const hostLocal = {
  type: "host-local",
  subnet: "10.56.217.0/24",
  rangeStart: "10.56.217.171",
  rangeEnd: "10.56.217.181",
  routes: [{ dst: "0.0.0.0/0" }],
  gateway: "10.56.217.1",
};

/** What the operator's API server fills in where nothing is said. */
const SILENT = { type: "sriov", vlan: 0, vlanQoS: 0, logLevel: "info", ipam: {} };
const HEAD = { cniVersion: "1.0.0" };

/** Networks as they are written for the sriov-network-operator, and the CNI configuration that it makes of them. */
const CASES: Readonly<Record<string, { readonly spec: SriovNetworkSpec; readonly config: object }>> = {
  "nothing-but-a-resource": { spec: { resourceName: "intelnics" }, config: { ...HEAD, ...SILENT } },
  "vlan-with-qos-and-proto": {
    spec: { resourceName: "resource_1", ipam: HOST_LOCAL, vlan: 100, vlanQoS: 5, vlanProto: "802.1ad" },
    config: { ...HEAD, ...SILENT, vlan: 100, vlanQoS: 5, vlanProto: "802.1ad", ipam: hostLocal },
  },
  "spoof-check-on": {
    spec: { resourceName: "resource_1", ipam: HOST_LOCAL, spoofChk: "on" },
    config: { ...HEAD, ...SILENT, spoofchk: "on", ipam: hostLocal },
  },
  "spoof-check-off-trust-on": {
    spec: { resourceName: "resource_1", spoofChk: "off", trust: "on" },
    config: { ...HEAD, ...SILENT, spoofchk: "off", trust: "on" },
  },
  "log-to-a-file": {
    spec: { resourceName: "resource_1", logLevel: "debug", logFile: "/tmp/tmpfile" },
    config: { ...HEAD, ...SILENT, logLevel: "debug", logFile: "/tmp/tmpfile" },
  },
  "link-state-and-rates": {
    spec: { resourceName: "resource_1", linkState: "enable", minTxRate: 0, maxTxRate: 100 },
    config: { ...HEAD, ...SILENT, link_state: "enable", min_tx_rate: 0, max_tx_rate: 100 },
  },
  "dhcp-and-capabilities": {
    spec: {
      resourceName: "resource_1",
      ipam: '{"type":"dhcp"}',
      capabilities: '{"mac": true, "ips": true}',
      vlan: 200,
    },
    config: { ...HEAD, ...SILENT, vlan: 200, capabilities: { mac: true, ips: true }, ipam: { type: "dhcp" } },
  },
  "one-meta-plugin": {
    spec: { resourceName: "resource_1", metaPlugins: '{ "type": "vrf", "vrfname": "blue" }' },
    config: { ...HEAD, plugins: [SILENT, { type: "vrf", vrfname: "blue" }] },
  },
  "meta-plugins": {
    spec: {
      resourceName: "resource_1",
      metaPlugins:
        '{\n  "type": "tuning",\n  "sysctl": {"net.core.somaxconn": "500"}\n},\n{ "type": "vrf", "vrfname": "red" }',
    },
    config: {
      ...HEAD,
      plugins: [SILENT, { type: "tuning", sysctl: { "net.core.somaxconn": "500" } }, { type: "vrf", vrfname: "red" }],
    },
  },
};

describe("a manifest for the sriov-network-operator", () => {
  let cluster: Cluster;
  let controller: LabController;

  before(async () => {
    const lab = await sharedLab();
    cluster = await Cluster.watch(lab.client);
    controller = await lab.startController();
  });
  after(async () => {
    await cluster.stop();
    await controller.stop();
  });

  for (const [name, { spec, config }] of Object.entries(CASES)) {
    it(`gives the attachment that the operator makes: ${name}`, async () => {
      const namespace = await cluster.namespace();
      await cluster.create(name, namespace, spec);
      const attachment = await cluster.attachment(namespace, name);
      expect(configOf(attachment)).to.deep.equal({ name, ...config });
      expect(attachment.metadata.annotations).to.deep.equal({
        "k8s.v1.cni.cncf.io/resourceName": `openshift.io/${spec.resourceName ?? ""}`,
        "sriovnetwork.openshift.io/owner-ref": `SriovNetwork.sriovnetwork.openshift.io/${namespace}/${name}`,
      });
    });
  }

  it("gives an attachment in networkNamespace, which says whose it is", async () => {
    const namespace = await cluster.namespace();
    await cluster.createCentral("in-another", { resourceName: "resource_1", networkNamespace: namespace });
    const { metadata } = await cluster.attachment(namespace, "in-another");
    expect(metadata.annotations?.["sriovnetwork.openshift.io/owner-ref"]).to.equal(
      `SriovNetwork.sriovnetwork.openshift.io/${RECONCILER_NAMESPACE}/in-another`,
    );
    expect(metadata.ownerReferences).to.equal(undefined);
  });

  it("gives an attachment that the network owns, where it is in the network's own namespace", async () => {
    const namespace = await cluster.namespace();
    const { metadata } = await cluster.create("owned", namespace, { resourceName: "resource_1" });
    const attachment = await cluster.attachment(namespace, "owned");
    expect(attachment.metadata.ownerReferences).to.deep.equal([
      { apiVersion: "sriovnetwork.openshift.io/v1", kind: "SriovNetwork", name: "owned", uid: metadata.uid },
    ]);
  });
});
