/** What SPEC.md says of bad input names codes and counters that exist. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { metricsOf, serve } from '../server/fixture.ts';

const spec = readFileSync(new URL('../../protocol/SPEC.md', import.meta.url), 'utf8');
const table = /^## 11\. What bad input gets$([\s\S]*?)^## /m.exec(spec)?.[1] ?? '';

test('each code in the table of refusals is one', (t) => {
  const codes = [...table.matchAll(/`(E_\w+)`/g)].map(([, code = '']) => code);
  t.ok(codes.length > 15);
  t.same(
    codes.filter((code) => !Object.hasOwn(ERROR, code)),
    [],
  );
  t.end();
});

test('each counter in the table of refusals stands on the metrics page', async (t) => {
  const server = await serve();
  t.teardown(() => server.stop(0));
  const metrics = await metricsOf(server);
  const names = [...table.matchAll(/`((?:session|core|worker|websocket|room)_\w+)`/g)];
  t.ok(names.length > 10);
  for (const [, name = ''] of names) t.ok(metrics.has(`fray_drops_total{reason="${name}"}`), name);
});
