/** docs/operate.md tells of all events of the log, and of no others; and each is written somewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { LOG_EVENTS } from '../../src/ops/log.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('the events of the log stand in docs/operate.md', (t) => {
  const page = readFileSync(join(ROOT, 'docs', 'operate.md'), 'utf8');
  const [, section = ''] = /^## The log$([\s\S]*?)^## /m.exec(page) ?? [];
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const told = rows.flatMap((row) => {
    const [, cell = ''] = row.split('|');
    return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
  });
  t.same([...told].sort(), [...LOG_EVENTS].sort());
  t.end();
});

test('each event is written somewhere', (t) => {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== join('ops', 'log.ts'))
    .map((name) => readFileSync(join(ROOT, 'src', name), 'utf8'));
  for (const event of LOG_EVENTS)
    t.ok(
      files.some((text) => text.includes(`'${event}'`)),
      event,
    );
  t.end();
});
