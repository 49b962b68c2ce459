/** One window, with a crew and a server that say what the test wants. */
import t from 'tap';
import type { Crew } from '../../../src/cli/loadtest/crew.ts';
import { measure } from '../../../src/cli/loadtest/measure.ts';
import type { GeneratorFigures } from '../../../src/cli/loadtest/messages.ts';
import { readMetrics } from '../../../src/cli/loadtest/metrics-page.ts';
import { failures } from '../../../src/cli/loadtest/rule.ts';
import type { LoadedServer } from '../../../src/cli/loadtest/servers.ts';

const SEEN: GeneratorFigures = {
  ms: 1000,
  cpuUs: 100_000,
  lateMsP99: 0.5,
  received: 1500,
  receivedBytes: 60_000,
  sent: 1500,
  sentBytes: 40_000,
  ticksSeen: 1500,
  ticksDue: 1500,
  gapTicksMax: 1,
  closed: 0,
  broken: 0,
  mismatches: 0,
  checks: 10,
  clients: 50,
  decoders: 2,
};

t.test('players who did not come, or were closed, fail a window by their number', async (t) => {
  const all = await play(50);
  t.equal(all.verdict.outcome, 'held', failures(all.verdict));
  t.equal(all.window.closed, 0);
  const fewer = await play(48);
  t.equal(fewer.window.closed, 2, 'two of 50 are not there');
  t.same(
    fewer.verdict.clauses
      .filter(({ held }) => held === false)
      .map(({ name, text }) => [name, text]),
    [['clients closed', '2 (0)']],
  );
  const both = await play(49, { closed: 3 });
  t.equal(both.window.closed, 4, 'and those who were closed meanwhile');
  t.equal((await play(51)).window.closed, 0, 'one who is still leaving makes up for nobody');
});

/** 50 are asked for, `there` come. */
function play(there: number, change: Partial<GeneratorFigures> = {}) {
  let looks = 0;
  const server: LoadedServer = {
    title: 'a server',
    url: 'udp://127.0.0.1:1/',
    pid: null,
    metrics: async () => {
      looks += 1;
      // Settled, before, after: what counts up has done so between the last two.
      const done = looks > 2 ? 1 : 0;
      return readMetrics(`process_cpu_seconds_total ${10 + done * 0.05}
fray_overload_level{worker="0"} 0
fray_received_datagrams_total ${done * 1500}
fray_tick_duration_seconds_bucket{le="0.001"} ${done * 300}
fray_tick_duration_seconds_bucket{le="+Inf"} ${done * 300}
`);
    },
    stats: async () => null,
    stop: async () => {},
  };
  const crew = {
    rateHz: 30,
    players: there,
    become: async () => null,
    begin: async () => {},
    end: async () => [{ ...SEEN, ...change }],
  } as unknown as Crew;
  return measure(50, { crew, servers: [server], cores: 1, settleMs: 1, measureMs: 200 });
}
