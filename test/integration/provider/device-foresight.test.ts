import { expect } from "chai";
import { NODE } from "../../../api/core.js";
import { AGENT_FIELD_MANAGER, Label } from "../../../api/names.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import type { Lab } from "../../../lab/lab.js";
import { readImpacts } from "../../../plan/impact/impact.js";
import { mintFieldManager } from "../../../provider/core/field-manager.js";
import { Cluster, type DeviceInputs, type DeviceOutputs, sriovNetworkDevice } from "../../../provider/index.js";
import { sharedLab } from "../../shared-lab.js";
import { ResourceDriver } from "./resource-driver.js";

const NODE_NAME = "nic-foresight";
const POD = "pod web/router-0";

/** NICs as an agent would tell of them; nobody carries anything out. */
describe("what is foreseen of a SriovNetworkDevice", () => {
  let lab: Lab;
  let driver: ResourceDriver<DeviceInputs, DeviceOutputs>;
  let made = 0;

  before(async () => {
    lab = await sharedLab();
    const metadata = { name: NODE_NAME, labels: { [Label.capable]: "true" } };
    await lab.clientOfNode(NODE_NAME);
    await lab.client.apply(NODE, { metadata }, { fieldManager: AGENT_FIELD_MANAGER, force: true });
  });
  beforeEach(() => {
    driver = new ResourceDriver(Cluster.open({ kubeconfig: lab.controlPlane.kubeconfig }), sriovNetworkDevice);
  });
  afterEach(() => driver.close());

  /** A NIC with a VF for each user, whose count `owners` have set, and the state of a resource that did so first. */
  async function nic(users: readonly string[], owners?: readonly string[]): Promise<DeviceOutputs> {
    const bus = (++made + 31).toString(16);
    const address = `0000:${bus}:00.0`;
    const interfaceName = `nic${made}`;
    const name = `${NODE_NAME}-${interfaceName}`;
    const resourceUrn = driver.urn("SriovNetworkDevice", "nic");
    const own = mintFieldManager(resourceUrn);
    const agent = await lab.clientOfNode(NODE_NAME);
    const options = { fieldManager: AGENT_FIELD_MANAGER, force: true };
    await agent.apply(SRIOV_NETWORK_DEVICE, { metadata: { name }, spec: { address, nodeName: NODE_NAME } }, options);
    for (const fieldManager of owners ?? [own]) {
      const count = { metadata: { name }, spec: { numVFS: users.length } };
      await lab.client.apply(SRIOV_NETWORK_DEVICE, count, { fieldManager, force: true });
    }
    const virtualFunctions = users.map((usedBy, index) => {
      const vf = {
        index,
        address: `0000:${bus}:10.${index}`,
        pciDevice: "",
        interfaceName: `${interfaceName}v${index}`,
      };
      return usedBy === "" ? vf : { ...vf, usedBy };
    });
    const status = { interfaceName, totalVFs: 7, virtualFunctions };
    await agent.merge(SRIOV_NETWORK_DEVICE, name, { status }, { ...options, subresource: "status" });
    const given = { nodeName: NODE_NAME, interfaceName, numVfs: users.length, resourceUrn };
    // One that lists anew: what another has watched so far may be older than this NIC.
    await reopen();
    const { inputs } = await driver.check(given);
    await reopen();
    return { ...(inputs as DeviceOutputs), fieldManager: own };
  }

  async function reopen(): Promise<void> {
    await driver.close();
    driver = new ResourceDriver(Cluster.open({ kubeconfig: lab.controlPlane.kubeconfig }), sriovNetworkDevice);
  }

  /** What the program says of the NIC. */
  const asking = (state: DeviceOutputs, more: Partial<DeviceInputs> = {}): Partial<DeviceInputs> => {
    const { nodeName, interfaceName, numVfs, resourceUrn } = state;
    return { nodeName, interfaceName, numVfs, resourceUrn, ...more };
  };

  describe("in a preview of another count", () => {
    it("is a failure at numVfs with every VF in use and its user, and no warning beside it", async () => {
      const state = await nic(["", POD, "claim a of alice"]);
      const { failures } = await driver.check(asking(state, { numVfs: 5 }), state);
      expect(failures.map(({ property }) => property)).to.deep.equal(["numVfs"]);
      expect(readImpacts(failures[0]?.reason ?? "")).to.deep.equal([
        {
          ...{
            object: state.deviceName,
            kind: "nic",
            nodeName: NODE_NAME,
            change: "3 → 5 VFs",
            destroyed: 3,
            created: 5,
          },
          inUse: [
            { address: state.address.replace("00.0", "10.1"), interfaceName: `${state.interfaceName}v1`, usedBy: POD },
            {
              ...{ address: state.address.replace("00.0", "10.2"), interfaceName: `${state.interfaceName}v2` },
              usedBy: "claim a of alice",
            },
          ],
          outcome: "refused",
        },
      ]);
      expect(failures[0]?.reason).to.contain('set onVfsInUse: "proceed"').and.to.contain('the verb "disrupt"');
      expect(driver.warnings).to.deep.equal([]);
    });

    it("is a failure for a new resource, too", async () => {
      const state = await nic([POD], []);
      expect((await driver.check(asking(state, { numVfs: 5 }))).failures).to.have.length(1);
    });

    it("is a warning with the list where the program proceeds", async () => {
      const state = await nic([POD]);
      const { failures } = await driver.check(asking(state, { numVfs: 5, onVfsInUse: "proceed" }), state);
      expect(failures).to.deep.equal([]);
      expect(
        readImpacts(driver.warnings.join("\n")).map(({ outcome, inUse }) => [outcome, inUse.length]),
      ).to.deep.equal([["proceeds", 1]]);
    });

    it("is a warning with the VFs where nobody uses any", async () => {
      const state = await nic(["", ""]);
      expect((await driver.check(asking(state, { numVfs: 5 }), state)).failures).to.deep.equal([]);
      expect(driver.warnings).to.have.length(1);
      expect(driver.warnings[0]).to.contain(`  - ${state.address.replace("00.0", "10.1")} (${state.interfaceName}v1)`);
      expect(readImpacts(driver.warnings[0] ?? "")[0]).to.include({ outcome: "none", destroyed: 2 });
    });

    it("is only told where no VF goes", async () => {
      const state = await nic([]);
      await driver.check(asking(state, { numVfs: 2 }), state);
      expect(driver.warnings).to.deep.equal([]);
      expect(readImpacts(driver.told.informed.join("\n"))[0]).to.include({ outcome: "none", created: 2 });
    });

    it("is the owner alone where the count is somebody else's, since nothing goes then", async () => {
      const state = await nic([POD], ["kubectl-edit"]);
      const { failures } = await driver.check(asking(state, { numVfs: 5 }), state);
      expect(failures).to.deep.equal([]);
      expect(driver.warnings).to.have.length(1);
      expect(driver.warnings[0]).to.contain('owned by field manager "kubectl-edit"');
    });

    it("is a warning while it is not known whether the program proceeds", async () => {
      const state = await nic([POD]);
      const { failures } = await driver.check(asking(state, { numVfs: 5 }), state, new Set(["onVfsInUse"]));
      expect(failures).to.deep.equal([]);
      expect(driver.warnings[0]).to.contain("unless onVfsInUse, which is not known yet");
    });
  });

  describe("in a preview of the same program", () => {
    it("is nothing where the NIC has its count", async () => {
      const state = await nic([POD]);
      await driver.checked(asking(state), state);
      expect([driver.warnings, driver.told.informed]).to.deep.equal([[], []]);
    });

    it("is that the count is another, whose it is, and how the state gets to know it, but no loss", async () => {
      const state = await nic([POD, ""], ["kubectl-edit"]);
      const before = { ...state, numVfs: 4 };
      const { failures } = await driver.check(asking(before), before);
      expect(failures).to.deep.equal([]);
      const [warning = "", ...more] = driver.warnings;
      expect(more).to.deep.equal([]);
      expect(warning).to.contain('the count is 2 by now, set by field manager "kubectl-edit"');
      expect(warning).to.contain("`pulumi refresh`, or up with --refresh").and.to.contain(`is used by ${POD}`);
      expect(readImpacts(warning)).to.deep.equal([]);
    });

    it("is a failure where another setting is changed, since up sets the count then, too", async () => {
      const state = await nic([POD, ""]);
      const before = { ...state, numVfs: 4, timeouts: { update: "9m" } };
      expect((await driver.check(asking(before), before)).failures).to.have.length(1);
    });
  });

  describe("where the program names another NIC", () => {
    it("is a failure where VFs in use of the old one would go", async () => {
      const [state, other] = [await nic([POD]), await nic([])];
      const { interfaceName } = other;
      const { failures } = await driver.check(asking(state, { interfaceName, onVfsInUse: "proceed" }), state);
      expect(failures.map(({ property }) => property)).to.deep.equal(["interfaceName"]);
      expect(readImpacts(failures[0]?.reason ?? "")[0]).to.include({ object: state.deviceName, change: "1 → 0 VFs" });
      expect(failures[0]?.reason).to.contain("a delete goes by what the state says");
    });

    it("is a warning where the state says that they may", async () => {
      const [state, other] = [{ ...(await nic([POD])), onVfsInUse: "proceed" as const }, await nic([])];
      await driver.checked(asking(state, { interfaceName: other.interfaceName }), state);
      expect(readImpacts(driver.warnings.join("\n"))[0]).to.include({ object: state.deviceName, outcome: "proceeds" });
    });

    it("is a warning, and no loss, where claims alone have the old one's VFs, which may go in the same up", async () => {
      const [state, other] = [await nic(["claim a of alice"]), await nic([])];
      await driver.checked(asking(state, { interfaceName: other.interfaceName }), state);
      expect(driver.warnings.join("\n")).to.contain("is used by claim a of alice. up deletes claims first that go");
      expect(readImpacts(driver.warnings.join("\n"))).to.deep.equal([]);
    });

    it("is nothing where somebody else has the old one's count, too", async () => {
      const state = await nic([POD], ["kubectl-edit", "pulumi-sriov-0123456789ab-01234567"]);
      const other = await nic([]);
      await driver.checked(asking(state, { interfaceName: other.interfaceName }), state);
      expect(driver.warnings).to.deep.equal([]);
    });

    it("is a warning where nobody can tell whether the old one's count is this resource's", async () => {
      const state = await nic([POD], ["pulumi-sriov-0123456789ab-01234567"]);
      const other = await nic([]);
      await driver.checked(asking(state, { interfaceName: other.interfaceName }), state);
      expect(readImpacts(driver.warnings.join("\n"))).to.have.length(1);
    });
  });

  describe("of a delete", () => {
    const foreseen = (state: DeviceOutputs) => driver.foreseeDelete({ id: state.deviceName, outputs: state });

    it("is that it is refused, with users, as long as the state does not say proceed", async () => {
      const state = await nic([POD, ""]);
      const [impact, ...more] = await foreseen(state);
      expect(more).to.deep.equal([]);
      expect(impact).to.include({ object: state.deviceName, change: "2 → 0 VFs", destroyed: 2, outcome: "refused" });
      expect(impact?.inUse.map(({ usedBy }) => usedBy)).to.deep.equal([POD]);
      expect((await foreseen({ ...state, onVfsInUse: "proceed" }))[0]?.outcome).to.equal("proceeds");
    });

    it("is nothing where somebody else keeps the count", async () => {
      const state = await nic([POD], []);
      for (const fieldManager of [state.fieldManager ?? "", "kubectl-edit"]) {
        const count = { metadata: { name: state.deviceName }, spec: { numVFS: 1 } };
        await lab.client.apply(SRIOV_NETWORK_DEVICE, count, { fieldManager, force: true });
      }
      expect(await foreseen(state)).to.deep.equal([]);
    });

    it("is nothing where the NIC is gone, and of a resource that has set nothing", async () => {
      const state = await nic([POD]);
      expect(await foreseen({ ...state, deviceName: "gone" })).to.deep.equal([]);
      const { fieldManager, ...imported } = state;
      expect(fieldManager).to.be.a("string");
      expect(await foreseen(imported)).to.deep.equal([]);
    });

    it("is nothing where the same up makes another resource of the NIC", async () => {
      const state = await nic([POD]);
      const { deviceName } = state;
      const beside = { successors: [{ deviceName }] };
      expect(await driver.foreseeDelete({ id: deviceName, outputs: state }, beside)).to.deep.equal([]);
    });

    it("is nothing where the other owner stays, and the loss of both where that goes before", async () => {
      const other = "pulumi-sriov-0123456789ab-01234567";
      const state = await nic([POD]);
      const count = { metadata: { name: state.deviceName }, spec: { numVFS: state.numVfs } };
      await lab.client.apply(SRIOV_NETWORK_DEVICE, count, { fieldManager: other });
      expect(await foreseen(state)).to.deep.equal([]);
      const left = await driver.foreseeDelete({ id: state.deviceName, outputs: state }, { gone: new Set([other]) });
      expect(left.map(({ outcome }) => outcome)).to.deep.equal(["refused"]);
    });

    it("is no loss where the only user is a claim that goes before, unless somebody has the claim's device", async () => {
      const beside = { freed: new Set(["node1-0000:04:10.0"]) };
      const outcomes = async (user: string): Promise<string[]> => {
        const state = await nic([user]);
        const impacts = await driver.foreseeDelete({ id: state.deviceName, outputs: state }, beside);
        return impacts.map(({ outcome }) => outcome);
      };
      expect(await outcomes("claim node1-0000:04:10.0 of alice")).to.deep.equal(["none"]);
      expect(await outcomes("claim node1-0000:04:10.0 of alice, virtual machine web/guest")).to.deep.equal(["refused"]);
      expect(await outcomes("claim node1-0000:04:10.2 of alice")).to.deep.equal(["refused"]);
    });

    it("is refused an answer on another cluster", async () => {
      const state = await nic([POD]);
      const error = await foreseen({ ...state, clusterUid: "another" }).catch((error: unknown) => error as Error);
      expect((error as Error).message).to.contain("belongs to another cluster");
    });

    it("changes nothing", async () => {
      const state = await nic([""]);
      const before = await lab.client.get(SRIOV_NETWORK_DEVICE, state.deviceName);
      expect(await foreseen(state)).to.have.length(1);
      expect(await lab.client.get(SRIOV_NETWORK_DEVICE, state.deviceName)).to.deep.equal(before);
    });
  });
});
