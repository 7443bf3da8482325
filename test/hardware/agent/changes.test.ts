import { expect } from "chai";
import { ApiError } from "../../../kube/errors.js";
import { refusal } from "../../integration/refusal.js";
import { AgentOnGuest } from "./agent-on-guest.js";
import { first, second } from "./guest.js";

describe("the agent on a real kernel: changes of a count", function () {
  this.timeout(240_000);
  let hw: AgentOnGuest;

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    await hw.restore();
  });

  for (const [from, to] of [
    [0, 4],
    [4, 7],
    [7, 2],
    [2, 0],
  ] as const) {
    it(`goes from ${from} to ${to}, and tells of every VF what the kernel has`, () => hw.configure(first, to));
  }

  it("tells each in an event", () => hw.event("hw-enp1s0", "VfsChanged", "4 → 7 VFs"));

  it("describes VFs in the words of the guest's pci.ids", async () => {
    await hw.configure(first, 1);
    const [object] = await hw.observer.pciDevicesOf("hw-enp1s0");
    expect(object?.status?.description).to.equal("Ethernet controller: Intel Corporation 82576 Virtual Function");
  });

  it("leaves the other NIC alone meanwhile", async () => {
    expect(await hw.guest.virtualFunctions(second)).to.deep.equal([]);
  });

  it("sets the NIC's own interface up, without which VFs have no link", async () => {
    await hw.configure(first, 0);
    await hw.guest.setLinkDown(first);
    await hw.configure(first, 1);
    expect(await hw.guest.isLinkUp(first)).to.equal(true);
  });

  it("is refused 9 VFs by the API server, since the NIC has 7", async () => {
    const { metadata, status } = await hw.reported(first);
    expect(status?.totalVFs).to.equal(7);
    const error = await refusal(hw.observer.declare(metadata.name, 9), ApiError);
    expect(error.message).to.include("numVFS must not be above status.totalVFs");
  });
});
