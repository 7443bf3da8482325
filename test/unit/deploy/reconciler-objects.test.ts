import { expect } from "chai";
import { readFileSync } from "node:fs";
import { NAMESPACE } from "../../../api/core.js";
import { agentDaemonSet } from "../../../deploy/agent-daemon-set.js";
import { controllerDeployment, controllerNetworkPolicy } from "../../../deploy/controller-deployment.js";
import type { Container, PodSpec } from "../../../deploy/kinds.js";
import { type ReconcilerObject, reconcilerObjects } from "../../../deploy/reconciler-objects.js";
import { type PartialSettings, settingsOf } from "../../../deploy/settings.js";
import { EVERYTHING, SAMPLES } from "../../sample-settings.js";
import { SNAPSHOT, snapshot } from "./snapshot.js";

describe("the objects of an installation", () => {
  it("are what the snapshot has, with every setting other than its default", () => {
    expect(snapshot(), "node dist/test/unit/deploy/snapshot.js writes it").to.equal(readFileSync(SNAPSHOT, "utf8"));
  });

  for (const path of paths(EVERYTHING)) {
    it(`follow the setting ${path.join(".")}`, () => {
      expect(objects(alone(path))).not.to.deep.equal(objects({}));
    });
  }

  for (const [name, given] of Object.entries(SAMPLES)) {
    describe(name, () => {
      const installed = reconcilerObjects(settingsOf(given));

      it("have a key each", () => {
        const keys = installed.map(({ key }) => key);
        expect(keys).to.deep.equal([...new Set(keys)]);
      });

      it("come after all that they need", () => {
        for (const [index, { key, after }] of installed.entries()) {
          const before = installed.slice(0, index).map((earlier) => earlier.key);
          expect(before, key).to.include.members([...after]);
        }
      });

      it("are never kinds without that of NICs, which would be taken for a Harvester's", () => {
        const nics = "custom-resource-definition-sriovnetworkdevices.devices.harvesterhci.io";
        const kinds = installed.filter(({ key }) => key.startsWith("custom-resource-definition-"));
        const loose = kinds.filter(({ after }) => !after.includes(nics)).map(({ key }) => key);
        expect(loose).to.deep.equal([nics]);
      });

      it("are all there before the pods that need them, but for metrics", () => {
        const needed = installed.filter(({ key }) => !/daemon-set|deployment|metrics/.test(key)).map(({ key }) => key);
        for (const { after } of installed.filter(({ key }) => /^(daemon-set|deployment)-/.test(key))) {
          expect(after).to.have.members(needed);
        }
      });

      it("let agents be in a cluster that asks more of namespaces which say nothing", () => {
        const namespace = installed.find(({ key }) => key === "namespace");
        expect(namespace?.object.metadata.labels).to.include({ "pod-security.kubernetes.io/enforce": "privileged" });
      });

      it("stay with the objects of users only where those would go", () => {
        const kept = installed.filter(({ keeps }) => keeps).map(({ object }) => object.kind);
        expect(new Set(kept)).to.deep.equal(new Set([NAMESPACE.kind, "CustomResourceDefinition"]));
      });

      it("are labelled as parts of the project", () => {
        const without = installed.filter(
          ({ object }) => object.metadata.labels?.["app.kubernetes.io/part-of"] !== "pulumi-sriov",
        );
        expect(without).to.deep.equal([]);
      });
    });
  }

  it("have the same keys in any namespace", () => {
    expect(keysOf({ namespace: "elsewhere" })).to.deep.equal(keysOf({}));
  });

  it("speak of no other namespace than the one that is set", () => {
    const text = JSON.stringify(objects({ namespace: "elsewhere" }));
    expect(text).not.to.match(/"namespace":"pulumi-sriov"|serviceaccount:pulumi-sriov:|pulumi-sriov\/pulumi-sriov-/);
  });
});

describe("the selectors of pods", () => {
  // An object with another selector is another object: a new version could not be applied over an old one.
  it("are those of version 0.2.0, for agents", () => {
    expect(agentDaemonSet(settingsOf()).spec?.selector.matchLabels).to.deep.equal({
      "app.kubernetes.io/name": "pulumi-sriov",
      "app.kubernetes.io/component": "agent",
    });
  });

  it("are those of version 0.2.0, for controllers", () => {
    expect(controllerDeployment(settingsOf()).spec?.selector.matchLabels).to.deep.equal({
      "app.kubernetes.io/name": "pulumi-sriov",
      "app.kubernetes.io/component": "controller",
    });
  });
});

