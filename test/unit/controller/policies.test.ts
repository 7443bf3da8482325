import { expect } from "chai";
import { pino } from "pino";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { ConnectionError } from "../../../kube/errors.js";
import type { JobParts } from "../../../reconciler/controller/job.js";
import { Policies } from "../../../reconciler/controller/policies/policies.js";
import { noMetrics } from "../../../reconciler/controller/service/metrics.js";
import type { Watches } from "../../../reconciler/controller/watches.js";
import { noEvents } from "../../../reconciler/service/events.js";

/** A NIC for which the controller has declared two VFs, and whose node has no policy. */
const declared: SriovNetworkDevice = {
  metadata: {
    name: "nic",
    uid: "1",
    generation: 2,
    managedFields: [
      { manager: "pulumi-sriov-controller", operation: "Apply", fieldsV1: { "f:spec": { "f:numVFS": {} } } },
    ],
  },
  spec: { address: "0000:01:00.0", nodeName: "node", numVFS: 2 },
  status: { observedGeneration: 2 },
};

describe("the policies' job", () => {
  /** The controller's own. */
  let namespace: string;
  let unknown: string[];
  /** What the API server has, and no watch has told of. */
  let untold: KubeObject[];
  let applied: unknown[];
  let ending: AbortController;
  let leading: Promise<void> | undefined;

  beforeEach(() => {
    namespace = "pulumi-sriov";
    unknown = [];
    untold = [];
    applied = [];
    ending = new AbortController();
  });
  afterEach(async () => {
    ending.abort();
    await leading;
  });

  /** Resolves after a pass. */
  async function pass(apply: (object: KubeObject) => Promise<KubeObject>): Promise<void> {
    const informer = (...objects: KubeObject[]) => {
      const listeners = new Set<(change: unknown) => void>();
      return {
        list: () => objects,
        get: (name: string) => objects.find(({ metadata }) => metadata.name === name),
        observe: (object: KubeObject) => {
          if (untold.includes(object)) for (const listener of listeners) listener({ kind: "set", object });
        },
        onChange: (listener: (change: unknown) => void) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      };
    };
    const node = { metadata: { name: "node" } };
    const kinds = { nodes: informer(node), devices: informer(declared), policies: informer() };
    const watches = { ...kinds, unknown: () => unknown } as unknown as Watches;
    const client = {
      list: ({ plural }: ResourceType<KubeObject>) =>
        Promise.resolve({ metadata: {}, items: untold.filter((it) => (plural === "nodes") === !("spec" in it)) }),
      apply: (_type: unknown, object: KubeObject) => {
        applied.push(object);
        return apply(object);
      },
    } as unknown as KubeClient;
    await new Promise<void>((resolve) => {
      const metrics = { ...noMetrics, passEnded: () => resolve() };
      const parts: JobParts = { client, watches, metrics, events: noEvents, log: pino({ level: "silent" }) };
      leading = new Policies(parts, { namespace, resourcePrefix: "p" }).lead(ending.signal);
    });
  }

  it("lets go of a NIC that no policy selects, with nothing but its name and uid", async () => {
    await pass(() => Promise.resolve(declared));
    expect(applied).to.deep.equal([{ metadata: { name: "nic", uid: "1" } }]);
  });

  const policy: KubeObject & { spec: object } = { metadata: { name: "policy", namespace: "n" }, spec: {} };
  for (const [what, object] of [
    ["a policy", policy],
    ["a Node's label", { metadata: { name: "node", labels: { role: "worker" } } }],
  ] as const) {
    it(`lets go of nothing while the API server has ${what} that no watch has told of`, async () => {
      untold = [object];
      await pass(() => Promise.resolve(declared));
      expect(applied).to.deep.equal([]);
    });
  }

  it("lets go of nothing that the controller of another namespace has declared", async () => {
    namespace = "default";
    await pass(() => Promise.resolve(declared));
    expect(applied).to.deep.equal([]);
  });

  it("lets go of nothing before it has read all policies", async () => {
    unknown = ["sriovnetworknodepolicies"];
    await pass(() => Promise.resolve(declared));
    expect(applied).to.deep.equal([]);
  });

  it("does not fail as a whole where the API server cannot answer about one NIC", async () => {
    await pass(() => Promise.reject(new ConnectionError("away", "ECONNRESET")));
    expect(applied).to.have.length(1);
  });
});
