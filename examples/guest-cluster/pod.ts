import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

interface PodSettings {
  namespace: string;
  nodeName: string;
  /** Name under which the agent offers the VFs. */
  pool: pulumi.Input<string>;
  /** Whether Pulumi waits until the pod runs. */
  wait: boolean;
}

/** A pod with one of the VFs as its second interface, `net1`. */
export function pod(name: string, { namespace, nodeName, pool, wait }: PodSettings): k8s.core.v1.Pod {
  // Not the plugin `sriov`, which sets a VF up through its PF. `host-device` is told by Multus which VF the pod has got.
  const config = {
    cniVersion: "1.0.0",
    name,
    type: "host-device",
    ipam: { type: "host-local", subnet: "192.0.2.0/24" },
  };
  const attachment = new k8s.apiextensions.CustomResource(name, {
    apiVersion: "k8s.cni.cncf.io/v1",
    kind: "NetworkAttachmentDefinition",
    metadata: { namespace, annotations: { "k8s.v1.cni.cncf.io/resourceName": pool } },
    spec: { config: JSON.stringify(config) },
  });
  const vf = pulumi.output(pool).apply((resource) => ({ [resource]: "1" }));
  return new k8s.core.v1.Pod(name, {
    metadata: {
      namespace,
      annotations: {
        "k8s.v1.cni.cncf.io/networks": attachment.metadata.name,
        ...(!wait && { "pulumi.com/skipAwait": "true" }),
      },
    },
    spec: {
      nodeSelector: { "kubernetes.io/hostname": nodeName },
      containers: [
        {
          name: "shell",
          image: "busybox:1.36",
          command: ["sleep", "infinity"],
          resources: { requests: vf, limits: vf },
        },
      ],
    },
  });
}
