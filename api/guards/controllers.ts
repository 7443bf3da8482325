import type { NamedExpression, PolicyRules, Validation } from "../admission-policies.js";
import { KUBE_VIRT } from "../kubevirt.js";
import { Annotation, DEVICES_GROUP } from "../names.js";
import { CLAIM_FINALIZER } from "../pci-device-claim.js";
import type { ServiceAccountName } from "../rbac.js";
import { forbidden, isAccount, isSame, isSameBut, keyed, literal, subject } from "./expressions.js";

/** Where the list stands that the controller keeps. */
const LIST = ["spec", "configuration", "permittedHostDevices", "pciHostDevices"] as const;

const CLAIM_PARTS =
  `the controller takes the finalizer ${CLAIM_FINALIZER} from claims that are being deleted, and writes nothing ` +
  `else of any claim`;

const KUBE_VIRT_PARTS = `the reconciler writes nothing of a KubeVirt but ${LIST.join(".")} and the annotation ${Annotation.permittedPciDevices}`;

/**
 * What the controller may write of objects that are others', beyond what its role says: a role cannot tell one field from
 * another. The agents write no KubeVirt at all by their role, and none beyond this list whatever a role says.
 */
export function controllersRules(controller: ServiceAccountName, agent: ServiceAccountName): PolicyRules {
  const operations = ["CREATE", "UPDATE", "DELETE"] as const;
  return {
    matchConstraints: {
      resourceRules: [
        { apiGroups: [DEVICES_GROUP], apiVersions: ["*"], operations, resources: ["pcideviceclaims"] },
        {
          apiGroups: [KUBE_VIRT.apiVersion.split("/")[0] ?? ""],
          apiVersions: ["*"],
          operations,
          resources: [KUBE_VIRT.plural, `${KUBE_VIRT.plural}/*`],
        },
      ],
    },
    matchConditions: [
      { name: "reconciler", expression: `${isAccount(controller)} || ${isAccount(agent)}` },
      // Of claims, what an agent may write is another guard's business.
      {
        name: "claims-by-the-controller-alone",
        expression: `request.resource.resource == ${literal(KUBE_VIRT.plural)} || ${isAccount(controller)}`,
      },
    ],
    variables: [subject, ...keyed("annotations", [Annotation.permittedPciDevices]), ...levels()],
    validations: [claimValidation(), kubeVirtValidation()],
  };
}

function claimValidation(): Validation {
  const parts = ["spec", "metadata.labels", "metadata.annotations", "metadata.ownerReferences"].map(isSame);
  const finalizers = isSameBut("metadata.finalizers", `it == ${literal(CLAIM_FINALIZER)}`);
  return forbidden(
    `request.resource.resource != "pcideviceclaims" || (request.operation == "UPDATE" && ` +
      // To which the API server lets nobody add a finalizer.
      `${["has(oldObject.metadata.deletionTimestamp)", ...parts, finalizers].join(" && ")})`,
    CLAIM_PARTS,
    `variables.subject.metadata.name + ${literal(`: ${CLAIM_PARTS}`)}`,
  );
}

/** To make one, to delete one or to write its status changes more than the list, too. */
function kubeVirtValidation(): Validation {
  const metadata = ["labels", "finalizers", "ownerReferences"].map((part) => isSame(`metadata.${part}`));
  const kept = [...metadata, "variables.annotationsOfOthersKept", ...LIST.map((_, depth) => othersKept(depth))];
  return forbidden(
    `request.resource.resource != ${literal(KUBE_VIRT.plural)} || (${kept.join(" && ")})`,
    KUBE_VIRT_PARTS,
    `variables.subject.metadata.name + ${literal(`: ${KUBE_VIRT_PARTS}`)}`,
  );
}

/** The object above each part of the way to the list, before and after the request; empty where there is none. */
function levels(): NamedExpression[] {
  return LIST.flatMap((_, depth) =>
    ["oldObject", "object"].map((object) => {
      const at = [object, ...LIST.slice(0, depth)].join(".");
      const above = LIST.slice(0, depth).map((_, index) => isThere([object, ...LIST.slice(0, index + 1)].join(".")));
      return {
        name: `${object}${depth}`,
        expression: `${[`${object} != null`, ...above].join(" && ")} ? ${at} : {}`,
      };
    }),
  );
}

/** KubeVirt's kind says nowhere that it may be null; a kind that says nothing of its fields lets them be. */
function isThere(path: string): string {
  return `has(${path}) && dyn(${path}) != null`;
}

/** Is everything at this depth as it was, but for what leads to the list, and metadata? */
function othersKept(depth: number): string {
  const [before, after] = [`variables.oldObject${depth}`, `variables.object${depth}`];
  const leads = literal([...LIST.slice(depth, depth + 1), ...(depth === 0 ? ["metadata"] : [])]);
  return (
    `${after}.all(k, k in ${leads} || (k in ${before} && ${before}[k] == ${after}[k])) && ` +
    `${before}.all(k, k in ${leads} || k in ${after})`
  );
}
