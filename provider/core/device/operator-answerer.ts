import type { Answerer } from "../silence.js";

/** Who answers where the sriov-network-operator is at work. */
export const OPERATOR: Answerer = {
  who: "the sriov-network-operator",
  advice: "check that its pods run, and that its SriovOperatorConfig lets it configure these nodes",
  pods: { labels: { name: "sriov-network-operator" } },
};
