import type https from "node:https";
import type { ClusterConfig, UserConfig } from "./config.js";
import { untilAborted } from "./deadline.js";
import { ConfigError, messageOf } from "./errors.js";

/** TLS settings and headers of one request, as the kubeconfig's user has them at this time. */
export interface Presented {
  readonly options: https.RequestOptions;
  /** Grows when credentials are given up. */
  readonly generation: number;
}

/**
 * What tells the API server who asks. Exec plugins and token files are asked again once what they gave has expired, and
 * once the API server does not accept it any more, whatever it said of its own expiry.
 */
export class Credentials {
  private kubeConfig: UserConfig;
  private generation = 0;
  private asking: Promise<Presented> | undefined;

  constructor(private readonly config: ClusterConfig) {
    this.kubeConfig = config.kubeConfig;
  }

  /** Whoever asks while a plugin is at work waits for the same answer. @throws {ConfigError} with the plugin's words. */
  async current(signal: AbortSignal | undefined): Promise<Presented> {
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    const { options, generation } = await untilAborted(this.asking, signal);
    return { options: { ...options }, generation };
  }

  /** The API server has refused credentials of this generation with 401. Answers whether there may be others by now. */
  renew(refused: number): boolean {
    if (refused < this.generation) return true;
    const renewed = this.config.renewed();
    if (renewed === undefined) return false;
    this.kubeConfig = renewed;
    this.generation++;
    this.asking = undefined;
    return true;
  }

  private async ask(): Promise<Presented> {
    const { kubeConfig, generation } = this;
    const options: https.RequestOptions = {};
    try {
      await kubeConfig.applyToHTTPSOptions(options);
    } catch (error) {
      const { user, origin } = this.config;
      const command = kubeConfig.getCurrentUser()?.exec?.command;
      const source = command === undefined ? "" : `, by running "${command}"`;
      throw new ConfigError(
        `the credentials of user "${user}" cannot be had (${origin}${source}): ${messageOf(error).trim()}`,
        { cause: error },
      );
    }
    return { options, generation };
  }
}
