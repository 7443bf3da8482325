/** What the reconciler's commands share in reading their flags. */

export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface ListenAddress {
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
}

/** A day. A timer that is set for more than 2^31 ms goes off at once, again and again. */
const MAX_SECONDS = 86_400;

/** Milliseconds of a flag in seconds. @throws {UsageError} */
export function seconds(flag: string, given: string | undefined, fallback: number): number {
  const value = given === undefined ? fallback : Number(given);
  if (!(value > 0 && value <= MAX_SECONDS)) {
    throw new UsageError(`--${flag} must be a number of seconds above 0, up to ${MAX_SECONDS}, not "${given ?? ""}"`);
  }
  return value * 1_000;
}

/** @throws {UsageError} */
export function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((it) => it === value);
  if (found === undefined) throw new UsageError(`--${flag} must be one of ${allowed.join(", ")}, not "${value}"`);
  return found;
}

/** RFC 1123 subdomain, what stands before the "/" of a resource name. */
const DOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** @throws {UsageError} */
export function domain(flag: string, value: string): string {
  if (DOMAIN.test(value)) return value;
  throw new UsageError(`--${flag} must be a domain's name, such as example.com, not "${value}"`);
}

/** Undefined for `off`. @throws {UsageError} */
export function listenAddress(flag: string, value: string): ListenAddress | undefined {
  if (value === "off") return undefined;
  const match = /^(?:\[(?<ipv6>[^\]]+)\]|(?<host>[^:]+)):(?<port>\d{1,5})$/.exec(value);
  const { ipv6, host = ipv6, port } = match?.groups ?? {};
  if (host === undefined || Number(port) > 65_535) {
    throw new UsageError(`--${flag} must be HOST:PORT, such as 127.0.0.1:9808 or [::1]:9808, or off, not "${value}"`);
  }
  return { host, port: Number(port) };
}
