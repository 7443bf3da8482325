import type { PolicyRules, Validation } from "../admission-policies.js";
import { NODE } from "../core.js";
import { CLAIM_FINALIZER } from "../pci-device-claim.js";
import { PCI_DEVICE } from "../pci-device.js";
import type { ServiceAccountName } from "../rbac.js";
import { Annotation, DEVICES_GROUP, Label } from "../names.js";
import {
  author,
  claimedNode,
  countsOf,
  forbidden,
  isAccount,
  isPciDeviceOfClaimedNode,
  keyed,
  isSame,
  isSameBut,
  labelOf,
  literal,
  permissions,
  subject,
} from "./expressions.js";

/**
 * What agents may write, beyond what their role says: a role cannot tell one node from another, nor one label. So an
 * agent that was taken over on one node can do no harm to the others.
 */
export function agentsRules(agent: ServiceAccountName): PolicyRules {
  const operations = ["CREATE", "UPDATE", "DELETE"] as const;
  return {
    matchConstraints: {
      resourceRules: [
        { apiGroups: [""], apiVersions: ["*"], operations, resources: ["nodes", "nodes/*"] },
        {
          apiGroups: [DEVICES_GROUP],
          apiVersions: ["*"],
          operations,
          resources: ["sriovnetworkdevices", "pcidevices", "pcideviceclaims"],
        },
      ],
    },
    matchConditions: [{ name: "agents", expression: isAccount(agent) }],
    variables: [
      claimedNode,
      author,
      subject,
      ...countsOf("numVFS"),
      ...permissions,
      ...keyed("labels", [Label.capable, Label.featureCapable]),
      ...keyed("annotations", [Annotation.leftOutNics]),
      { name: "oldNodeLabel", expression: labelOf("oldObject", Label.nodeName) },
      { name: "nodeLabel", expression: labelOf("object", Label.nodeName) },
    ],
    validations: [
      ...nodeValidations(),
      ...deviceValidations(),
      pciDeviceValidation(),
      labelValidation(),
      ownerValidation(),
      ...claimValidations(),
    ],
  };
}

function nodeValidations(): Validation[] {
  const isNode = `request.resource.resource == "nodes"`;
  return [
    forbidden(
      `!(${isNode}) || (request.operation == "UPDATE" && (!has(request.subResource) || request.subResource == "") && ` +
        `variables.subject.metadata.name == variables.claimedNode)`,
      "an agent writes no Node but its own",
      `"an agent writes no Node but its own; this is " + variables.author + ", and the Node " + variables.subject.metadata.name`,
    ),
    forbidden(
      `!(${isNode}) || (${UNTOUCHED.map(isSame).join(" && ")} && variables.labelsOfOthersKept && variables.annotationsOfOthersKept)`,
      NODE_PARTS,
      `variables.subject.metadata.name + ${literal(`: ${NODE_PARTS}`)}`,
    ),
  ];
}

const NODE_PARTS =
  `an agent writes nothing of its Node but the labels ${Label.capable} and ${Label.featureCapable} and the ` +
  `annotation ${Annotation.leftOutNics}`;

/** All else of a Node that its main resource can change. */
const UNTOUCHED = ["spec", "metadata.finalizers", "metadata.ownerReferences"];

function deviceValidations(): Validation[] {
  const isDevice = `request.resource.resource == "sriovnetworkdevices"`;
  return [
    forbidden(
      `!(${isDevice}) || variables.subject.spec.nodeName == variables.claimedNode`,
      "an agent writes the devices of its own node alone",
      `variables.subject.metadata.name + ": an agent writes the devices of its own node alone; this is " + variables.author + ` +
        `", and the device is of node " + variables.subject.spec.nodeName`,
    ),
    forbidden(
      `!(${isDevice}) || request.operation != "CREATE" || size(variables.claimedNode) > ${LONGEST_IN_NAMES} || ` +
        `object.metadata.name.startsWith(variables.claimedNode + "-")`,
      NAMED_FOR_NODE,
      `variables.subject.metadata.name + ${literal(`: ${NAMED_FOR_NODE}; this is `)} + variables.author`,
    ),
    forbidden(
      `!(${isDevice}) || object == null || variables.count == variables.oldCount`,
      "an agent never sets spec.numVFS",
      `variables.subject.metadata.name + ": an agent never sets spec.numVFS"`,
    ),
    ...["mtu", "vfGroups"].map((field) =>
      forbidden(
        `!(${isDevice}) || object == null || (oldObject == null ? !has(object.spec.${field}) : (${isSame(`spec.${field}`)}))`,
        `an agent never sets spec.${field}`,
        `variables.subject.metadata.name + ": an agent never sets spec.${field}"`,
      ),
    ),
    forbidden(
      `!(${isDevice}) || variables.allowed == "" || variables.allowed == variables.oldAllowed`,
      `an agent removes the annotation ${Annotation.allowDisruption}, and never sets it`,
      `variables.subject.metadata.name + ": an agent removes the annotation ${Annotation.allowDisruption}, and never sets it"`,
    ),
  ];
}

