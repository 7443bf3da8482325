import { EngineError } from "./engine-error.js";
import type { Provider } from "./provider.js";

export function startKubernetesProvider(): Promise<Provider> {
  return Promise.reject(new EngineError("kubernetes resources are not served yet"));
}
