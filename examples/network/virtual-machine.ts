import * as k8s from "@pulumi/kubernetes";
import * as sriov from "pulumi-sriov";

/** What a machine's network has in common with the pods'. */
export interface MachineNetwork {
  readonly namespace: string;
  readonly policy: Omit<sriov.SriovNetworkNodePolicyArgs, "resourceName" | "deviceType">;
  readonly network: Omit<sriov.SriovNetworkArgs, "policy" | "resourceName" | "ipam">;
}

/**
 * A KubeVirt machine with one VF of the network as a PCI device of its own. Its VFs are a pool apart: a machine takes one as a
 * whole, which must be bound to vfio-pci, where a pod takes the interface that a network driver makes of one.
 */
export function virtualMachine(
  name: string,
  { namespace, ...shared }: MachineNetwork,
): k8s.apiextensions.CustomResource {
  const policy = new sriov.SriovNetworkNodePolicy(name, {
    ...shared.policy,
    resourceName: `${name}-machines`,
    deviceType: "vfio-pci",
  });
  const network = new sriov.SriovNetwork(name, { ...shared.network, policy });

  // KubeVirt asks for the VF by itself: it reads the name of the resource from the attachment.
  return new k8s.apiextensions.CustomResource(name, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { namespace },
    spec: {
      runStrategy: "Always",
      template: {
        spec: {
          domain: {
            memory: { guest: "1Gi" },
            devices: {
              disks: [{ name: "root", disk: { bus: "virtio" } }],
              interfaces: [
                { name: "default", masquerade: {} },
                { name: "vf", sriov: {} },
              ],
            },
          },
          networks: [
            { name: "default", pod: {} },
            { name: "vf", multus: { networkName: network.networkAttachmentDefinition } },
          ],
          volumes: [{ name: "root", containerDisk: { image: "quay.io/containerdisks/fedora:42" } }],
        },
      },
    },
  });
}
