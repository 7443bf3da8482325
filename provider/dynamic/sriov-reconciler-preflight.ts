import { preflight } from "../core/reconciler/preflight.js";
import { dynamicProvider } from "./shell.js";

/**
 * This module is itself the provider object of a SriovReconcilerPreflight: Pulumi serializes it as a `require` of this
 * file's path in the package, which every state remembers. So the file must stay where it is, and understand state written
 * by every earlier version.
 */
export = dynamicProvider(preflight);
