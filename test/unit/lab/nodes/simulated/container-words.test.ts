import { expect } from "chai";
import { containerWords, type Mounts } from "../../../../../lab/nodes/simulated/pods/container-words.js";
import type { ContainerSpec, NodePod } from "../../../../../lab/nodes/simulated/pods/node-pod.js";

const PLACE = { nodeAddress: "127.70.1.1", podAddress: "127.70.1.9" };
const MOUNTS: Mounts = { "/": "/none", "/data": "/here", "/data/deep": "/there" };
const POD: NodePod = { metadata: { name: "pod", namespace: "ns", labels: { app: "web" } }, spec: { nodeName: "node" } };

const words = (container: Partial<ContainerSpec>) =>
  containerWords(POD, { name: "main", ...container }, PLACE, MOUNTS, { GIVEN: "before" });
const arg = (text: string): string | undefined => words({ args: [text] }).args[0];

describe("what a simulated container is told", () => {
  it("has variables put in where they are referred to", () => {
    expect(arg("--a=$(GIVEN)")).to.equal("--a=before");
  });

  it("keeps what is escaped, or not known, as a kubelet does", () => {
    expect([arg("$$(GIVEN)"), arg("$(OTHER)")]).to.deep.equal(["$(GIVEN)", "$(OTHER)"]);
  });

  it("has variables refer to those before them alone", () => {
    const env = [
      { name: "EARLY", value: "$(LATE)" },
      { name: "LATE", value: "$(EARLY)!" },
    ];
    expect(words({ env }).env).to.include({ EARLY: "$(LATE)", LATE: "$(LATE)!" });
  });

  it("has fields of the pod, its labels among them", () => {
    const field = (fieldPath: string) => ({ name: fieldPath, valueFrom: { fieldRef: { fieldPath } } });
    const env = ["metadata.namespace", "metadata.labels['app']", "spec.nodeName", "status.hostIP"].map(field);
    expect(words({ env }).env).to.include({
      "metadata.namespace": "ns",
      "metadata.labels['app']": "web",
      "spec.nodeName": "node",
      "status.hostIP": "127.70.1.1",
    });
  });

  it("refuses a variable from elsewhere, and names it", () => {
    const env = [{ name: "PRIORITY", valueFrom: { fieldRef: { fieldPath: "spec.priority" } } }];
    expect(() => words({ env })).to.throw(/cannot tell PRIORITY from \{"fieldRef":\{"fieldPath":"spec.priority"\}\}/);
  });

  it("leads a path by the nearest mount", () => {
    expect([arg("/data/file"), arg("--f=/data/deep/file"), arg("/data/deeper"), arg("/database")]).to.deep.equal([
      "/here/file",
      "--f=/there/file",
      "/here/deeper",
      "/none/database",
    ]);
  });

  it("has the pod's own address where it is to listen, whatever port", () => {
    expect(["127.0.0.1:80", "--l=0.0.0.0:8443", "[::]:1"].map(arg)).to.deep.equal([
      "127.70.1.9:80",
      "--l=127.70.1.9:8443",
      "127.70.1.9:1",
    ]);
  });

  it("leaves an address without a port alone", () => {
    expect(arg("--server=127.0.0.1")).to.equal("--server=127.0.0.1");
  });
});
