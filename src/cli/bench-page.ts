/** A run of the benchmarks as one file for a browser: no server, no other file. Its script and style are bench/page/, as built. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FrayError } from '../errors.ts';
import { GOALS, goalStates } from './bench-goals.ts';
import { type BenchReport, moreOf, ratioText, shortfall } from './bench-report.ts';
import { packageRoot } from './games.ts';

/** What the page's script reads. */
export interface PageReport extends BenchReport {
  readonly goals: ReturnType<typeof goalStates>;
  /** By name of a row: its ratio as text and by what it misses its goal. */
  readonly said: { readonly [row: string]: { readonly ratio: string; readonly by: string } };
  readonly more: ReturnType<typeof moreOf>;
}

/** Throws E_CONFIG where the script is not built. null: only that is looked at. */
export function benchPage(report: BenchReport | null): string {
  const folder = join(packageRoot(), 'dist', 'bench-page');
  const [script, style] = [join(folder, 'main.js'), join(folder, 'main.css')];
  if (!existsSync(script) || !existsSync(style))
    throw new FrayError(
      'E_CONFIG',
      'Cannot write a page: its script is not built; run npm ci and npm run build, or ask for a .json',
    );
  if (report === null) return '';
  const rows = report.benches.flatMap((bench) => bench.rows);
  const page: PageReport = {
    ...report,
    goals: goalStates(report),
    said: Object.fromEntries(
      rows.map((row) => [row.name, { ratio: ratioText(row), by: shortfall(row) }]),
    ),
    more: moreOf(rows),
  };
  // Inside a script element only `<` can end what is meant as text.
  const json = JSON.stringify(page).replaceAll('<', '\\u003c');
  const code = readFileSync(script, 'utf8').replaceAll('</script', '<\\/script');
  const met = page.goals.filter(({ state }) => state === 'met').length;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="content-security-policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>Fray: ${met} of ${GOALS.length} goals met, ${report.head.when}</title>
<style>${readFileSync(style, 'utf8')}</style>
<main id="report"></main>
<script type="application/json" id="run">${json}</script>
<script type="module">${code}</script>
`;
}
