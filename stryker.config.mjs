/**
 * Mutation testing of the planners, which decide what becomes of hardware: `npm run mutate` changes their code in every way that
 * it knows, one change at a time, and says which changes no test of test/unit/plan notices.
 *
 * @type {import("@stryker-mutator/api/core").PartialStrykerOptions}
 */
export default {
  mutate: ["plan/**/*.ts"],
  // Types have been checked before; mutants may break them.
  buildCommand: "tsc -p . --noCheck",
  plugins: ["./test/mutation/mocha-runner.mjs"],
  testRunner: "mocha",
  // The slow ones last: most mutants fall to the others before.
  mochaOptions: {
    spec: [
      "dist/test/unit/plan/{*,claims/*,impact/*,networks/*,policies/*}.test.js",
      "dist/test/unit/plan/properties/*.test.js",
    ],
  },
  coverageAnalysis: "perTest",
  concurrency: 2,
  reporters: ["clear-text", "progress", "html"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: "dist/mutation.html" },
  thresholds: { high: 95, low: 90, break: 90 },
};
