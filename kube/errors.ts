/** The kubeconfig, or what it names, cannot be used. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** The API server could not be reached, or went away before it had answered. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";

  constructor(
    message: string,
    /** Node's code, such as `ECONNREFUSED`; `ETIMEDOUT` where a deadline of ours passed. */
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** `Status`, what the API server answers with when it refuses a request. */
export interface ApiStatus {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly ApiStatusCause[]; readonly retryAfterSeconds?: number };
}

export interface ApiStatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** The API server answered, and refused. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    message: string,
    /** HTTP status. Not named `code`: a gRPC server would take that for its own. */
    readonly httpStatus: number,
    readonly status: ApiStatus,
  ) {
    super(message);
  }

  get reason(): string {
    return this.status.reason ?? "";
  }
}

export function isNotFound(error: unknown): error is ApiError {
  return error instanceof ApiError && error.httpStatus === 404;
}

export function isForbidden(error: unknown): error is ApiError {
  return error instanceof ApiError && error.httpStatus === 403;
}

export function isConflict(error: unknown): error is ApiError {
  return error instanceof ApiError && error.httpStatus === 409;
}

/** The object breaks a rule of its schema, such as that a field never changes. */
export function isInvalid(error: unknown): error is ApiError {
  return error instanceof ApiError && error.httpStatus === 422;
}

/** The resource version that a watch or list began from is too old: only a new list helps. */
export function isExpired(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.httpStatus === 410 || error.reason === "Expired");
}

/** May the same request succeed later with nothing changed by anyone? */
export function isTransient(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  return error instanceof ApiError && (error.httpStatus === 429 || error.httpStatus >= 500);
}

/** No answer of the API server came to what may have been sent: nobody knows whether it was carried out. */
export function isUnanswered(error: unknown): boolean {
  // What stands before the API server did not wait for its answer, or the API server not for its storage's.
  if (error instanceof ApiError && [502, 504].includes(error.httpStatus)) return true;
  return error instanceof ConnectionError && !["ECONNREFUSED", "ENOTFOUND"].includes(error.code);
}

/** 404 for the whole kind, not for one object: its CustomResourceDefinition is not installed. */
export function isKindMissing(error: unknown): error is ApiError {
  return isNotFound(error) && error.status.details === undefined;
}

/** The field managers that a refused server-side apply conflicts with, as the API server names them. */
export function conflictingManagers(error: ApiError): string[] {
  const causes = error.status.details?.causes ?? [];
  const managers = causes
    .filter((cause) => cause.reason === "FieldManagerConflict")
    .map((cause) => /^conflict with "([^"]*)"/.exec(cause.message ?? "")?.[1])
    .filter((manager) => manager !== undefined);
  return [...new Set(managers)];
}

/** A ValidatingAdmissionPolicy that has refused a request, and what it says, for people. */
export interface PolicyRefusal {
  readonly policy: string;
  readonly message: string;
}

export function policyRefusal(error: unknown): PolicyRefusal | undefined {
  return error instanceof ApiError ? policyRefusalIn(error.status.message ?? "") : undefined;
}

/** The API server names the policy in its message alone. */
export function policyRefusalIn(said: string): PolicyRefusal | undefined {
  const [, policy, message] = /ValidatingAdmissionPolicy '([^']+)'[^:]*denied request: ([^]*)$/.exec(said) ?? [];
  return policy === undefined || message === undefined ? undefined : { policy, message };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
