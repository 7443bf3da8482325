import boundaries from "eslint-plugin-boundaries";
import tseslint from "typescript-eslint";

/** Which room may import which: the last column of the rooms table in docs/architecture.md. */
const rooms = {
  api: [],
  deploy: ["api"],
  plan: ["api"],
  kube: ["api"],
  "provider/core": ["api", "plan", "kube"],
  "provider/dynamic": ["provider/core"],
  provider: ["provider/dynamic", "provider/core"],
  sdk: ["api", "deploy", "provider/dynamic", "provider"],
  cli: ["api", "plan", "kube", "provider/core", "provider/dynamic", "provider"],
  policy: ["api", "plan", "kube", "provider/core", "provider/dynamic", "provider"],
  "reconciler/kernel": [],
  "reconciler/service": ["api", "kube"],
  "reconciler/agent": ["api", "plan", "kube", "reconciler/kernel", "reconciler/service"],
  "reconciler/controller": ["api", "plan", "kube", "reconciler/service"],
  reconciler: [
    "api",
    "plan",
    "kube",
    "reconciler/kernel",
    "reconciler/service",
    "reconciler/agent",
    "reconciler/controller",
  ],
};
const product = Object.keys(rooms);
/** What makes the image is no part of the product: it bundles by path, and imports of it only what says how it is deployed. */
const everything = [...product, "image", "lab", "test"];

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", ".stryker-tmp/", "test/fixtures/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: ["./tsconfig.json", "./examples/*/tsconfig.json"] } },
    plugins: { boundaries },
    settings: {
      "import/resolver": { typescript: { alwaysTryTypes: true } },
      // First match wins, so the inner rooms stand before the room around them.
      "boundaries/elements": [...everything]
        .sort((a, b) => b.length - a.length)
        .map((room) => ({ type: room, pattern: `${room}/**`, partialMatch: false })),
    },
    rules: {
      "boundaries/dependencies": [
        "error",
        {
          default: "disallow",
          policies: [
            { allow: { to: { module: { origin: ["external", "core"] } } } },
            ...product.map((room) => ({
              from: { element: { type: room } },
              allow: { to: { element: { types: { anyOf: [room, ...rooms[room]] } } } },
            })),
            {
              from: { element: { type: "image" } },
              allow: { to: { element: { types: { anyOf: ["image", "api", "deploy"] } } } },
            },
            ...["lab", "test"].map((room) => ({
              from: { element: { type: room } },
              allow: { to: { element: { types: { anyOf: everything } } } },
            })),
          ],
        },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-unused-expressions": "off",
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
);
