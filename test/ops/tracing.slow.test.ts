/** `fray start --traces` in a process of its own, with somebody's SDK in it. */
import { test } from 'tap';
import { STAGES } from '../../workers/timing.ts';
import { until } from '../server/fixture.ts';
import { listening, small } from '../server/fray-process.ts';

interface Line {
  readonly name: string;
  readonly parent: string | null;
  readonly startTime: number;
  readonly ms: number;
}

test('one tick a second is told of, stage by stage', async (t) => {
  const sdk = new URL('./print-spans.mjs', import.meta.url).href;
  const flags = [...small(0), '--bots', '3', '--traces'];
  const run = await listening(t, flags, { NODE_OPTIONS: `--import=${sdk}` });
  const spans = (): Line[] =>
    [...run.out.matchAll(/^span (.*)$/gm)].map(([, line = '']) => JSON.parse(line) as Line);
  await until('two ticks', () => spans().filter(({ name }) => name === 'tick').length >= 2, 20_000);
  const seen = spans();
  const inside = seen.slice(0, STAGES.length);
  t.same(
    inside.map(({ name, parent }) => `${parent}/${name}`),
    STAGES.map((stage) => `tick/${stage}`),
  );
  const whole = seen[STAGES.length] as Line;
  t.match(whole, { name: 'tick', parent: null });
  t.ok(whole.ms > 0 && whole.ms < 5000, `${whole.ms} ms`);
  const sum = inside.reduce((ms, span) => ms + span.ms, 0);
  t.ok(Math.abs(sum - whole.ms) < 0.01, 'its stages are all of it');
  t.ok(Math.abs(whole.startTime - Date.now()) < 60_000, 'by the wall clock');
});
