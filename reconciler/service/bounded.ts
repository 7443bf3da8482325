/** Runs all tasks, at most `limit` at a time. One that fails keeps no other from its turn; the first failure is thrown. */
export async function runBounded(tasks: readonly (() => Promise<void>)[], limit: number): Promise<void> {
  const failures: unknown[] = [];
  const remaining = tasks.values();
  const worker = async (): Promise<void> => {
    for (const task of remaining) await task().catch((error: unknown) => void failures.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(limit, tasks.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
