import { POD, type Pod } from "../../../api/core.js";
import { RESOURCE_PREFIX } from "../../../api/names.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { Informer } from "../../../kube/informer.js";
import { waitFor } from "../../../kube/wait.js";
import { BUSYBOX_IMAGE } from "../../nodes/kubelet/busybox-image.js";
import type { Lab } from "../../lab.js";
import { table } from "../../table.js";

const [NAME, NAMESPACE] = ["router", "default"];
/** The pool of the policy in examples/cluster. */
const RESOURCE = `${RESOURCE_PREFIX}/storage`;
const PATIENCE_MS = 300_000;

/** With fields that nothing here reads. */
type NewPod = Pod & { readonly spec?: object };

/** A pod that has VFs of the policy's pool. */
export class VfUser {
  private constructor(
    private readonly lab: Lab,
    private readonly began: Pod,
    private readonly devices: string,
  ) {}

  /** Resolves when the pod runs, and the NICs' objects say that so many VFs are its. */
  static async start(lab: Lab, nodeName: string, vfs: number): Promise<VfUser> {
    const limits = { [RESOURCE]: String(vfs) };
    const container = { name: "main", image: BUSYBOX_IMAGE, resources: { limits } };
    const spec = {
      nodeSelector: { "kubernetes.io/hostname": nodeName },
      terminationGracePeriodSeconds: 1,
      containers: [container],
    };
    const metadata = { name: NAME, namespace: NAMESPACE };
    console.log(`$ kubectl create -f router.yaml   # limits: { ${RESOURCE}: "${vfs}" }`);
    await lab.client.create<NewPod>(POD, { metadata, spec }, { fieldManager: "kubectl-create" });
    const pod = await awaitPod(lab, (pod) => pod?.status?.phase === "Running");
    if (pod === undefined) throw new Error(`pod ${NAME} is gone`);
    return new VfUser(lab, pod, await VfUser.#showUses(lab, vfs));
  }

  /** Throws where the pod, or what the NICs' objects say of it, is not what it was. */
  async goesOn(): Promise<void> {
    const now = await this.lab.client.get(POD, NAME, { namespace: NAMESPACE });
    const [was, is] = [containers(this.began), containers(now)];
    if (is !== was) throw new Error(`pod ${NAME} is not what it was: ${is}, and not ${was}`);
    const devices = await VfUser.#showUses(this.lab, this.devices.split(", ").length);
    if (devices !== this.devices) throw new Error(`pod ${NAME} has other VFs now: ${devices}, not ${this.devices}`);
    console.log(`Pod ${NAME} has noticed nothing.`);
  }

  /** Resolves when the pod is gone, and the NICs' objects say so. */
  async remove(): Promise<void> {
    console.log(`$ kubectl delete pod ${NAME}`);
    await this.lab.client.delete(POD, NAME, { namespace: NAMESPACE });
    await awaitPod(this.lab, (pod) => pod === undefined);
    await VfUser.#showUses(this.lab, 0);
  }

  /** Prints which VFs are in use by whom, and returns the addresses of the pod's. */
  static async #showUses(lab: Lab, expected: number): Promise<string> {
    const informer = new Informer(lab.client, SRIOV_NETWORK_DEVICE).start();
    const uses = () =>
      informer
        .list()
        .flatMap(({ metadata, status }) =>
          (status?.virtualFunctions ?? []).flatMap(({ address, usedBy }) =>
            usedBy === undefined ? [] : [{ device: metadata.name, vf: address, "used by": usedBy }],
          ),
        );
    const ofPod = () => uses().filter((use) => use["used by"] === `pod ${NAMESPACE}/${NAME}`);
    try {
      await informer.synced;
      await waitFor(
        informer,
        () =>
          ofPod().length === expected
            ? { state: "satisfied", result: undefined }
            : { state: "pending", what: `${ofPod().length} VFs are told to be the pod's, not ${expected}` },
        { deadline: Date.now() + PATIENCE_MS },
      );
      console.log(table(uses()));
      return ofPod()
        .map(({ vf }) => vf)
        .join(", ");
    } finally {
      await informer.stop();
    }
  }
}

/** The pod and its containers by identity: a kubelet goes on to tell more of the same ones, such as their mounts. */
function containers({ metadata: { uid }, status }: Pod): string {
  const same = status?.containerStatuses?.map(({ containerID, restartCount }) => ({ containerID, restartCount }));
  return JSON.stringify({ uid, containers: same });
}

async function awaitPod(lab: Lab, isAsWanted: (pod: Pod | undefined) => boolean): Promise<Pod | undefined> {
  const informer = new Informer(lab.client, POD, { namespace: NAMESPACE }).start();
  try {
    await informer.synced;
    return await waitFor(
      informer,
      () => {
        const pod = informer.get(NAME, NAMESPACE);
        return isAsWanted(pod)
          ? { state: "satisfied", result: pod }
          : { state: "pending", what: `pod ${NAME}: ${JSON.stringify(pod?.status ?? "there is none")}` };
      },
      { deadline: Date.now() + PATIENCE_MS },
    );
  } finally {
    await informer.stop();
  }
}
