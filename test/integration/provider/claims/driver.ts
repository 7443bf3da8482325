import {
  type ClaimInputs,
  type ClaimOutputs,
  Cluster,
  type PartialClaimInputs,
  pciDeviceClaim,
} from "../../../../provider/index.js";
import { ResourceDriver } from "../resource-driver.js";

/** The PciDeviceClaims of one run of a program. */
export class ClaimDriver extends ResourceDriver<ClaimInputs, ClaimOutputs> {
  static open(kubeconfig: string): ClaimDriver {
    return new ClaimDriver(Cluster.open({ kubeconfig }), pciDeviceClaim);
  }

  /** What a program gives for a resource of that name, in a stack of its own unless another is given. */
  inputs(resource: string, more: PartialClaimInputs, stack?: string): PartialClaimInputs {
    return { resourceUrn: this.urn("PciDeviceClaim", resource, stack), ...more };
  }
}
