/** Text tables of the command line: columns as wide as their widest cell, the last one free. Cells are `shown`. */
export function table(head: readonly string[], cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(shown));
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === head.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [
    line(head),
    line(
      widths.map((width, column) =>
        '-'.repeat(column === head.length - 1 ? (head[column] ?? '').length : width),
      ),
    ),
    ...rows.map(line),
  ].join('\n');
}

/** Of a file that may come from anybody: without what a terminal would obey. */
export function shown(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}
