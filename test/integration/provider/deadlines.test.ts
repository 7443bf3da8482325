import { expect } from "chai";
import { readFileSync } from "node:fs";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { ConnectionError } from "../../../kube/errors.js";
import type { Lab } from "../../../lab/lab.js";
import { countOwners } from "../../../provider/core/device/field-ownership.js";
import { Cluster, type Operation, PartialFailure, runOperation, sriovNetworkDevice } from "../../../provider/index.js";
import type { DeviceOutputs } from "../../../provider/index.js";
import { sharedLab } from "../../shared-lab.js";
import { PlainServer } from "../kube/plain-server.js";
import { byWayOf, TcpProxy } from "../kube/tcp-proxy.js";
import { refusal } from "../refusal.js";

/** Operations of which the API server hears the beginning, or nothing at all. Their time runs out for real. */
describe("an operation whose time runs out", () => {
  const nodeName = "deadlines";
  const inputs = { nodeName, interfaceName: "eno49", numVfs: 2, resourceUrn: "urn:pulumi:test::deadline::nic" };
  let lab: Lab;
  let proxy: TcpProxy;
  let cluster: Cluster;

  before(async () => {
    lab = await sharedLab();
    await lab.addSimulatedNode(nodeName);
  });
  beforeEach(async () => {
    proxy = await TcpProxy.to(lab.controlPlane.server);
    const kubeconfig = byWayOf(proxy.address, readFileSync(lab.controlPlane.kubeconfig, "utf8"));
    cluster = Cluster.open({ kubeconfig });
  });
  afterEach(async () => {
    proxy.close();
    await cluster.close();
  });

  it("ends where the API server hangs from the start, with the option that gives more time", async () => {
    proxy.hold();
    const create = (operation: Operation) => sriovNetworkDevice.create(operation, inputs);
    const error = await refusal(operate("create", "300ms", create), ConnectionError);
    expect(error.message).to.equal(
      `the API server ${proxy.address} did not answer in time. More time: customTimeouts.create (300ms now).`,
    );
  });

  it("leaves what is asked for on behalf of all to the others", async () => {
    proxy.hold();
    const read = (operation: Operation) => operation.cluster.uid();
    const long = operate("create", "1m", read);
    await refusal(operate("delete", "50ms", read), ConnectionError);
    proxy.letGo();
    expect(await long).to.be.a("string");
  });

  it("ends with its cluster's connections what is asked on behalf of all", async () => {
    proxy.hold();
    const asked = refusal(cluster.uid(), DOMException);
    await cluster.close();
    expect((await asked).name).to.equal("AbortError");
  });

  it("asks on behalf of all as patiently as for itself", async () => {
    const asked: unknown[] = [];
    const server = await PlainServer.start((_request, response) => {
      asked.push(0);
      if (asked.length > 4) response.end(JSON.stringify({ metadata: { name: "kube-system", uid: "one" } }));
      else response.writeHead(429, { "Retry-After": "0.01" }).end();
    });
    const plain = Cluster.open({ kubeconfig: server.kubeconfig });
    expect(await plain.uid()).to.equal("one");
    await plain.close();
    server.stop();
  });

  it("ends with the request that it hangs at, which it names", async () => {
    const error = await refusal(
      operate("delete", "500ms", async ({ cluster: { client } }) => {
        await client.get(SRIOV_NETWORK_DEVICE, "deadlines-eno49");
        proxy.hold();
        return client.get(SRIOV_NETWORK_DEVICE, "deadlines-eno49");
      }),
      ConnectionError,
    );
    expect(error.message).to.contain("did not answer GET /apis/devices.harvesterhci.io/v1beta1/sriovnetworkdevices/");
    expect(error.message).to.contain("in time. More time: customTimeouts.delete (500ms now).");
  });

  const moments = [
    ["though the API server is away since", "after", /: not ready with 2 VFs in time: /],
    ["of which it does not know whether it was begun", "before", / did not answer PATCH .* in time\./],
  ] as const;
  for (const [title, moment, words] of moments) {
    it(`keeps the state of a change ${title}, and goes on from there`, async () => {
      const cut = (operation: Operation): Operation => {
        const { client } = operation.cluster;
        const apply: typeof client.apply = async (...args) => {
          if (moment === "before") proxy.hold();
          const applied = await client.apply(...args);
          if (moment === "after") proxy.hold();
          return applied;
        };
        const cutClient = Object.assign(Object.create(client) as typeof client, { apply });
        const cluster = Object.assign(Object.create(operation.cluster) as Cluster, { client: cutClient });
        return { ...operation, cluster };
      };
      const create = (operation: Operation) => sriovNetworkDevice.create(cut(operation), inputs);
      const error = await refusal(operate("create", "1500ms", create), PartialFailure<DeviceOutputs>);
      expect(error.message).to.match(words).and.to.contain("More time: customTimeouts.create (1500ms now).");
      proxy.letGo();
      const update = (operation: Operation) => sriovNetworkDevice.update(operation, error.id, error.outputs, inputs);
      expect((await operate("update", "30s", update)).vfAddresses).to.have.length(2);
      await operate("delete", "30s", (operation) => sriovNetworkDevice.delete(operation, error.id, error.outputs));
      const device = await lab.client.get(SRIOV_NETWORK_DEVICE, error.id);
      expect(device.status?.virtualFunctions).to.deep.equal([]);
      expect(countOwners(device)).to.deep.equal([]);
    });
  }

  it("does not wait for its cluster longer than for anything else", async () => {
    const never = new Promise<Cluster>(() => undefined);
    const task = { kind: "update", timeouts: { update: "50ms" }, log: log(), connect: () => never } as const;
    const error = await refusal(
      runOperation(task, () => Promise.resolve()),
      ConnectionError,
    );
    expect(error.message).to.equal("the cluster was not reached in time. More time: customTimeouts.update (50ms now).");
  });

  function operate<T>(
    kind: "create" | "update" | "delete",
    timeout: string,
    work: (operation: Operation) => Promise<T>,
  ): Promise<T> {
    const connect = (): Promise<Cluster> => Promise.resolve(cluster);
    return runOperation({ kind, timeouts: { [kind]: timeout }, log: log(), connect }, work);
  }

  function log(): Operation["log"] {
    const silent = (): void => undefined;
    return { inform: silent, warn: silent, status: silent };
  }
});
