import { expect } from "chai";
import { readyCondition } from "../../../api/sriov-network-device.js";
import { AgentOnGuest } from "./agent-on-guest.js";
import { first } from "./guest.js";

describe("the agent on a real kernel: what it lacks", function () {
  this.timeout(240_000);
  let hw: AgentOnGuest;
  let name = "";

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    await hw.restore();
    name = hw.nameOf(first);
  });
  after(async () => {
    await hw.restartAgent();
    await hw.restore();
  });

  it("names a read-only /sys", async () => {
    await hw.node.stopAgent("SIGKILL");
    const readOnly = `mount -o remount,bind,ro /sys && exec "$0" "$@"`;
    await hw.node.startAgent({ inside: ["unshare", "-m", "sh", "-c", readOnly] });
    await hw.observer.declare(name, 2);
    const message = readyCondition(await hw.observer.ready(name, "KernelRefused"))?.message;
    expect(message)
      .to.include(first.address)
      .and.to.include("EROFS")
      .and.to.match(/sysfs (is )?read-only/);
  });

  it("names CAP_NET_ADMIN, where it may not set the NIC's interface up", async () => {
    await hw.node.stopAgent("SIGKILL");
    await hw.guest.setLinkDown(first);
    // In a user namespace of its own, root may write root's files, and has no capability in the host's network.
    await hw.node.startAgent({ inside: ["unshare", "-U", "-r"] });
    const told = await hw.observer.device(name, (device) =>
      /CAP_NET_ADMIN/.test(readyCondition(device)?.message ?? ""),
    );
    expect(readyCondition(told)?.message).to.include("is down, so that its VFs have no link");
    expect(await hw.guest.virtualFunctions(first)).to.have.length(2);
  });

  it("tells of VFs without a link in an event", () => hw.event(name, "LinkDown", "CAP_NET_ADMIN"));
});
