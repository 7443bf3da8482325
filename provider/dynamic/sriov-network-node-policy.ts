import { sriovNetworkNodePolicy } from "../core/policy/sriov-network-node-policy.js";
import { dynamicProvider } from "./shell.js";

/** The provider object of a SriovNetworkNodePolicy; as every such module, it must stay where it is. */
export = dynamicProvider(sriovNetworkNodePolicy);
