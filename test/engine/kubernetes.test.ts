import { expect } from "chai";
import { InitFailed, type Provider } from "../../lab/engine/provider.js";
import { startKubernetesProvider } from "../../lab/engine/kubernetes.js";
import type { Properties } from "../../lab/engine/values.js";
import { SmallApiServer } from "./small-api-server.js";

const noRow = (): void => undefined;

describe("stand-in engine: kubernetes resources", () => {
  let api: SmallApiServer;
  let provider: Provider;
  beforeEach(async () => {
    api = await SmallApiServer.start();
    provider = await startKubernetesProvider({ kubeconfig: api.kubeconfig, namespace: "lab" }, noRow);
  });
  afterEach(() => api.stop());

  const urn = "urn:pulumi:dev::p::kubernetes:core/v1:ConfigMap::settings";
  const folder = "/api/v1/namespaces/lab/configmaps";
  const path = `${folder}/settings`;
  const inputs: Properties = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings" },
    data: { count: "1" },
  };
  const existing = { urn, id: "lab/settings", inputs, outputs: inputs, timeout: 5 };

  it("takes version and kind from the type", async () => {
    const { inputs: checked } = await provider.check(urn, undefined, { metadata: { name: "settings" } });
    expect(checked).to.deep.include({ apiVersion: "v1", kind: "ConfigMap" });
  });

  it("makes up a name where there is none, and keeps it", async () => {
    const first = (await provider.check(urn, undefined, {})).inputs;
    const second = (await provider.check(urn, first, {})).inputs;
    expect((first["metadata"] as Properties)["name"]).to.match(/^settings-[0-9a-f]{8}$/);
    expect(second).to.deep.equal(first);
  });

  it("creates in the provider's namespace", async () => {
    const { id, outputs } = await provider.create(urn, inputs, 0);
    expect(api.requests).to.deep.equal([`POST ${folder} pulumi-kubernetes`]);
    expect(id).to.equal("lab/settings");
    expect(outputs["metadata"]).to.deep.equal({ uid: "uid-0", name: "settings", namespace: "lab" });
  });

  it("creates nothing where there is something of that name", async () => {
    api.objects.set(path, { ...inputs, data: { count: "7" } });
    const error = await provider.create(urn, inputs, 0).catch((thrown: unknown) => thrown as Error);
    expect((error as Error).message)
      .to.contain("was not successfully created")
      .and.to.contain("settings already exists");
    expect(api.objects.get(path)?.["data"]).to.deep.equal({ count: "7" });
  });

  it("takes over what is there with upsertExistingObjects", async () => {
    const settings = { kubeconfig: api.kubeconfig, namespace: "lab", upsertExistingObjects: true };
    await (await startKubernetesProvider(settings, noRow)).create(urn, inputs, 0);
    expect(api.requests).to.deep.equal([`PATCH ${path} pulumi-kubernetes-…`]);
  });

  it("forces an apply only where the object is annotated so", async () => {
    const annotations = { "pulumi.com/patchForce": "true" };
    const forced = { ...inputs, metadata: { name: "settings", annotations } };
    const { id, outputs } = await provider.create(urn, inputs, 0);
    api.requests.length = 0;
    await provider.update({ urn, id, inputs, outputs, timeout: 0 }, inputs, []);
    await provider.update({ urn, id, inputs, outputs, timeout: 0 }, forced, []);
    const applies = api.requests.filter((request) => request.startsWith("PATCH"));
    expect(applies).to.deep.equal([`PATCH ${path} pulumi-kubernetes-…`, `PATCH ${path} pulumi-kubernetes-… force`]);
  });

  it("keeps the field manager, so that another URN is the same owner", async () => {
    const { id, outputs } = await provider.create(urn, inputs, 0);
    const existing = { urn: `${urn}-2`, id, inputs, outputs, timeout: 0 };
    expect((await provider.update(existing, inputs, []))["__fieldManager"]).to.equal(outputs["__fieldManager"]);
  });

  it("takes over the fields that it created before it applies", async () => {
    const { id, outputs } = await provider.create(urn, inputs, 0);
    const fieldsV1 = { "f:data": { "f:count": {} } };
    const managedFields = [{ manager: "pulumi-kubernetes", operation: "Update", fieldsV1 }];
    api.objects.set(path, { ...inputs, metadata: { name: "settings", namespace: "lab", managedFields } });
    await provider.update({ urn, id, inputs, outputs, timeout: 0 }, inputs, []);
    expect(api.requests).to.contain(`PATCH ${path} merge`);
    const { managedFields: after } = api.objects.get(path)?.["metadata"] as Record<string, object[]>;
    expect(after).to.deep.equal([{ manager: outputs["__fieldManager"], operation: "Apply", fieldsV1 }]);
  });

  it("says what the API server answered, and keeps what is there", async () => {
    const { id, outputs } = await provider.create(urn, inputs, 0);
    api.conflict = { path, message: 'conflict with "kubectl": .data.count' };
    const update = provider.update({ urn, id, inputs, outputs, timeout: 0 }, inputs, []);
    const error = await update.catch((thrown: unknown) => thrown as Error);
    expect(error).to.be.instanceOf(InitFailed);
    expect((error as Error).message)
      .to.contain("server-side apply field conflict detected")
      .and.to.contain(`" had an apply conflict: conflict with "kubectl": .data.count`);
  });

  it("replaces a CustomResourceDefinition as a whole", async () => {
    const crdUrn = "urn:pulumi:dev::p::kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition::crd";
    const crd = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: "crd" } };
    const { id, outputs } = await provider.create(crdUrn, crd, 0);
    await provider.update({ urn: crdUrn, id, inputs: crd, outputs, timeout: 0 }, crd, []);
    const crdPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/crd";
    expect(api.requests.at(-1)).to.equal(`PUT ${crdPath} pulumi-kubernetes-…`);
  });

  it("asks again for a kind that is not there yet", async () => {
    const widgetUrn = "urn:pulumi:dev::p::kubernetes:example.com/v1:Widget::w";
    const widget = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" } };
    const rows: string[] = [];
    const report = (_urn: string, _severity: string, message: string): void => {
      rows.push(message);
      api.widgets = true;
    };
    const patient = await startKubernetesProvider({ kubeconfig: api.kubeconfig, namespace: "lab" }, report);
    expect((await patient.create(widgetUrn, widget, 0)).id).to.equal("lab/w");
    expect(rows[0]).to.contain("Retry #0; creation failed: ");
  });

  describe("in a preview", () => {
    it("asks the API server, which keeps nothing", async () => {
      const outputs = await provider.preview?.(urn, inputs, undefined);
      expect(api.requests).to.deep.equal([`POST ${folder} pulumi-kubernetes dry run`]);
      expect([outputs?.["metadata"], api.objects.size]).to.deep.equal([
        { uid: "uid-0", name: "settings", namespace: "lab" },
        0,
      ]);
    });

    it("takes a kind that is not there for one to come", async () => {
      const widget = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" } };
      const type = "kubernetes:example.com/v1:Widget";
      expect(await provider.preview?.(`urn:pulumi:dev::p::${type}::w`, widget, undefined)).to.deep.equal(widget);
    });

    it("fails with what the API server refuses", async () => {
      api.conflict = { path, message: "no such thing" };
      const error = await provider.preview?.(urn, inputs, undefined).catch((thrown: unknown) => thrown as Error);
      expect((error as Error).message).to.contain("no such thing");
    });
  });

  describe("of a kind that ends in Patch", () => {
    const patchUrn = urn.replace("ConfigMap", "ConfigMapPatch");

    it("applies to what is there, or makes it", async () => {
      const { inputs: checked } = await provider.check(patchUrn, undefined, { metadata: { name: "settings" } });
      expect(checked["kind"]).to.equal("ConfigMap");
      await provider.create(patchUrn, inputs, 0);
      expect(api.requests).to.deep.equal([`PATCH ${path} pulumi-kubernetes-…`]);
    });

    it("lets go of its fields in the place of a delete", async () => {
      const { id, outputs } = await provider.create(patchUrn, inputs, 0);
      await provider.delete({ urn: patchUrn, id, inputs, outputs, timeout: 0 });
      expect(api.requests.at(-1)).to.equal(`PATCH ${path} pulumi-kubernetes-…`);
      expect(api.objects.has(path)).to.equal(true);
    });
  });

  it("reads the live value of what the inputs speak of", async () => {
    await provider.create(urn, inputs, 0);
    api.objects.set(path, {
      ...inputs,
      data: { count: "2", other: "x" },
      metadata: { name: "settings", namespace: "lab" },
    });
    const found = await provider.read(existing);
    expect(found.inputs?.["data"]).to.deep.equal({ count: "2" });
    expect(found.outputs["data"]).to.deep.equal({ count: "2", other: "x" });
  });

  it("reads of a list's entries, too, only what the inputs speak of", async () => {
    const podUrn = urn.replace("ConfigMap::settings", "Pod::web");
    const spec = { containers: [{ name: "web", image: "a" }] };
    const pod: Properties = { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "lab" }, spec };
    const live = { containers: [{ name: "web", image: "b", imagePullPolicy: "Always" }] };
    api.objects.set("/api/v1/namespaces/lab/pods/web", { ...pod, spec: live });
    const found = await provider.read({ urn: podUrn, id: "lab/web", inputs: pod, outputs: pod, timeout: 5 });
    expect(found.inputs?.["spec"]).to.deep.equal({ containers: [{ name: "web", image: "b" }] });
  });

  it("finds that an object is gone", async () => {
    expect((await provider.read(existing)).id).to.equal("");
  });

  it("updates by applying again", async () => {
    await provider.create(urn, inputs, 0);
    const outputs = await provider.update(existing, { ...inputs, data: { count: "2" } }, []);
    expect(outputs["data"]).to.deep.equal({ count: "2" });
  });

  it("waits until a deleted object is gone", async () => {
    await provider.create(urn, inputs, 0);
    api.lingering = { path, reads: 2 };
    await provider.delete(existing);
    expect(api.objects.has(path)).to.equal(false);
  });

  it("takes the deletion of what is not there for done", async () => {
    await provider.delete(existing);
    expect(api.requests).to.deep.equal([`DELETE ${path}`]);
  });

  it("says what holds an object that does not go", async () => {
    await provider.create(urn, inputs, 0);
    api.lingering = { path, reads: Infinity };
    const error = await provider.delete({ ...existing, timeout: 0.2 }).catch((thrown: unknown) => thrown as Error);
    expect((error as Error).message).to.contain("lab/settings is still there");
  });

  it("replaces for a new name, and updates for a new label", async () => {
    const request = { urn, id: "lab/settings", oldInputs: inputs, oldOutputs: inputs, ignoreChanges: [] };
    const metadata = { name: "settings", labels: { app: "x" } };
    const renamed = await provider.diff({ ...request, newInputs: { ...inputs, metadata: { name: "other" } } });
    const changed = await provider.diff({ ...request, newInputs: { ...inputs, metadata } });
    expect([renamed.replaces, renamed.deleteBeforeReplace, changed.replaces]).to.deep.equal([["metadata"], false, []]);
    expect(changed.detailedDiff).to.deep.equal({ "metadata.labels": { diffKind: "add", inputDiff: true } });
  });

  it("replaces a ConfigMap for other data, unless the provider is told that it may change", async () => {
    const newInputs = { ...inputs, data: { count: "2" } };
    const request = { urn, id: "lab/settings", oldInputs: inputs, oldOutputs: inputs, newInputs, ignoreChanges: [] };
    const settings = { kubeconfig: api.kubeconfig, enableConfigMapMutable: "true" };
    const mutable = await startKubernetesProvider(settings, noRow);
    const [strict, lax] = [await provider.diff(request), await mutable.diff(request)];
    expect([strict.replaces, strict.deleteBeforeReplace, lax.replaces]).to.deep.equal([["data"], true, []]);
  });

  it("replaces a pod for other resources, and updates it for another image", async () => {
    const pod = (image: string, vfs: string): Properties => ({
      ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "web" } },
      spec: { containers: [{ image, resources: { requests: { "openshift.io/storage": vfs } } }] },
    });
    const request = { urn, id: "lab/web", oldInputs: pod("a", "1"), oldOutputs: pod("a", "1"), ignoreChanges: [] };
    const more = await provider.diff({ ...request, newInputs: pod("a", "2") });
    const other = await provider.diff({ ...request, newInputs: pod("b", "1") });
    expect([more.replaces, other.replaces]).to.deep.equal([["spec"], []]);
  });

  it("names a context that the kubeconfig does not have", async () => {
    const error = await startKubernetesProvider({ kubeconfig: api.kubeconfig, context: "prod" }, noRow).catch(
      (thrown: unknown) => thrown as Error,
    );
    expect((error as Error).message).to.equal("kubernetes provider: the kubeconfig has no context 'prod'");
  });
});
