import { expect } from "chai";
import { NODE } from "../../../api/core.js";
import { CONTROLLER_FIELD_MANAGER, pciDeviceName } from "../../../api/names.js";
import { UNKNOWN } from "../../../provider/dynamic/values.js";
import { rules } from "../../../policy/rules.js";
import { Cluster } from "../../../provider/index.js";
import { hardware, type Nic, nicOf } from "../../e2e/nics.js";
import { sharedLab } from "../../shared-lab.js";
import { rescan } from "../agent/agent-process.js";
import { violationsOf } from "./violations.js";

/** Rules that ask the live cluster. */
describe("the policy pack on a cluster", () => {
  const LABELS = { "e2e/policy-pack": "here" };
  const USER = "another network namespace";
  let cluster: Cluster;
  let nic: Nic;
  /** Its count is the policies'. */
  let ofPolicies: Nic;
  let used: string;

  const violations = (rule: string, type: string, props: object): Promise<string[]> =>
    violationsOf(
      rules(() => cluster).find(({ name }) => name === rule),
      type,
      props,
    );

  before(async () => {
    const lab = await sharedLab();
    const node = await lab.addSimulatedNode("pack-node", { spec: hardware(2) });
    await lab.client.merge(NODE, node.name, { metadata: { labels: LABELS } }, { fieldManager: "test" });
    cluster = Cluster.open({ kubeconfig: lab.controlPlane.kubeconfig });
    nic = nicOf(lab, node, 0);
    ofPolicies = nicOf(lab, node, 1);
    await nic.edit(4);
    await ofPolicies.edit(4, CONTROLLER_FIELD_MANAGER);
    used = await take(nic);
    await take(ofPolicies);
  });

  after(() => cluster.close());

  /** Has somebody use the NIC's second VF. */
  async function take(of: Nic): Promise<string> {
    const { status } = await of.until("4 VFs", (device) => device.status?.vfAddresses?.length === 4);
    const address = status?.vfAddresses?.[1] ?? "";
    await of.node.hardware.setInterfaceElsewhere(address, true);
    rescan(of.lab.run, of.node);
    await of.until("second VF used", (device) => device.status?.virtualFunctions?.[1]?.usedBy === USER);
    return address;
  }

  describe("no-vf-in-use-destroyed", () => {
    const declared = (numVfs: unknown, more: object = {}): Promise<string[]> => {
      const { nodeName, interfaceName } = nic;
      const inputs = { nodeName, interfaceName, numVfs, resourceUrn: "urn:pulumi:a::b::c::nic", ...more };
      return violations("no-vf-in-use-destroyed", "SriovNetworkDevice", inputs);
    };

    it("names the VF and its user where the program proceeds", async () => {
      const [violation = "", ...more] = await declared(6, { onVfsInUse: "proceed" });
      expect(violation).to.contain(nic.deviceName).and.to.contain(used).and.to.contain(`used by ${USER}`);
      expect(more).to.deep.equal([]);
    });

    it("names them where the program refuses, too", async () => {
      expect(await declared(6)).to.have.length(1);
    });

    it("takes inputs as check leaves them, with what it has looked up", async () => {
      const { address, deviceName } = nic;
      const looked = { address, deviceName, givenInterfaceName: nic.interfaceName, totalVfs: 7, clusterUid: undefined };
      const [violation = ""] = await declared(6, { ...looked, onVfsInUse: "proceed" });
      expect(violation).to.match(/^impact on NIC /);
    });

    it("has nothing against the count that the NIC has", async () => {
      expect(await declared(4, { onVfsInUse: "proceed" })).to.deep.equal([]);
    });

    it("has nothing against a count that is not known before up", async () => {
      expect(await declared(UNKNOWN)).to.deep.equal([]);
    });

    it("looks at each NIC that a policy changes", async () => {
      const inputs = {
        policyName: "pack",
        resourceName: "pack",
        nodeSelector: LABELS,
        nicSelector: { rootDevices: [nic.address, ofPolicies.address] },
        numVfs: 6,
        onVfsInUse: "proceed",
        resourceUrn: "urn:pulumi:a::b::c::pack",
      };
      // Of the other NIC somebody else has set the count, and no policy changes it.
      const [violation = "", ...more] = await violations("no-vf-in-use-destroyed", "SriovNetworkNodePolicy", inputs);
      expect(violation).to.contain(ofPolicies.deviceName).and.to.contain(`used by ${USER}`);
      expect(more).to.deep.equal([]);
    });
  });

  describe("no-pf-passthrough", () => {
    const claimed = (inputs: object): Promise<string[]> => violations("no-pf-passthrough", "PciDeviceClaim", inputs);

    it("refuses a NIC itself, by its address and by its name", async () => {
      const { nodeName, address, deviceName } = nic;
      const words = [
        `claims ${deviceName} (${address} of node ${nodeName}), the NIC itself. Claim one of its VFs instead.`,
      ];
      expect(await claimed({ nodeName, address })).to.deep.equal(words);
      expect(await claimed({ pciDevice: pciDeviceName(nodeName, address) })).to.deep.equal(words);
      expect(await claimed({ pciDevice: pciDeviceName(nodeName, address), nodeName, address })).to.deep.equal(words);
    });

    it("lets VFs be claimed", async () => {
      expect(await claimed({ nodeName: nic.nodeName, address: used })).to.deep.equal([]);
    });

    it("lets be claimed what is only made in up: those are VFs", async () => {
      expect(await claimed({ pciDevice: UNKNOWN })).to.deep.equal([]);
    });
  });
});
