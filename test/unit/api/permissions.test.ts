import { expect } from "chai";
import { agentClusterRole } from "../../../api/agent-role.js";
import { controllerClusterRole, controllerRole } from "../../../api/controller-role.js";
import { AGENT_PERMISSIONS, CONTROLLER_PERMISSIONS, type Permission, rulesOf } from "../../../api/permissions.js";
import type { PolicyRule } from "../../../api/rbac.js";

const TABLES = { agents: AGENT_PERMISSIONS, "the controller": CONTROLLER_PERMISSIONS };

describe("the table of permissions", () => {
  for (const [who, permissions] of Object.entries(TABLES)) {
    it(`grants no right to ${who} twice`, () => {
      const rights = permissions.flatMap(({ group, resource, verbs }) => verbs.map((verb) => [verb, resource, group]));
      expect(new Set(rights.map(String)).size).to.equal(rights.length);
    });

    it(`gives ${who} nothing by a wildcard`, () => {
      expect(JSON.stringify(permissions)).to.not.include('"*"');
    });

    it(`lets ${who} read no Secret, and change no role, guard, kind or pod`, () => {
      const changing = permissions.filter(({ verbs }) => verbs.some((verb) => !READING.has(verb)));
      const groups = changing.map(({ group }) => group);
      expect(groups).to.not.include("rbac.authorization.k8s.io");
      expect(groups).to.not.include("admissionregistration.k8s.io");
      expect(groups).to.not.include("apiextensions.k8s.io");
      expect(changing.map(({ resource }) => resource)).to.not.include("pods");
      expect(permissions.map(({ resource }) => resource)).to.not.include("secrets");
    });
  }
});

describe("roles", () => {
  const reviews = ({ rules }: { readonly rules: readonly PolicyRule[] }): (string | undefined)[] =>
    rules.map(({ resources }) => resources[0]).filter((resource) => resource?.endsWith("reviews"));

  for (const [who, roleOf] of [
    ["agents", agentClusterRole],
    ["the controller", controllerClusterRole],
  ] as const) {
    it(`let ${who} ask who reads metrics where these are served over the network`, () => {
      expect(reviews(roleOf(["metrics"]))).to.deep.equal(["tokenreviews", "subjectaccessreviews"]);
    });

    it(`let ${who} ask nobody's rights where they are not`, () => {
      expect(reviews(roleOf())).to.deep.equal([]);
    });
  }

  it("have what is granted in one namespace in a role of that namespace, and nowhere else", () => {
    const inCluster = controllerClusterRole(["metrics"]).rules.map(({ resources }) => resources[0]);
    expect(inCluster).to.not.include("leases");
    const { metadata, rules } = controllerRole({ namespace: "network-system", name: "pulumi-sriov-controller" });
    expect(metadata.namespace).to.equal("network-system");
    expect(rules.map(({ resources }) => resources[0])).to.include("leases");
  });

  it("name the objects where a permission is for these alone", () => {
    const permission: Permission = { group: "g", resource: "r", verbs: ["get"], names: ["a"], why: "" };
    const rule = { apiGroups: ["g"], resources: ["r"], verbs: ["get"] };
    expect(rulesOf([permission], "cluster")).to.deep.equal([{ ...rule, resourceNames: ["a"] }]);
    const { names: _, ...ofAll } = permission;
    expect(rulesOf([ofAll], "cluster")).to.deep.equal([rule]);
  });
});

const READING = new Set(["get", "list", "watch"]);
