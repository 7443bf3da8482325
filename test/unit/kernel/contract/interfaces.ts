import { expect } from "chai";
import type { PciAddress } from "../../../../reconciler/kernel/kernel.js";
import { ABSENT, refused, type ContractNode } from "./contract-node.js";

/** What is done to an interface. */
export function describeInterfaces(node: ContractNode): void {
  const { kernel, options, writes, read, readVf, ready, removeAllVfs } = node;

  describe("setting an interface up", () => {
    const setUp = (address: PciAddress, name: string): Promise<void> => kernel().setInterfaceUp(address, name, options);
    const pfInterface = async (): Promise<string> => (await read()).interfaces[0]?.name ?? expect.fail("no interface");

    it("is seen", async () => {
      await setUp(node.nic, await pfInterface());
      expect((await read()).interfaces[0]?.up).to.equal(true);
    });

    it("changes nothing where it is up", async () => {
      await setUp(node.nic, await pfInterface());
      await setUp(node.nic, await pfInterface());
      expect((await read()).interfaces[0]?.up).to.equal(true);
    });

    it("works for a VF's, once its PF's is", async () => {
      await setUp(node.nic, await pfInterface());
      await removeAllVfs();
      await writes(1);
      await ready();
      const { address, interfaces } = await readVf();
      expect(interfaces[0]?.up).to.equal(false);
      await setUp(address, interfaces[0]?.name ?? "");
      expect((await readVf()).interfaces[0]?.up).to.equal(true);
    });

    it("answers ENOENT where there is no such interface", async () => {
      const { code, path } = await refused(setUp(node.nic, "lan9"));
      expect(code).to.equal("ENOENT");
      expect(path).to.match(new RegExp(`/${node.nic}/net/lan9/flags$`));
    });

    it("answers ENOENT where there is no such function", async () => {
      expect((await refused(setUp(ABSENT, "lan9"))).code).to.equal("ENOENT");
    });

    it("refuses what is no interface's name before it becomes a path", async () => {
      expect(await setUp(node.nic, "..").catch(String)).to.equal('TypeError: ".." is not an interface\'s name');
    });
  });
  describe("the MTU of an interface", () => {
    const setMtu = (address: PciAddress, name: string, mtu: number): Promise<void> =>
      kernel().setMtu(address, name, mtu, options);
    const nameOf = async (): Promise<string> => (await read()).interfaces[0]?.name ?? expect.fail("no interface");
    const mtuOf = async (): Promise<number | undefined> => (await read()).interfaces[0]?.mtu;

    afterEach(async () => setMtu(node.nic, await nameOf(), 1500));

    it("is 1500 at first, on Ethernet", async () => {
      expect((await read(node.otherNic)).interfaces[0]).to.include({ mtu: 1500, linkType: "eth" });
    });

    it("is seen when it is set", async () => {
      await setMtu(node.nic, await nameOf(), 2000);
      expect(await mtuOf()).to.equal(2000);
    });

    it("can be set to what it is", async () => {
      await setMtu(node.nic, await nameOf(), 2000);
      await setMtu(node.nic, await nameOf(), 2000);
      expect(await mtuOf()).to.equal(2000);
    });

    it("stays when VFs are made and removed", async () => {
      await removeAllVfs();
      await setMtu(node.nic, await nameOf(), 2000);
      await writes(1, 0);
      expect(await mtuOf()).to.equal(2000);
    });

    for (const mtu of [0, -1, 1, 1500.5, NaN, 1_000_000]) {
      it(`is not changed by ${mtu}, which is EINVAL`, async () => {
        const { code, path, operation } = await refused(setMtu(node.nic, await nameOf(), mtu));
        expect([code, operation]).to.deep.equal(["EINVAL", `write ${mtu}`]);
        expect(path).to.match(new RegExp(`/${node.nic}/net/[^/]+/mtu$`));
        expect(await mtuOf()).to.equal(1500);
      });
    }

    it("is a VF's own: 1500 when it is made, and then what it is set to", async () => {
      await removeAllVfs();
      await setMtu(node.nic, await nameOf(), 2000);
      await writes(1);
      await ready();
      const { address, interfaces } = await readVf();
      expect(interfaces[0]).to.include({ mtu: 1500, linkType: "eth" });
      await setMtu(address, interfaces[0]?.name ?? "", 1800);
      expect([(await readVf()).interfaces[0]?.mtu, await mtuOf()]).to.deep.equal([1800, 2000]);
    });

    it("answers ENOENT where there is no such interface", async () => {
      expect((await refused(setMtu(node.nic, "lan9", 1500))).code).to.equal("ENOENT");
    });

    it("refuses what is no interface's name before it becomes a path", async () => {
      expect(await setMtu(node.nic, "a/b", 1500).catch(String)).to.equal(
        'TypeError: "a/b" is not an interface\'s name',
      );
    });
  });
}
