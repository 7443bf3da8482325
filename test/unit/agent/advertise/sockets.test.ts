import { expect } from "chai";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { othersWith, removeLeftOvers, socketName } from "../../../../reconciler/agent/advertise/sockets.js";

describe("sockets of the device plugin", () => {
  it("fit into an address, whatever their resource is called", () => {
    const longest = `${"p".repeat(253)}/${"n".repeat(63)}`;
    expect(`/var/lib/kubelet/device-plugins/${socketName(longest)}`.length).to.be.at.most(107);
  });

  it("are never called the same", () => {
    expect(socketName("example.com/fast")).to.not.equal(socketName("example.com/fast"));
  });

  describe("in a folder", () => {
    let directory: string;
    let server: Server;
    const served = socketName("example.com/fast");
    const left = socketName("example.com/slow");
    before(async () => {
      directory = mkdtempSync(join(tmpdir(), "sockets-"));
      server = createServer();
      await new Promise<void>((resolve) => server.listen(join(directory, served), resolve));
      for (const name of [
        left,
        "kubevirt-example.com-nic.sock",
        "example.com_fast.sock",
        "kubelet_internal_checkpoint",
      ]) {
        writeFileSync(join(directory, name), "");
      }
    });
    after(async () => {
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true });
    });

    it("are removed where nobody serves them, and nothing else is", async () => {
      expect(await removeLeftOvers(directory)).to.deep.equal([served]);
      const rest = ["example.com_fast.sock", "kubelet_internal_checkpoint", "kubevirt-example.com-nic.sock", served];
      expect(readdirSync(directory).sort()).to.deep.equal(rest);
    });

    it("tell who else offers a resource", () => {
      expect(othersWith("example.com/fast", directory, [served])).to.deep.equal(["example.com_fast.sock", served]);
      expect(othersWith("example.com/nic", directory, [served])).to.deep.equal(["kubevirt-example.com-nic.sock"]);
      expect(othersWith("example.com/slow", directory, [served])).to.deep.equal([]);
    });
  });
});
