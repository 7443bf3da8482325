import { expect } from "chai";
import type { Pod } from "../../../api/core.js";
import { first } from "../agent/guest.js";
import { netdevices, NETDEVICES } from "./groups.js";
import type { PodsOnGuest } from "./pods-on-guest.js";

const ENVIRONMENT = "PCIDEVICE_OPENSHIFT_IO_NETDEVICES";

/** Either side of the device plugin is killed while a pod has a VF. */
export function restarts(shared: () => PodsOnGuest): void {
  describe("a pod's VF, when kubelet or agent are killed", () => {
    let pods: PodsOnGuest;
    let pod: Pod;
    let address: string | undefined;

    before(async () => {
      pods = shared();
      await pods.restore();
      await pods.hw.ask(first, { numVFS: 2, vfGroups: [netdevices("0-1")] });
      await pods.offers({ [NETDEVICES]: 2 });
      pod = await pods.run("keeper", [NETDEVICES]);
      address = (await pods.told(pod)).get(ENVIRONMENT);
    });

    it("is offered to a kubelet that was killed as soon as it is back", async () => {
      await pods.hw.node.stopKubelet("SIGKILL");
      await pods.forgetOffer(NETDEVICES);
      await pods.hw.node.startKubelet();
      await pods.offers({ [NETDEVICES]: 2 });
    });

    it("is offered no more when the agent is killed, and again when it is back", async () => {
      await pods.hw.node.stopAgent("SIGKILL");
      await pods.offers({ [NETDEVICES]: 0 });
      await pods.hw.node.startAgent();
      await pods.offers({ [NETDEVICES]: 2 });
    });

    it("stays the pod's, whose container has not noticed", () => {
      const container = ({ status }: Pod) => status?.containerStatuses?.[0];
      const now = pods.get("keeper");
      expect(now?.metadata.uid).to.equal(pod.metadata.uid);
      expect(now && container(now)?.containerID).to.equal(container(pod)?.containerID);
      expect(now && container(now)?.restartCount).to.equal(0);
    });

    it("is not given to the next pod, which gets the other", async () => {
      const next = await pods.told(await pods.run("next", [NETDEVICES]));
      expect([address, next.get(ENVIRONMENT)].sort()).to.deep.equal(["0000:01:10.0", "0000:01:10.2"]);
    });
  });
}
