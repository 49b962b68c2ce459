import t from 'tap';
import type { ClauseName, Window } from '../../../src/cli/loadtest/rule.ts';
import { failures, judge } from '../../../src/cli/loadtest/rule.ts';

/** 500 players at 30 Hz for 10 s, all at the very edge of what is allowed. */
const EDGE: Window = {
  players: 500,
  tickRateHz: 30,
  seconds: 10,
  cores: 1,
  cpuSeconds: 8,
  ticksSeen: 149_250,
  ticksDue: 150_000,
  ticksSkipped: 12,
  tickMsP99: 16.6,
  gapTicksMax: 3,
  inputsSent: 150_000,
  inputsTaken: 149_500,
  inputsDropped: [{ reason: 'core_inputs_late', count: 0 }],
  closed: 0,
  broken: 0,
  mismatches: 0,
  overloadLevel: 0,
  generators: [{ cpuShare: 0.69, lateMsP99: 2 }],
};

t.test('what stands at the edge of each clause is held', async (t) => {
  const verdict = judge(EDGE);
  t.equal(verdict.outcome, 'held', failures(verdict));
  t.equal(failures(verdict), '');
  t.ok(verdict.clauses.every(({ held }) => held === true));
});

const PLANTED: readonly [ClauseName, Partial<Window>][] = [
  ['ticks run', { ticksSeen: 149_249 }],
  ['tick p99', { tickMsP99: 16.7 }],
  ['client gap', { gapTicksMax: 4 }],
  ['cpu', { cpuSeconds: 8.01 }],
  ['inputs dropped', { inputsDropped: [{ reason: 'room_inbox_full', count: 1 }] }],
  ['inputs dropped', { inputsTaken: 149_499 }],
  ['clients closed', { closed: 1 }],
  ['packets broken', { broken: 1 }],
  ['packets broken', { mismatches: 1 }],
  ['overload', { overloadLevel: 1 }],
];
for (const [name, change] of PLANTED)
  t.test(`${name}: ${Object.keys(change)} alone fails it`, async (t) => {
    const verdict = judge({ ...EDGE, ...change });
    t.equal(verdict.outcome, 'failed');
    const failed = verdict.clauses.filter(({ held }) => held === false);
    t.same(
      failed.map((clause) => clause.name),
      [name],
    );
    t.match(failures(verdict), name);
  });

t.test('a generator at its limit makes a window say nothing, held or failed', async (t) => {
  for (const load of [
    { cpuShare: 0.7, lateMsP99: 0 },
    { cpuShare: 0, lateMsP99: 2.1 },
  ])
    for (const change of [{}, { gapTicksMax: 40 }]) {
      const generators = [{ cpuShare: 0.1, lateMsP99: 0.1 }, load];
      const verdict = judge({ ...EDGE, ...change, generators });
      t.equal(verdict.outcome, 'bound');
      t.match(verdict.bound, /^the generator is at /);
    }
});

t.test('what nobody could measure is not judged, and not said to hold', async (t) => {
  const unknown = {
    ticksSkipped: null,
    tickMsP99: null,
    inputsTaken: null,
    inputsDropped: null,
    overloadLevel: null,
  };
  const { clauses, outcome } = judge({ ...EDGE, ...unknown });
  t.equal(outcome, 'held');
  t.same(
    clauses.filter(({ held }) => held === null).map(({ name }) => name),
    ['tick p99', 'inputs dropped', 'overload'],
  );
});

t.test('cores and rate scale the limits', async (t) => {
  t.equal(judge({ ...EDGE, cores: 2, cpuSeconds: 16 }).outcome, 'held');
  t.match(failures(judge({ ...EDGE, cores: 2, cpuSeconds: 16.1 })), /cpu 80.5 % of 2 cores/);
  t.match(failures(judge({ ...EDGE, tickRateHz: 60 })), /tick p99 16.60 ms \(<= 8.3 ms\)/);
});
