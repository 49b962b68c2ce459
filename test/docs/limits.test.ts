/** The table of docs/limits.md: options and defaults are those of src/options.ts, reasons stand on the metrics page. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { OPTIONS } from '../../src/config.ts';
import { emptySources } from '../ops/sources.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/limits.md', import.meta.url)), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => /^\| (?!limit \|)[^-]/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));

/** Options that set a limit on what peers may ask for: each has to stand in the table. */
const LIMITS = /(PerSecond|PerAddressMax|^sessionsMax|RequestsMax|TimeoutMs|^authsMax|resumeMs)$/;

test('each row has an option with its default, or names none', (t) => {
  t.ok(rows.length >= 15, `${rows.length} rows`);
  for (const [, limit, option = '', value, beyond, reason, why] of rows) {
    for (const cell of [limit, value, beyond, reason, why]) t.ok(cell, `${limit}: no empty cell`);
    if (option === '–') continue;
    t.ok(Object.hasOwn(OPTIONS, option), `${limit}: ${option}`);
    t.equal(String(OPTIONS[option as keyof typeof OPTIONS]?.default), value, `${limit}: default`);
  }
  t.end();
});

test('each option that is a limit stands in the table', (t) => {
  const named = new Set(rows.map(([, , option]) => option));
  for (const option of Object.keys(OPTIONS).filter((name) => LIMITS.test(name)))
    t.ok(named.has(option), `${option}: docs/limits.md needs a row for it`);
  t.end();
});

test('each reason stands on the metrics page', async (t) => {
  const reasons = new Set(
    emptySources(t)
      .drops()
      .map(({ reason }) => reason),
  );
  for (const [, limit, , , , reason = ''] of rows) t.ok(reasons.has(reason), `${limit}: ${reason}`);
});
