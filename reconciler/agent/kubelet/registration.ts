import { call } from "./call.js";
import { API_VERSION, register } from "./device-plugin-api.js";

const DEADLINE_MS = 10_000;

/** What a plugin of ours can do beyond what each must. */
export const PLUGIN_OPTIONS = { preStartRequired: false, preferredAllocation: true } as const;

/**
 * Tells the kubelet that the resource is served at `endpoint`, a socket's name in its folder. It answers once it has asked there
 * for the plugin's options.
 *
 * @throws {GrpcError} It does not answer, or refuses, in its own words.
 */
export async function registerPlugin(socket: string, resourceName: string, endpoint: string): Promise<void> {
  const request = { version: API_VERSION, endpoint, resourceName, options: PLUGIN_OPTIONS };
  await call(register, request, { socket, deadlineMs: DEADLINE_MS });
}
