import { createHash } from "node:crypto";
import type { KubeClient } from "../../kube/client.js";

/** Whether somebody may read metrics. */
export type Verdict =
  | { readonly allowed: true }
  /** `who`: the user that the token is of; undefined where it is nobody's. */
  | { readonly allowed: false; readonly who: string | undefined };

/** What metrics are in the eyes of RBAC: a path of no resource, as the API server's own are. */
export const METRICS_PATH = "/metrics";

/** How long a grant is remembered, and so how long one goes on that was taken back. */
const GRANTED_MS = 60_000;
const REFUSED_MS = 10_000;
/** Of tokens that are remembered; more push out the oldest that was refused, and where none was the oldest. */
const MOST_REMEMBERED = 64;
/**
 * Of strangers' tokens that the API server is asked about at once, and in a second. Without both, whoever reaches the port
 * could use up what the API server allows the account of all agents.
 */
const MOST_ASKED = 4;
const MOST_A_SECOND = 10;
const ANSWER_MS = 5_000;

/** More tokens than can be asked about come at the same time. */
export class TooManyReaders extends Error {
  override readonly name = "TooManyReaders";
}

/**
 * Who may read metrics, as the API server says: whose a token is by a TokenReview, and whether he may `get` the path `/metrics`
 * by a SubjectAccessReview. What it has said is remembered for a minute, so that a scrape does not cost it two requests.
 */
export class MetricsReaders {
  /** By a hash of the token, so that no token is kept. */
  private readonly known = new Map<string, { readonly until: number; readonly verdict: Verdict }>();
  private readonly asked = new Map<string, Promise<Verdict>>();
  /** How many strangers' tokens have been asked about in the second that began then. */
  private second = { began: -Infinity, asked: 0 };

  constructor(
    private readonly client: Pick<KubeClient, "raw">,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @throws {ApiError | ConnectionError} The API server could not be asked. @throws {TooManyReaders} */
  async judge(token: string): Promise<Verdict> {
    const id = createHash("sha256").update(token).digest("base64");
    const known = this.known.get(id);
    if (known !== undefined && this.now() < known.until) return known.verdict;
    const underWay = this.asked.get(id);
    if (underWay !== undefined) return underWay;
    // Who has read before is no stranger: his turn comes however many of these there are.
    if (known?.verdict.allowed !== true && !this.hasTurn()) throw new TooManyReaders("too many tokens are asked about");
    return this.ask(id, token);
  }

  private hasTurn(): boolean {
    if (this.asked.size >= MOST_ASKED) return false;
    if (this.now() - this.second.began >= 1_000) this.second = { began: this.now(), asked: 0 };
    return this.second.asked++ < MOST_A_SECOND;
  }

  private ask(id: string, token: string): Promise<Verdict> {
    const asked = this.review(token)
      .then((verdict) => {
        this.remember(id, verdict);
        return verdict;
      })
      .finally(() => this.asked.delete(id));
    this.asked.set(id, asked);
    return asked;
  }

  private remember(id: string, verdict: Verdict): void {
    this.known.delete(id);
    this.known.set(id, { until: this.now() + (verdict.allowed ? GRANTED_MS : REFUSED_MS), verdict });
    if (this.known.size <= MOST_REMEMBERED) return;
    const [oldest] = this.known.keys();
    const [stranger = oldest] = [...this.known].find(([, { verdict }]) => !verdict.allowed) ?? [];
    if (stranger !== undefined) this.known.delete(stranger);
  }

  private async review(token: string): Promise<Verdict> {
    const { authenticated, user } = await this.post<TokenReviewStatus>("authentication", "TokenReview", { token });
    if (authenticated !== true || user?.username === undefined) return { allowed: false, who: undefined };
    const { username, uid, groups, extra } = user;
    const spec = { user: username, uid, groups, extra, nonResourceAttributes: { path: METRICS_PATH, verb: "get" } };
    const { allowed } = await this.post<AccessReviewStatus>("authorization", "SubjectAccessReview", spec);
    return allowed === true ? { allowed } : { allowed: false, who: username };
  }

  private async post<S>(group: string, kind: string, spec: object): Promise<Partial<S>> {
    const apiVersion = `${group}.k8s.io/v1`;
    const answer = await this.client.raw({
      method: "POST",
      path: `/apis/${apiVersion}/${kind.toLowerCase()}s`,
      body: { apiVersion, kind, metadata: {}, spec },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return (answer as { readonly status?: Partial<S> } | undefined)?.status ?? {};
  }
}

interface TokenReviewStatus {
  readonly authenticated: boolean;
  readonly user: {
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
}

interface AccessReviewStatus {
  readonly allowed: boolean;
}
