import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeObject } from "../../api/object.js";
import { freePort } from "../../lab/control-plane/free-port.js";
import { type Lab, startLab } from "../../lab/lab.js";
import { beginRun } from "../../lab/processes/lab-run.js";
import { sharedLab } from "../shared-lab.js";
import { freshNic, type Nic } from "./nics.js";
import { errorsOf, openStack, type Program, type TestStack, warningsOn } from "./stack.js";

describe("access to the cluster", () => {
  let nic: Nic;
  let program: Program;
  let kubeconfig: string;
  const args = (more: object): Program => {
    const { nodeName, interfaceName } = nic;
    return (sriov) => {
      new sriov.SriovNetworkDevice("nic", { nodeName, interfaceName, numVfs: 2, ...more });
      return undefined;
    };
  };
  const onlyError = (errors: readonly string[]): string => {
    expect(errors).to.have.length(1);
    return errors[0] ?? "";
  };

  before(async () => {
    nic = await freshNic();
    program = args({});
    kubeconfig = readFileSync((await sharedLab()).controlPlane.kubeconfig, "utf8");
  });

  it("fails with one error that names the server where nobody listens", async () => {
    const { controlPlane } = await sharedLab();
    const nowhere = `https://127.0.0.1:${await freePort()}`;
    const text = kubeconfig.replaceAll(controlPlane.server, nowhere);
    const stack = await openStack({ program, environment: { KUBECONFIG: await file("nowhere", text) } });
    const error = onlyError(errorsOf(await stack.previewFails()));
    expect(error).to.contain(`cannot reach the API server ${nowhere}`).and.to.contain("ECONNREFUSED");
    expect(error).to.contain("check that the cluster is running");
  });

  it("fails with one error that lists the contexts where the named one is not there", async () => {
    const stack = await openStack({ program, config: { "sriov:context": "prod" } });
    const error = onlyError(errorsOf(await stack.previewFails()));
    expect(error).to.contain('has no context "prod"; it has lab').and.to.contain("Set sriov:context");
  });

  it("fails with one error that says to log in again where the token is not accepted", async () => {
    const text = await accountKubeconfig("bogus");
    const bogus = text.replace(/[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}/, "no.real.token");
    expect(bogus).not.to.equal(text);
    const stack = await openStack({ program, environment: { KUBECONFIG: await file("bogus", bogus) } });
    const error = onlyError(errorsOf(await stack.previewFails()));
    expect(error).to.contain("does not accept the credentials").and.to.contain("401");
    expect(error).to.contain("log in again, or renew the kubeconfig");
  });

  it("fails in preview with one error that says what may not be read", async () => {
    const text = await accountKubeconfig("nothing");
    const stack = await openStack({ program, environment: { KUBECONFIG: await file("nothing", text) } });
    const error = onlyError(errorsOf(await stack.previewFails()));
    expect(error).to.contain("not allowed with").and.to.contain('cannot list resource "sriovnetworkdevices"');
    expect(error).to.contain("Ask for a role that permits it");
  });

  it("fails in up with one error that says what may not be written, and leaves no state", async () => {
    const text = await accountKubeconfig("reader", ["get", "list", "watch"]);
    const stack = await openStack({ program, environment: { KUBECONFIG: await file("reader", text) } });
    await stack.preview();
    const error = onlyError(errorsOf(await stack.upFails()));
    expect(error).to.contain("not allowed with").and.to.contain('cannot patch resource "sriovnetworkdevices"');
    expect(await stack.resources()).to.deep.equal([]);
    expect(await nic.owners()).to.deep.equal([]);
  });

  it("prefers the resource's kubeconfig to sriov:, that to kubernetes:, and that to KUBECONFIG", async () => {
    const stack = await openStack({ program, environment: { KUBECONFIG: "/nowhere/environment" } });
    const failure = async (chosen?: Program): Promise<string> => errorsOf(await stack.previewFails(chosen)).join("\n");
    expect(await failure()).to.contain("kubeconfig /nowhere/environment cannot be read");
    await stack.automation.setConfig("kubernetes:kubeconfig", { value: "/nowhere/kubernetes" });
    expect(await failure()).to.contain("kubeconfig /nowhere/kubernetes cannot be read");
    await stack.automation.setConfig("sriov:kubeconfig", { value: "/nowhere/sriov" });
    expect(await failure()).to.contain("kubeconfig /nowhere/sriov cannot be read");
    expect(await failure(args({ kubeconfig: "/nowhere/argument" }))).to.contain("kubeconfig /nowhere/argument cannot");
  });

  describe("on a cluster without the reconciler", () => {
    let bare: Lab;
    let stack: TestStack;

    before(async () => {
      bare = await startLab(await beginRun({ label: "test-bare" }), { contract: false });
      stack = await openStack({ program, environment: { KUBECONFIG: bare.controlPlane.kubeconfig } });
    });

    after(async () => {
      bare.client.close();
      await bare.run.stop();
    });

    it("warns in preview that the kind is missing", async () => {
      const [warning = ""] = warningsOn(await stack.preview(), "nic");
      expect(warning).to.contain("the cluster does not know the kind SriovNetworkDevice");
      expect(warning).to.contain("up fails unless something that it installs first");
    });

    it("fails in up with advice, and leaves no state", async () => {
      const error = onlyError(errorsOf(await stack.upFails()));
      expect(error).to.contain(
        "the CustomResourceDefinition sriovnetworkdevices.devices.harvesterhci.io is not installed",
      );
      expect(error).to.contain("Install the reconciler");
      expect(await stack.resources()).to.deep.equal([]);
    });

    it("refuses a stack whose resources belong to another cluster", async () => {
      const deployed = await openStack({ program });
      await deployed.up();
      const moved = await deployed.withEnvironment({ KUBECONFIG: bare.controlPlane.kubeconfig });
      const words = `this resource belongs to another cluster than ${bare.controlPlane.server}`;
      expect(onlyError(errorsOf(await moved.previewFails()))).to.contain(words);
      expect((await moved.refreshFails()).error).to.contain(words);
      expect((await moved.destroyFails()).error).to.contain(words);
      expect(await nic.numVfs()).to.equal(2);
    });
  });

  async function file(name: string, text: string): Promise<string> {
    const path = join((await sharedLab()).run.dir, `${name}.kubeconfig`);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** For a service account that may do this to devices and, if anything at all, read Nodes and namespaces. */
  async function accountKubeconfig(name: string, verbs: readonly string[] = []): Promise<string> {
    const { client, controlPlane } = await sharedLab();
    const account = { namespace: "e2e", name };
    const text = await controlPlane.serviceAccountKubeconfig(account);
    if (verbs.length === 0) return text;
    const rbac = { apiVersion: "rbac.authorization.k8s.io/v1", namespaced: false };
    const options = { fieldManager: "e2e", force: true };
    const metadata = { name: `e2e-${name}` };
    const rules = [
      { apiGroups: ["devices.harvesterhci.io"], resources: ["sriovnetworkdevices"], verbs },
      { apiGroups: [""], resources: ["nodes", "namespaces"], verbs: ["get", "list"] },
    ];
    const role: KubeObject & { rules: unknown } = { metadata, rules };
    await client.apply({ ...rbac, kind: "ClusterRole", plural: "clusterroles" }, role, options);
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: metadata.name };
    const binding = { metadata, roleRef, subjects: [{ kind: "ServiceAccount", ...account }] };
    await client.apply({ ...rbac, kind: "ClusterRoleBinding", plural: "clusterrolebindings" }, binding, options);
    return text;
  }
});
