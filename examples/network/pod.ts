import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type * as sriov from "pulumi-sriov";

interface PodSettings {
  namespace: pulumi.Input<string>;
  network: sriov.SriovNetwork;
  /** Whether Pulumi waits until the pod runs. */
  wait: boolean;
}

/** A pod with one VF of the network as its second interface, `net1`. */
export function pod(name: string, { namespace, network, wait }: PodSettings): k8s.core.v1.Pod {
  // The annotation brings the network, and the request the VF: the scheduler finds a node that has one left.
  const vf = network.resourceName.apply((resource) => ({ [`openshift.io/${resource}`]: "1" }));
  return new k8s.core.v1.Pod(name, {
    metadata: {
      namespace,
      annotations: {
        "k8s.v1.cni.cncf.io/networks": network.networkAttachmentDefinition,
        ...(!wait && { "pulumi.com/skipAwait": "true" }),
      },
    },
    spec: {
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
