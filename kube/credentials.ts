import type { RequestOptions } from "node:https";
import type { ClusterConfig, UserConfig } from "./config.js";
import { untilAborted } from "./deadline.js";
import { ConfigError, messageOf } from "./errors.js";

/** TLS settings and headers of one request, as the kubeconfig's user has them at this time. */
export interface Presented {
  readonly options: RequestOptions;
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
    this.asking ??= this.begin();
    const { options, generation } = await untilAborted(this.asking, signal);
    return { options: { ...options }, generation };
  }

  /** The plugin that is at work, as the subject of a sentence; undefined while none is. */
  get awaitedPlugin(): string | undefined {
    if (this.asking === undefined || this.command === undefined) return undefined;
    return `"${this.command}", which is to give the credentials of user "${this.config.user}",`;
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

  private begin(): Promise<Presented> {
    const asked = this.ask().finally(() => {
      if (this.asking === asked) this.asking = undefined;
    });
    return asked;
  }

  private async ask(): Promise<Presented> {
    const { kubeConfig, generation } = this;
    const options: RequestOptions = {};
    try {
      await kubeConfig.applyToHTTPSOptions(options);
      if (this.command !== undefined && !presents(options)) throw new TypeError("neither token nor certificate");
    } catch (error) {
      // Whatever a plugin has printed is remembered there, though it is of no use.
      this.kubeConfig = this.config.renewed() ?? kubeConfig;
      const { user, origin } = this.config;
      throw new ConfigError(`the credentials of user "${user}" cannot be had (${origin}${this.source}): ${why(error)}`);
    }
    return { options, generation };
  }

  private get command(): string | undefined {
    return (this.kubeConfig.getCurrentUser()?.exec as { readonly command?: string } | undefined)?.command;
  }

  private get source(): string {
    return this.command === undefined ? "" : `, by running "${this.command}"`;
  }
}

/** Without anything the API server would take whoever asks for anonymous, and speak of its permissions. */
function presents({ headers = {}, cert, pfx, auth }: RequestOptions): boolean {
  return "Authorization" in headers || [cert, pfx, auth].some((given) => given !== undefined);
}

/** A parser's message goes on with an excerpt of what it was given, which may hold a credential: hence no cause either. */
function why(error: unknown): string {
  if (error instanceof SyntaxError || error instanceof TypeError)
    return "what it printed is no ExecCredential with a token or a client certificate; run it by hand to see";
  return messageOf(error).trim() || "it failed, and did not say why; run it by hand to see";
}
