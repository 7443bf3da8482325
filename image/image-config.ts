import { VERSION } from "../api/version.js";
import { bundleEnv, bundleFlags } from "./runtime.js";

export const NODE = "/usr/bin/node";
export const OPT = "/opt/pulumi-sriov";
export const BUNDLE = "reconciler.cjs";

/** By the end of its name scanners find it. */
export const BILL_OF_MATERIALS = `${OPT}/reconciler.cdx.json`;

/** "nonroot". Agents' pods say that they run as root; whoever says nothing has no rights. */
export const USER = 65532;

/** How a container of the image runs where nobody says otherwise, as the OCI image specification has it. */
export const imageConfig = {
  User: `${USER}:${USER}`,
  Env: Object.entries({ PATH: "/usr/sbin:/usr/bin", ...bundleEnv(OPT) }).map(([name, value]) => `${name}=${value}`),
  Entrypoint: [NODE, ...bundleFlags, `${OPT}/${BUNDLE}`],
  WorkingDir: "/",
  Labels: {
    "org.opencontainers.image.title": "pulumi-sriov reconciler",
    "org.opencontainers.image.version": VERSION,
    "org.opencontainers.image.licenses": "Apache-2.0",
  },
} as const;
