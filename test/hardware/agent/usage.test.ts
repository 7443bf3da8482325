import { expect } from "chai";
import { Annotation } from "../../../api/names.js";
import { readyCondition, SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { ApiError } from "../../../kube/errors.js";
import { refusal } from "../../integration/refusal.js";
import { AgentOnGuest } from "./agent-on-guest.js";
import { first, type KernelVf } from "./guest.js";

/** What a node's own kernel shows of a VF in use. */
const uses: readonly {
  readonly what: string;
  readonly take: (interfaceName: string) => string;
  readonly release: (interfaceName: string) => string;
  readonly user: (interfaceName: string) => string;
}[] = [
  {
    what: "in a bridge",
    take: (vf) => `ip link add br0 type bridge && ip link set ${vf} master br0`,
    release: () => "ip link del br0",
    user: (vf) => `interface ${vf} in br0`,
  },
  {
    what: "with an address",
    take: (vf) => `ip link set ${vf} up && ip addr add 192.0.2.1/24 dev ${vf}`,
    release: (vf) => `ip addr flush dev ${vf} && ip link set ${vf} down`,
    user: (vf) => `interface ${vf} with address 192.0.2.`,
  },
  {
    what: "in another network namespace",
    take: (vf) => `unshare -n sleep 3600 & echo $! > /tmp/namespace.pid
      until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do usleep 20000; done
      ip link set ${vf} netns $!`,
    release: (vf) => `kill $(cat /tmp/namespace.pid); until [ -e /sys/class/net/${vf} ]; do usleep 20000; done`,
    user: () => "another network namespace",
  },
];

/** The first NIC's first VF. */
const IN_BRIDGE = "ip link add br0 type bridge && ip link set $(ls /sys/bus/pci/devices/0000:01:10.0/net) master br0";

describe("the agent on a real kernel: VFs in use", function () {
  this.timeout(240_000);
  let hw: AgentOnGuest;
  let name = "";

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    await hw.restore();
    name = hw.nameOf(first);
  });
  after(() => hw.restore());

  for (const { what, take, release, user } of uses) {
    describe(what, () => {
      let vf: KernelVf | undefined;
      const interfaceName = () => vf?.interfaceName ?? "";

      before(async () => {
        await hw.configure(first, 2);
        [, vf] = await hw.guest.virtualFunctions(first);
      });

      it("are told in status", async () => {
        await hw.guest.run(take(interfaceName()));
        await hw.guest.rescan();
        const { status } = await hw.observer.device(
          name,
          (device) => device.status?.virtualFunctions?.[1]?.usedBy !== undefined,
        );
        const [free, used] = status?.virtualFunctions ?? [];
        expect(used?.usedBy).to.include(user(interfaceName()));
        expect(free).not.to.have.property("usedBy");
      });

      it("keep the API server from taking another count", async () => {
        const error = await refusal(hw.observer.declare(name, 3), ApiError);
        expect(error.message).to.include("0000:01:10.2").and.to.include(user(interfaceName()));
      });

      it("are told as free when they are", async () => {
        await hw.guest.run(release(interfaceName()));
        await hw.guest.rescan();
        await hw.observer.device(name, ({ status }) => status?.virtualFunctions?.[1]?.usedBy === undefined);
      });
    });
  }

  describe("that were taken since the agent looked", () => {
    before(() => hw.configure(first, 2));

    it("keep it from a change that the API server let through", async () => {
      await hw.node.stopAgent("SIGKILL");
      await hw.guest.run(IN_BRIDGE);
      await hw.observer.declare(name, 3);
      await hw.node.startAgent();
      const message = readyCondition(await hw.observer.ready(name, "InUse"))?.message;
      expect(message).to.include("VFs in use: 0000:01:10.0").and.to.include("in br0").and.to.include("Release them");
      expect(await hw.node.numVfs(first.address)).to.equal(2);
    });

    it("let that change through when they are free", async () => {
      await hw.guest.run("ip link del br0");
      await hw.guest.rescan();
      await hw.configured(first, 3);
    });
  });

  describe("and a count that somebody changed by hand", () => {
    before(() => hw.configure(first, 4));

    it("is not put back, and the object says so", async () => {
      await hw.node.stopAgent("SIGKILL");
      await hw.guest.setNumVfsByHand(first, 0, 3);
      await hw.guest.run(IN_BRIDGE);
      await hw.node.startAgent();
      const message = readyCondition(await hw.observer.ready(name, "InUse"))?.message;
      expect(message).to.include("from 4 to 3 past the agent").and.to.include("in br0");
      expect(await hw.node.numVfs(first.address)).to.equal(3);
    });

    it("is put back when somebody allows that, and the permission is used up", async () => {
      const annotations = { [Annotation.allowDisruption]: "4" };
      const allowed = await hw.lab.client.merge(
        SRIOV_NETWORK_DEVICE,
        name,
        { metadata: { annotations } },
        { fieldManager: "person" },
      );
      hw.observer.devices.observe(allowed);
      await hw.configured(first, 4);
      await hw.observer.device(
        name,
        ({ metadata }) => metadata.annotations?.[Annotation.allowDisruption] === undefined,
      );
    });

    it("is told with whose VFs went in an event", () => hw.event(name, "Disrupted", "in br0"));
  });
});
