/** Reads a page of metrics (Prometheus' text format), and what happened between two of them. Pure. */

/** Values by name and labels as printed: `fray_drops_total{reason="room_inbox_full"}`. */
export type MetricsPage = ReadonlyMap<string, number>;

export function readMetrics(text: string): MetricsPage {
  const page = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/i.exec(line);
    if (match === null) continue;
    const [, name = '', labels, value] = match;
    const sorted = labels === undefined ? '' : `{${labelsOf(labels).join(',')}}`;
    page.set(`${name}${sorted}`, Number(value));
  }
  return page;
}

/** What a counter grew by, over all of its labels that hold `label` (as in `reason="x"`). */
export function grown(before: MetricsPage, after: MetricsPage, name: string, label = ''): number {
  return sumOf(after, name, label) - sumOf(before, name, label);
}

/** Of all rows with that name. */
export function sumOf(page: MetricsPage, name: string, label = ''): number {
  let sum = 0;
  for (const [key, value] of page) if (isOf(key, name, label)) sum += value;
  return sum;
}

/** The largest of all rows with that name; 0 for none. */
export function mostOf(page: MetricsPage, name: string): number {
  let most = 0;
  for (const [key, value] of page) if (isOf(key, name, '')) most = Math.max(most, value);
  return most;
}

/** Values of one label, as in `stage`. */
export function labelValues(page: MetricsPage, name: string, label: string): string[] {
  const found = new Set<string>();
  for (const key of page.keys()) {
    if (!isOf(key, name, '')) continue;
    const value = new RegExp(`[{,]${label}="([^"]*)"`).exec(key)?.[1];
    if (value !== undefined) found.add(value);
  }
  return [...found];
}

/** Upper bound, in seconds, of the bucket that holds the quantile of what a histogram counted between two pages; null: nothing. */
export function quantileGrown(
  before: MetricsPage,
  after: MetricsPage,
  name: string,
  share: number,
): number | null {
  const bounds = labelValues(after, `${name}_bucket`, 'le')
    .map((le) => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)))
    .sort((one, other) => one - other);
  const counts = bounds.map((bound) => {
    const le = Number.isFinite(bound) ? String(bound) : '+Inf';
    return grown(before, after, `${name}_bucket`, `le="${le}"`);
  });
  const all = counts.at(-1) ?? 0;
  if (all === 0) return null;
  const at = counts.findIndex((count) => count >= all * share);
  return bounds[at] ?? null;
}

function isOf(key: string, name: string, label: string): boolean {
  if (key !== name && !key.startsWith(`${name}{`)) return false;
  return label === '' || key.includes(`{${label}`) || key.includes(`,${label}`);
}

function labelsOf(text: string): string[] {
  return (text.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? []).sort();
}
