/** Exit statuses of Pulumi's CLI, as far as they arise here. */
export const ExitStatus = {
  ok: 0,
  failed: 1,
  badInvocation: 2,
  unexpectedChanges: 7,
  internal: 255,
} as const;
