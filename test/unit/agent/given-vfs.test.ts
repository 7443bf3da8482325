import { expect } from "chai";
import type { NodeNeeds } from "../../../reconciler/agent/discovery/eligibility.js";
import { type FoundVf, GivenVfs } from "../../../reconciler/agent/pci/given-vfs.js";
import { isGivenVf } from "../../../reconciler/agent/pci/is-given-vf.js";
import {
  KernelError,
  type NodeSnapshot,
  parsePciAddress,
  type PciFunctionDetail,
} from "../../../reconciler/kernel/kernel.js";
import { port } from "./nic.js";

const ADDRESS = parsePciAddress("0000:06:00.0");

function detail(more: Partial<PciFunctionDetail> = {}): PciFunctionDetail {
  return {
    address: ADDRESS,
    vendorId: "8086",
    deviceId: "1889",
    classId: "020000",
    driver: "iavf",
    interfaces: [port("enp6s0")],
    numVfs: 0,
    interfaceElsewhere: false,
    groupMembers: [],
    mounts: [],
    ...more,
  };
}

describe("a VF that a machine was given", () => {
  describe("is known", () => {
    it("by a driver that takes nothing else", () => {
      expect(isGivenVf(detail(), {}, [])).to.equal(true);
    });

    for (const device of ["Ethernet Adaptive Virtual Function", "FastLinQ QL41000 Series Controller (SR-IOV VF)"]) {
      it(`by its name: ${device}`, () => {
        expect(isGivenVf(detail({ driver: "mlx5_core" }), { device }, [])).to.equal(true);
      });
    }

    it("by its numbers, where somebody lists them", () => {
      expect(isGivenVf(detail({ driver: "mlx5_core" }), {}, ["15b3:1018", "8086:1889"])).to.equal(true);
    });

    it("not where nothing tells: it may be a whole NIC", () => {
      expect(isGivenVf(detail({ driver: "mlx5_core" }), { device: "MT27800 Family" }, ["8086:188a"])).to.equal(false);
    });

    it("not where it has a PF here", () => {
      expect(isGivenVf(detail({ physicalFunction: parsePciAddress("0000:04:00.0") }), {}, [])).to.equal(false);
    });

    it("not where it is no network device, whatever its name", () => {
      const found = detail({ classId: "010802", driver: "nvme" });
      expect(isGivenVf(found, { device: "NVMe Virtual Function" }, ["8086:1889"])).to.equal(false);
    });
  });

  describe("is offered", () => {
    const NOTHING: NodeSnapshot = {
      physicalFunctions: [],
      incapable: [{ address: ADDRESS, interfaceName: "enp6s0" }],
      defaultRouteInterfaces: [],
      interfaceAddresses: {},
      unreadable: [],
    };
    const NEEDS: NodeNeeds = {
      managementInterfaces: ["mgmt-br"],
      apiServerConnection: undefined,
      vlanUplinks: new Map([["enp9s0", "mgmt"]]),
    };
    let answer: () => PciFunctionDetail | undefined;
    let device: string;
    let given: GivenVfs;
    beforeEach(() => {
      answer = () => detail();
      device = "Ethernet Virtual Function";
      given = new GivenVfs({
        kernel: { pciFunction: () => Promise.resolve().then(answer) },
        ids: { namesOf: () => Promise.resolve([{ vendor: "Intel Corporation", device }]) },
        listed: [],
      });
    });
    const look = async (snapshot: Partial<NodeSnapshot> = {}, needs: Partial<NodeNeeds> = {}): Promise<FoundVf> => {
      const [found] = await given.look({ ...NOTHING, ...snapshot }, { ...NEEDS, ...needs });
      return found ?? expect.fail("it was not found");
    };

    it("under its name without the vendor", async () => {
      expect(await look()).to.deep.equal({ address: ADDRESS, resourceName: "ETHERNET_VIRTUAL_FUNCTION" });
    });

    const needed: readonly (readonly [
      string,
      Partial<PciFunctionDetail>,
      Partial<NodeSnapshot>,
      Partial<NodeNeeds>,
    ])[] = [
      ["enp6s0 carries the node's default route (enp6s0)", {}, { defaultRouteInterfaces: ["enp6s0"] }, {}],
      [
        "enp6s0 belongs to the management interface mgmt-br",
        { interfaces: [{ ...port("enp6s0"), uppers: ["mgmt-br"] }] },
        {},
        {},
      ],
      [
        "enp6s0 carries the node's connection to the API server (192.0.2.7 on enp6s0)",
        {},
        { interfaceAddresses: { enp6s0: ["192.0.2.7"] } },
        { apiServerConnection: "192.0.2.7" },
      ],
      ["enp9s0 is an uplink of the VlanConfig mgmt on this node", { interfaces: [port("enp9s0")] }, {}, {}],
      [
        "it is used by the node: interface enp6s0 with address 192.0.2.8",
        { interfaces: [{ ...port("enp6s0"), addresses: ["192.0.2.8"] }] },
        {},
        {},
      ],
      [
        "it is used by the node: interface enp6s0 in bond0",
        { interfaces: [{ ...port("enp6s0"), uppers: ["bond0"] }] },
        {},
        {},
      ],
    ];
    for (const [words, found, snapshot, needs] of needed) {
      it(`to nobody where ${words}`, async () => {
        answer = () => detail(found);
        const { neededFor, unhealthy } = await look(snapshot, needs);
        expect([neededFor, unhealthy]).to.deep.equal([words, words]);
      });
    }

    it("while a pod has it, whose interface is then elsewhere", async () => {
      answer = () => detail({ interfaces: [], interfaceElsewhere: true });
      expect(await look()).not.to.have.any.keys("unhealthy", "neededFor");
    });

    const unfit: Readonly<Record<string, Partial<PciFunctionDetail>>> = {
      "it has no network interface": { interfaces: [] },
      "its driver is vfio-pci": { interfaces: [], driver: "vfio-pci" },
    };
    for (const [words, found] of Object.entries(unfit)) {
      it(`to nobody where ${words}, which is no need of the node`, async () => {
        await look();
        answer = () => detail(found);
        expect(await look())
          .to.deep.include({ unhealthy: words })
          .and.not.to.have.property("neededFor");
      });
    }

    it("to nobody without a driver, by which it was known before", async () => {
      device = "Ethernet Adapter";
      await look();
      const { driver, ...without } = detail({ interfaces: [] });
      answer = () => without;
      expect((await look()).unhealthy).to.equal("it has no driver");
    });

    it("to nobody while it cannot be read", async () => {
      await look();
      answer = () => {
        throw new KernelError("EIO", "/sys/x", "read");
      };
      expect((await look()).unhealthy).to.match(/^it cannot be read: read \/sys\/x: .*\(EIO\)$/);
    });

    it("no more once it is gone", async () => {
      await look();
      answer = () => undefined;
      expect(await given.look(NOTHING, NEEDS)).to.deep.equal([]);
      expect(given.has(ADDRESS)).to.equal(false);
    });
  });
});
