import { vfGroup } from "../../../unit/agent/nic.js";
import { PluginNode } from "./plugin-node.js";

const FAST = "openshift.io/fast";

describe("VFs of a policy, offered to the kubelet", () => {
  let it_: PluginNode;
  before(async () => {
    it_ = await PluginNode.start("n-plug");
  });
  after(() => it_.stop());

  it("appear when they are made", async () => {
    await it_.ask(0, { numVFS: 4, vfGroups: [vfGroup("0-3", { resourceName: "fast" })] });
    await it_.offers(FAST, 4);
    console.log(it_.healthy(FAST), it_.kubelet.registered, it_.kubelet.listsOf);
    console.log(it_.logged().slice(-8));
    console.log(JSON.stringify(await it_.kubelet.allocate("web/a", FAST, 2), null, 1), it_.deviceInfo());
  });
  it("go when they go", async () => {
    await it_.ask(0, { numVFS: 0 });
    await it_.offers(FAST, 0);
    console.log(it_.kubelet.devicesOf(FAST), it_.deviceInfo());
  });
});
