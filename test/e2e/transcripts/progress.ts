import { steady } from "./plain-text.js";

interface LoggedEvent {
  readonly diagnosticEvent?: { readonly urn?: string; readonly message?: string; readonly ephemeral?: boolean };
}

/**
 * What stood for a while on rows of resources, each wording once: without a terminal the engine does not print it, and how
 * often and how early it comes is a matter of the machine.
 *
 * @param log Events of one command, a line each, as `--event-log` writes them.
 */
export function progressOf(log: string): string[] {
  const events = log
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LoggedEvent);
  const lines = events.flatMap(({ diagnosticEvent: event }) =>
    event?.ephemeral === true && event.message
      ? [`status of ${event.urn?.split("::").at(-1) ?? "nothing"}: ${steady(event.message.trim())}`]
      : [],
  );
  return [...new Set(lines)];
}
