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
}
