import { PolicyPack } from "@pulumi/policy";
import { clusterOf } from "./cluster-access.js";
import { rules } from "./rules.js";

/** What Pulumi's engine starts for `--policy-pack node_modules/pulumi-sriov/policy`: serves the rules until it is ended. */
new PolicyPack("pulumi-sriov", { policies: rules(clusterOf) });
