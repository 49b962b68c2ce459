import t from 'tap';
import type { Ramp, Try } from '../../../src/cli/loadtest/knee.ts';
import { findKnee } from '../../../src/cli/loadtest/knee.ts';
import { judge, type Window } from '../../../src/cli/loadtest/rule.ts';

/** A server that takes `us` per player and tick, and a generator that takes `load`; `noise` is added to what is used in window n. */
function server(costs: { us: number; load?: number; noise?: (window: number) => number }): {
  probe: (players: number) => Promise<Try>;
  asked: number[];
} {
  const asked: number[] = [];
  const { us, load = 1, noise = () => 0 } = costs;
  return {
    asked,
    probe: async (players) => {
      const share = (players * 30 * us) / 1e6 + noise(asked.length);
      asked.push(players);
      const window: Window = {
        players,
        tickRateHz: 30,
        seconds: 1,
        cores: 1,
        cpuSeconds: Math.min(1, share),
        ticksSeen: 1000,
        ticksDue: 1000,
        ticksSkipped: 0,
        tickMsP99: 1,
        gapTicksMax: 1,
        inputsSent: 1,
        inputsTaken: 1,
        inputsDropped: [],
        closed: 0,
        broken: 0,
        mismatches: 0,
        overloadLevel: 0,
        generators: [{ cpuShare: (players * 30 * load) / 1e6, lateMsP99: 1 }],
      };
      return { window, verdict: judge(window) };
    },
  };
}

const RAMP: Ramp = { from: 100, to: 16_000, step: 0.05 };

t.test('the knee is the last pass before a rise of 5 % fails, wherever it lies', async (t) => {
  for (const us of [2, 7, 23, 61, 200]) {
    const edge = 0.8e6 / (30 * us);
    const { probe, asked } = server({ us });
    const { held, failed, limit } = await findKnee(RAMP, probe);
    const [low = 0, high = 0] = [held?.window.players, failed?.window.players];
    t.ok(low <= edge && edge < high, `${low} <= ${edge} < ${high}`);
    t.ok(high <= Math.round(low * 1.05) + 1, `${high} is one step above ${low}`);
    t.equal(limit, 'server');
    t.ok(asked.length <= 16, `${asked.length} windows: ${asked}`);
  }
});

t.test('one bad window is no knee, two are', async (t) => {
  const bad = (which: readonly number[]) => (window: number) => (which.includes(window) ? 1 : 0);
  const clean = await findKnee(RAMP, server({ us: 23 }).probe);
  for (let at = 0; at < clean.tries.length - 2; at += 1) {
    const { held } = await findKnee(RAMP, server({ us: 23, noise: bad([at]) }).probe);
    t.equal(held?.window.players, clean.held?.window.players, `window ${at} stolen`);
  }
  const both = await findKnee(
    { ...RAMP, from: 1000 },
    server({ us: 23, noise: bad([0, 1]) }).probe,
  );
  t.ok((both.held?.window.players ?? 0) < 1000);
});

t.test('a generator at its limit ends the search as such', async (t) => {
  const { held, limit, failed } = await findKnee(RAMP, server({ us: 20, load: 40 }).probe);
  t.equal(limit, 'generator');
  t.equal(failed?.verdict.outcome, 'bound');
  const most = 0.7e6 / (30 * 40);
  t.ok((held?.window.players ?? 0) < most && (held?.window.players ?? 0) > most / 1.06);
});

t.test('the end of the ramp is a bound, too', async (t) => {
  const { held, failed, limit } = await findKnee({ ...RAMP, to: 250 }, server({ us: 5 }).probe);
  t.equal(held?.window.players, 250);
  t.equal(failed, null);
  t.equal(limit, 'ramp');
});

t.test('below the first window it goes down, and may find nobody held', async (t) => {
  const few = await findKnee(RAMP, server({ us: 1500 }).probe);
  t.equal(few.held?.window.players, 17);
  const alone = await findKnee({ ...RAMP, to: 100 }, server({ us: 1500 }).probe);
  t.equal(alone.held, null);
  t.equal(alone.tries.length, 2, 'one number alone was asked for');
  const none = await findKnee(RAMP, server({ us: 40_000 }).probe);
  t.equal(none.held, null);
  t.equal(none.limit, 'server');
  const late = await findKnee(RAMP, server({ us: 1, load: 1e6 }).probe);
  t.equal(late.held, null);
  t.equal(late.limit, 'generator');
  t.ok(late.tries.length <= 6, 'a generator that is late with few is late with fewer');
});
