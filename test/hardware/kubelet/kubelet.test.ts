import { claims } from "./claims.js";
import { devicePlugin } from "./device-plugin.js";
import { PodsOnGuest } from "./pods-on-guest.js";
import { restarts } from "./restarts.js";

// One guest for all, since each boot takes half a minute; and no longer than needed, since an idle kubelet is not idle for
// whoever emulates it.
describe("a node with a kubelet", function () {
  this.timeout(900_000);
  let pods: PodsOnGuest | undefined;
  const shared = (): PodsOnGuest => {
    if (pods === undefined) throw new Error("the node was not started");
    return pods;
  };

  before(async () => {
    pods = await PodsOnGuest.start();
  });
  after(() => pods?.stop());

  devicePlugin(shared);
  restarts(shared);
  claims(shared);
});