describe("the agents' pods", () => {
  it("may write to sysfs, to the kubelet's folder of plugins and to Multus's, and to nothing else", () => {
    const { container } = agentPod({});
    const writable = container.volumeMounts
      ?.filter(({ readOnly }) => readOnly !== true)
      .map(({ mountPath }) => mountPath);
    expect(writable).to.deep.equal([
      "/host/sys",
      "/var/lib/kubelet/device-plugins",
      "/var/run/k8s.cni.cncf.io/devinfo/dp",
    ]);
  });

  it("have every capability taken but two", () => {
    expect(agentPod({}).container.securityContext?.capabilities).to.deep.equal({
      drop: ["ALL"],
      add: ["NET_ADMIN", "SYS_MODULE"],
    });
  });

  it("load no module, and see none, where that is switched off", () => {
    const { container, pod } = agentPod({ agent: { moduleLoading: false } });
    expect(container.securityContext?.capabilities?.add).to.deep.equal(["NET_ADMIN"]);
    expect(pod.volumes?.map(({ name }) => name)).not.to.include("modules");
  });

  it("see only what tells of VFs' users where they offer no VFs", () => {
    const { pod } = agentPod({ agent: { devicePlugin: false, moduleLoading: false } });
    expect(pod.volumes?.map(({ name }) => name)).to.deep.equal(["sys", "proc", "pod-resources", "udev-data"]);
  });

  it("have a mount for each of their volumes", () => {
    const { container, pod } = agentPod({});
    expect(container.volumeMounts?.map(({ name }) => name)).to.deep.equal(pod.volumes?.map(({ name }) => name));
  });

  it("are given time to end a change in the kernel", () => {
    const { pod } = agentPod({ agent: { writeDeadline: 300, settleDeadline: 20 } });
    expect(pod.terminationGracePeriodSeconds).to.be.above(320);
  });

  it("serve plain HTTP on the node's loopback alone", () => {
    const args = agentPod({}).container.args ?? [];
    expect(args.filter((arg) => arg.startsWith("--listen="))).to.deep.equal(["--listen=127.0.0.1:9812"]);
  });
});

describe("the controllers' network policy", () => {
  it("lets in whoever asks for metrics", () => {
    const { spec } = controllerNetworkPolicy(settingsOf());
    expect(spec?.ingress).to.deep.equal([{ ports: [{ port: "metrics", protocol: "TCP" }] }]);
  });

  it("lets in nobody where there are no metrics", () => {
    const { spec } = controllerNetworkPolicy(settingsOf({ metrics: { enabled: false } }));
    expect(spec?.policyTypes).to.deep.equal(["Ingress"]);
    expect(spec).not.to.have.property("ingress");
  });
});

function agentPod(given: PartialSettings): { readonly pod: PodSpec; readonly container: Container } {
  const pod = agentDaemonSet(settingsOf(given)).spec?.template.spec;
  const [container] = pod?.containers ?? [];
  if (pod === undefined || container === undefined) throw new Error("there is no container");
  return { pod, container };
}

function objects(given: PartialSettings): ReconcilerObject["object"][] {
  return reconcilerObjects(settingsOf(given)).map(({ object }) => object);
}

function keysOf(given: PartialSettings): string[] {
  return reconcilerObjects(settingsOf(given)).map(({ key }) => key);
}

type Path = readonly [keyof PartialSettings] | readonly ["agent" | "controller" | "metrics", string];

function paths(settings: object): Path[] {
  const groups = new Set(["agent", "controller", "metrics"]);
  return Object.entries(settings).flatMap(([name, value]) =>
    groups.has(name) ? Object.keys(value as object).map((inner) => [name, inner] as Path) : [[name] as unknown as Path],
  );
}

/** That setting alone with its other value. */
function alone([name, inner]: Path): PartialSettings {
  if (inner === undefined) return { [name]: EVERYTHING[name] };
  const group = EVERYTHING[name] as unknown as Readonly<Record<string, unknown>>;
  return { [name]: { [inner]: group[inner] } };
}
