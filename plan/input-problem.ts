/** Why one property of a spec is refused; in the spec's own names, nested ones with dots: `nicSelector.pfNames[1]`. */
export interface InputProblem {
  readonly property: string;
  /** Begins with the property's name: `numVfs must be 0 or more, not -1`. */
  readonly reason: string;
}