/** Or the agent of another node would find the name of its own device taken. */
const NAMED_FOR_NODE = "an agent names a device for its own node, whose name it begins with";

/** Of a longer node name there may be a hash in the device's name, which no expression can tell. */
const LONGEST_IN_NAMES = 198;

function pciDeviceValidation(): Validation {
  return forbidden(
    `request.resource.resource != "pcidevices" || (${isPciDeviceOfClaimedNode("variables.subject.metadata.name")})`,
    "an agent writes the PCIDevices of its own node alone",
    `variables.subject.metadata.name + ": an agent writes the PCIDevices of its own node alone, whose names begin with " + ` +
      `"the node's; this is " + variables.author`,
  );
}

/**
 * Agents find their objects by this label, so one that names another node would have that node's agent look after what it
 * may not write. Of a node whose name is too long for a label, a hash is in it, which no expression can tell.
 */
function labelValidation(): Validation {
  const label = "variables.nodeLabel";
  return forbidden(
    `request.resource.resource == "nodes" || ${label} == "" || ${label} == variables.oldNodeLabel || ` +
      `${label} == variables.claimedNode || size(variables.claimedNode) > 63`,
    `an agent sets the label ${Label.nodeName} to its own node alone`,
    `variables.subject.metadata.name + ${literal(`: an agent sets the label ${Label.nodeName} to its own node alone; this is `)} + ` +
      `variables.author`,
  );
}

/** What is owned keeps its owner from being deleted in the foreground, and is not another's to keep. */
function ownerValidation(): Validation {
  const added = `${ownersBut("object")}.all(it, it in ${ownersBut("oldObject")})`;
  const name = "variables.subject.metadata.name";
  return forbidden(
    `!(request.resource.resource in ["sriovnetworkdevices", "pcidevices"]) || ${added}`,
    "an agent gives what it writes no owner but its own Node",
    `${name} + ": an agent gives what it writes no owner but its own Node; this is " + variables.author`,
  );
}

/** The owners of an object, which may be null, but for the Node of the author. */
function ownersBut(object: string): string {
  const isOwnNode = `it.kind == ${literal(NODE.kind)} && it.name == variables.claimedNode`;
  const owners = `${object}.metadata.ownerReferences`;
  return `(${object} != null && has(${owners}) ? ${owners}.filter(it, !(${isOwnNode})) : [])`;
}

const CLAIM_PARTS = `an agent writes nothing of a claim but its owner, the PCIDevice, and its own finalizer`;

function claimValidations(): Validation[] {
  const isClaim = `request.resource.resource == "pcideviceclaims"`;
  const name = "variables.subject.metadata.name";
  return [
    forbidden(
      `!(${isClaim}) || request.operation == "UPDATE"`,
      "an agent never makes nor deletes a claim",
      `${name} + ": an agent never makes nor deletes a claim"`,
    ),
    forbidden(
      `!(${isClaim}) || variables.subject.spec.nodeName == variables.claimedNode`,
      "an agent writes the claims of its own node alone",
      `${name} + ": an agent writes the claims of its own node alone; this is " + variables.author + ` +
        `", and the claim is of node " + variables.subject.spec.nodeName`,
    ),
    forbidden(
      `!(${isClaim}) || request.operation != "UPDATE" || (${[
        ...["spec", "metadata.labels", "metadata.annotations"].map(isSame),
        isSameBut("metadata.finalizers", `it == ${literal(CLAIM_FINALIZER)}`),
        isSameBut("metadata.ownerReferences", `it.kind == ${literal(PCI_DEVICE.kind)}`),
      ].join(" && ")})`,
      CLAIM_PARTS,
      `${name} + ${literal(`: ${CLAIM_PARTS}`)}`,
    ),
  ];
}
