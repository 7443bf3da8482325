import { expect } from "chai";
import { Annotation } from "../../../api/names.js";
import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import type { SriovNetworkArgs } from "../../../sdk/sriov-network.js";
import { openStack, type Program, type TestStack } from "../stack.js";
import { attachment, found, freshTwins, type Twins } from "./twins.js";

/** A network without a policy, from its creation to its end. The tests are one story, in order. */
describe("a network of a pool that somebody else made", function () {
  this.timeout(180_000);
  let twins: Twins;
  let stack: TestStack;
  let key = "";

  function asking(args: Partial<SriovNetworkArgs>): Program {
    return (sriov) => {
      const network = new sriov.SriovNetwork("pool", {
        resourceName: "pool",
        networkNamespace: "default",
        ipam: { type: "host-local", subnet: "192.0.2.0/24" },
        ...args,
      });
      return { key: network.networkAttachmentDefinition, status: network.status, name: network.networkName };
    };
  }

  before(async () => {
    twins = await freshTwins();
    stack = await openStack({ program: asking({ vlan: 100 }) });
  });

  it("is one creation in preview", async () => {
    expect((await stack.preview()).steps["pool"]?.op).to.equal("create");
  });

  it("becomes an attachment in the namespace of those who use it", async () => {
    const { outputs } = await stack.up();
    key = String(outputs["key"]);
    expect(outputs).to.include({ status: "Attached" });
    expect(key).to.match(/^default\/pool-[0-9a-f]{7}$/);
    const made = await attachment(twins.lab, key);
    expect(made?.metadata.annotations?.[Annotation.resourceName]).to.equal("openshift.io/pool");
    expect(JSON.parse(made?.spec?.config ?? "")).to.deep.include({
      ...{ type: "sriov", vlan: 100 },
      ipam: { type: "host-local", subnet: "192.0.2.0/24" },
    });
  });

  it("leaves nothing to do", async () => {
    expect((await stack.preview()).steps).to.deep.equal({});
  });

  it("has not drifted, says a refresh", async () => {
    const before = await stack.resources();
    await stack.refresh();
    expect(await stack.resources()).to.deep.equal(before);
  });

  it("carries a change into the attachment", async () => {
    const changed = asking({ vlan: 200, trust: true });
    expect((await stack.preview(changed)).steps["pool"]).to.deep.include({ op: "update" });
    await stack.up(changed);
    const made = await attachment(twins.lab, key);
    expect(JSON.parse(made?.spec?.config ?? "")).to.deep.include({ vlan: 200, trust: "on" });
  });

  it("moves to another namespace, and leaves none behind", async () => {
    const { outputs } = await stack.up(asking({ networkNamespace: "kube-public" }));
    expect(await attachment(twins.lab, key)).to.equal(undefined);
    key = String(outputs["key"]);
    expect(key).to.match(/^kube-public\//);
    expect(await attachment(twins.lab, key)).to.not.equal(undefined);
  });

  it("goes with its attachment", async () => {
    const { outputs } = await stack.up(asking({ networkNamespace: "kube-public" }));
    await stack.destroy();
    expect(await attachment(twins.lab, key)).to.equal(undefined);
    expect(await found(twins.lab, SRIOV_NETWORK, String(outputs["name"]))).to.equal(undefined);
    expect(await stack.resources()).to.deep.equal([]);
  });
});
