import { expect } from "chai";
import { freshNic, MAX_VFS, type Nic } from "./nics.js";
import { programFolder } from "./project.js";
import { errorsOf, openStack, type Program, type TestStack, warningsOn } from "./stack.js";

/** What a program gets wrong by itself is refused in preview, with words that say where. */
describe("bad input", () => {
  let nic: Nic;
  let stack: TestStack;

  before(async () => {
    nic = await freshNic();
    stack = await openStack({});
  });

  /** A program with one resource, `nic`, with these arguments in place of sound ones. */
  function withArgs(args: Readonly<Record<string, unknown>>): Program {
    const { nodeName, interfaceName } = nic;
    return (sriov) => {
      new sriov.SriovNetworkDevice("nic", { nodeName, interfaceName, numVfs: 2, ...args });
    };
  }

  const counts: readonly (readonly [string, unknown, string])[] = [
    ["negative", -1, "numVfs must be 0 or more, not -1"],
    ["fractional", 1.5, "numVfs must be a whole number, not 1.5"],
    ["a text", "4", 'numVfs must be a number, not the text "4"'],
  ];
  for (const [title, numVfs, reason] of counts) {
    it(`refuses a numVfs that is ${title}, naming property, device and maximum`, async () => {
      const [error = "", ...more] = errorsOf(await stack.previewFails(withArgs({ numVfs })));
      expect(more).to.deep.equal([]);
      expect(error).to.contain("property numVfs value").and.to.contain(reason);
      expect(error).to.contain(`${nic.deviceName} supports 0 to ${MAX_VFS}`);
    });
  }

  it("refuses a numVfs above the NIC's maximum, naming property, device and maximum", async () => {
    const [error = "", ...more] = errorsOf(await stack.previewFails(withArgs({ numVfs: 8 })));
    expect(more).to.deep.equal([]);
    expect(error).to.contain("property numVfs value {8} has a problem");
    expect(error).to.contain(`${nic.deviceName} supports at most ${MAX_VFS} VFs, not 8`);
  });

  it("refuses an interface that the node does not have, and lists the node's devices", async () => {
    const [error = ""] = errorsOf(await stack.previewFails(withArgs({ interfaceName: "eno1" })));
    expect(error).to.contain("property interfaceName value {eno1}");
    expect(error).to.contain(`node "${nic.nodeName}" has no SR-IOV device "eno1"; its SR-IOV devices: `);
    expect(error).to.contain(`${nic.interfaceName} (${nic.address}, at most ${MAX_VFS} VFs)`);
  });

  it("refuses an address that no NIC of the node has, and lists the node's devices", async () => {
    const args = { interfaceName: undefined, address: "0000:ff:00.0" };
    const [error = ""] = errorsOf(await stack.previewFails(withArgs(args)));
    expect(error).to.contain("property address value {0000:ff:00.0}");
    expect(error).to.contain(`has no SR-IOV device "0000:ff:00.0"`).and.to.contain(nic.address);
  });

  it("refuses a node that the cluster does not have, and lists the nodes that have reported", async () => {
    const [error = ""] = errorsOf(await stack.previewFails(withArgs({ nodeName: "nowhere" })));
    expect(error).to.contain("property nodeName value {nowhere}");
    expect(error).to.match(new RegExp(`no node "nowhere" in the cluster; nodes .* reported: .*${nic.nodeName}`));
  });

  it("refuses both of interfaceName and address", async () => {
    const [error = ""] = errorsOf(await stack.previewFails(withArgs({ address: nic.address })));
    expect(error).to.contain("give one of interfaceName and address, not both");
  });

  it("refuses neither of interfaceName and address", async () => {
    const [error = ""] = errorsOf(await stack.previewFails(withArgs({ interfaceName: undefined })));
    expect(error).to.contain("give one of interfaceName and address");
  });

  it("refuses a malformed address, and says what one looks like", async () => {
    const args = { interfaceName: undefined, address: "4:00.0" };
    const [error = ""] = errorsOf(await stack.previewFails(withArgs(args)));
    expect(error).to.contain("address must be a PCI address such as 0000:04:00.0 (lower case, with domain), not");
    expect(error).to.contain('"4:00.0"');
  });

  it("refuses an onVfsInUse that is neither word", async () => {
    const [error = ""] = errorsOf(await stack.previewFails(withArgs({ onVfsInUse: "ask" })));
    expect(error).to.contain('must be "refuse" or "proceed", not "ask"');
  });

  it("refuses customTimeouts that are no durations", async () => {
    const args = JSON.stringify({ nodeName: nic.nodeName, interfaceName: nic.interfaceName, numVfs: 2 });
    const folder = await programFolder(
      "timeouts",
      `const sriov = require("pulumi-sriov");
       new sriov.SriovNetworkDevice("nic", ${args}, { customTimeouts: { create: "soon" } });`,
    );
    const { error } = await (await openStack({ folder })).previewFails();
    expect(error).to.match(/unable to parse customTimeout value soon/i);
  });

  it("tells every wrong input of a resource at once", async () => {
    const errors = errorsOf(await stack.previewFails(withArgs({ nodeName: " ", numVfs: -1 })));
    expect(errors.join("\n")).to.contain("nodeName must be a name").and.to.contain("numVfs must be 0 or more");
  });

  it("touches nothing by all this", async () => {
    expect(await stack.resources()).to.deep.equal([]);
    expect(await nic.owners()).to.deep.equal([]);
    expect(warningsOn(await stack.preview(withArgs({})), "nic")).to.deep.equal([]);
  });
});
