/** Rows as lines of aligned columns, under a head in capitals, as kubectl prints them. */
export function table(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = [
    columns.map((name) => name.toUpperCase()),
    ...rows.map((row) => columns.map((name) => String(row[name] ?? ""))),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd((widths[index] ?? 0) + 2))
        .join("")
        .trimEnd(),
    )
    .join("\n");
}
