/** Spans of timed ticks, through the API of OpenTelemetry, as an SDK of an operator's gets them. */
import type { Context, Span, SpanOptions, TimeInput, Tracer } from '@opentelemetry/api';
import { trace } from '@opentelemetry/api';
import { test } from 'tap';
import { ManualClock } from '../../src/clock.ts';
import { startTracing, type TracedTick } from '../../src/ops/tracing.ts';

interface Seen {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly parent: string | null;
  readonly attributes: unknown;
}

test('a tick that was timed is a span with one for each stage inside, once', async (t) => {
  const seen: Seen[] = [];
  const names = new WeakMap<Span, string>();
  const tracer = {
    startSpan(name: string, { startTime, attributes }: SpanOptions, context: Context): Span {
      const above = trace.getSpan(context);
      const parent = above === undefined ? null : (names.get(above) ?? 'unknown');
      const span = {
        end: (endTime: TimeInput) =>
          void seen.push({
            name,
            startMs: Number(startTime),
            endMs: Number(endTime),
            parent,
            attributes,
          }),
      } as unknown as Span;
      names.set(span, name);
      return span;
    },
  } as unknown as Tracer;
  t.ok(trace.setGlobalTracerProvider({ getTracer: () => tracer }));
  t.teardown(() => trace.disable());
  const clock = new ManualClock(5_000_000);
  const first: TracedTick = {
    ...{ worker: 1, room: 'duel', tick: 30, startUs: 4_000_000, us: 900 },
    stagesUs: { enter: 100, ingest: 200, plugin: 600 },
  };
  let ticks = [first];
  const tracing = await startTracing({
    ticks: () => ticks,
    nowUs: () => clock.nowUs(),
    unixMs: () => 1_700_000_000_000,
  });
  t.teardown(() => tracing.stop());
  tracing.look();
  // A second before now.
  const atMs = 1_699_999_999_000;
  t.same(seen, [
    { name: 'enter', startMs: atMs, endMs: atMs + 0.1, parent: 'tick', attributes: undefined },
    {
      ...{ name: 'ingest', startMs: atMs + 0.1, endMs: atMs + 0.3 },
      ...{ parent: 'tick', attributes: undefined },
    },
    {
      ...{ name: 'plugin', startMs: atMs + 0.3, endMs: atMs + 0.9 },
      ...{ parent: 'tick', attributes: undefined },
    },
    {
      ...{ name: 'tick', startMs: atMs, endMs: atMs + 0.9, parent: null },
      attributes: { 'fray.room': 'duel', 'fray.worker': 1, 'fray.tick': 30 },
    },
  ]);
  tracing.look();
  t.equal(seen.length, 4, 'not twice');
  ticks = [
    { ...first, tick: 61, startUs: 4_990_000 },
    { ...first, worker: 0 },
  ];
  tracing.look();
  t.equal(seen.length, 12, 'one of each worker');
});
