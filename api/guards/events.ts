import type { PolicyRules, Validation } from "../admission-policies.js";
import { NODE } from "../core.js";
import { AGENT_FIELD_MANAGER, CONTROLLER_FIELD_MANAGER } from "../names.js";
import type { ServiceAccountName } from "../rbac.js";
import { author, claimedNode, forbidden, isAccount, literal, subject } from "./expressions.js";

/**
 * Who speaks in an event is who wrote it. By their roles agents and controller may change every event of the cluster, since
 * a role cannot tell one event from another: so none may be changed that another has written, and an agent speaks of its
 * own node.
 */
export function eventsRules(agent: ServiceAccountName, controller: ServiceAccountName): PolicyRules {
  return {
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: [""],
          apiVersions: ["*"],
          operations: ["CREATE", "UPDATE", "DELETE"],
          resources: ["events"],
        },
      ],
    },
    matchConditions: [{ name: "reconciler", expression: `${isAccount(agent)} || ${isAccount(controller)}` }],
    variables: [
      claimedNode,
      author,
      subject,
      { name: "isAgent", expression: isAccount(agent) },
      {
        name: "component",
        expression: `variables.isAgent ? ${literal(AGENT_FIELD_MANAGER)} : ${literal(CONTROLLER_FIELD_MANAGER)}`,
      },
    ],
    validations: [ownWords(), ownNode()],
  };
}

const OWN_WORDS = "agents and controller write events of their own alone, and agents those of their node";

function ownWords(): Validation {
  return forbidden(
    ["object", "oldObject"].map((object) => `(${object} == null || (${isOwn(object)}))`).join(" && "),
    OWN_WORDS,
    `variables.subject.metadata.name + ${literal(`: ${OWN_WORDS}; this is `)} + variables.author`,
  );
}

/** All that says who speaks: `kubectl describe` shows one part, newer clients the other. */
function isOwn(event: string): string {
  const parts = [
    [`${event}.source.component`, "variables.component"],
    [`${event}.reportingComponent`, "variables.component"],
  ];
  const ofAgents = [`${event}.source.host`, `${event}.reportingInstance`].map((part) => isText(part, CLAIMED_NODE));
  return [
    ...parts.map(([part = "", text = ""]) => isText(part, text)),
    `(!variables.isAgent || (${ofAgents.join(" && ")}))`,
  ].join(" && ");
}

const CLAIMED_NODE = "variables.claimedNode";

function isText(part: string, text: string): string {
  return `has(${part}) && ${part} == ${text}`;
}

const OWN_NODE = "an agent speaks of no Node but its own, and of nothing that has a namespace";

/** Of all that an agent speaks of, only a Node's name tells which node it is of. */
function ownNode(): Validation {
  const about = "object.involvedObject";
  return forbidden(
    `!variables.isAgent || object == null || ((!has(${about}.namespace) || ${about}.namespace == "") && ` +
      `(!has(${about}.kind) || ${about}.kind != ${literal(NODE.kind)} || ${about}.name == ${CLAIMED_NODE}))`,
    OWN_NODE,
    `variables.subject.metadata.name + ${literal(`: ${OWN_NODE}; this is `)} + variables.author`,
  );
}
