import { expect } from "chai";
import type { InputProblem } from "../../../plan/input-problem.js";
import { networkSpecProblems } from "../../../plan/networks/network-inputs.js";
import { policySpecProblems } from "../../../plan/policies/policy-inputs.js";
import { ACCEPTED_NETWORKS, NETWORK_SPEC, REFUSED_NETWORKS } from "../../specs/networks.js";
import { ACCEPTED_POLICIES, EXAMPLE_POLICIES, POLICY_SPEC, REFUSED_POLICIES } from "../../specs/policies.js";

type Fields = Readonly<Record<string, unknown>>;

/** The kinds accept these, as the operator does, but no pod starts with them. */
const REFUSED_BY_PREVIEW_ALONE: readonly string[] = [
  "a VLAN priority without a VLAN",
  "protocol 802.1ad",
  "protocol 802.1AD",
];

/** A preview looks at none of what is not carried out, nor does it bound lists. */
const REFUSED_BY_API_SERVER_ALONE: readonly string[] = ["an unknown fail mode", "more names than a rule can look at"];

/** The same specs are tried at the API server: test/integration/api. */
describe("what the API server says of a spec, said before it is asked", () => {
  const KINDS = [
    ["a policy", policySpecProblems, POLICY_SPEC, [...ACCEPTED_POLICIES, ...EXAMPLE_POLICIES], REFUSED_POLICIES],
    ["a network", networkSpecProblems, NETWORK_SPEC, ACCEPTED_NETWORKS, REFUSED_NETWORKS],
  ] as const;

  for (const [kind, problems, spec, accepted, refused] of KINDS) {
    const problemsOf = (fields: Fields): readonly InputProblem[] => problems({ ...spec, ...fields });

    for (const [what, fields] of accepted) {
      const isRefused = REFUSED_BY_PREVIEW_ALONE.includes(what);
      it(`${isRefused ? "does not let" : "lets"} ${kind} have ${what}`, () => {
        expect(problemsOf(fields)).to.have.length(isRefused ? 1 : 0);
      });
    }

    for (const [what, fields, where] of refused) {
      const isLeft = REFUSED_BY_API_SERVER_ALONE.includes(what);
      it(isLeft ? `leaves it to the API server to refuse ${kind} ${what}` : `refuses ${kind} ${what}`, () => {
        const properties = problemsOf(fields).map(({ property }) => property);
        const named = isLeft ? properties.length === 0 : properties.some((property) => isSame(property, where));
        expect(named, properties.join() || "no problem").to.equal(true);
      });
    }
  }
});

/** Whole lists are named by the API server where a preview names their items. */
function isSame(property: string, where: string): boolean {
  const path = where.replace(/^spec\./, "");
  return property === path || property.endsWith(path) || property.startsWith(`${path}[`);
}
