/** The goals that figures are held against, and what of them a run has shown. */
import type { BenchReport, BenchRow } from './bench-report.ts';
import { figure, ratioText, shortfall } from './bench-report.ts';
import { table } from './table.ts';

export interface Goal {
  readonly id: string;
  readonly what: string;
  readonly goal: string;
  /** The command that shows it: a benchmark, or another. */
  readonly by: string;
}

export const GOALS: readonly Goal[] = [
  {
    id: 'P1',
    what: 'core, CPU per player and tick beside a StateView of @colyseus/schema (W1)',
    goal: '15x cheaper at 100 entities, 35x at 1,000',
    by: 'tick',
  },
  { id: 'P1b', what: '1,000 entities beside 100, as many in sight', goal: '<= 1.3x', by: 'tick' },
  { id: 'P2', what: 'WebAssembly beside a native build', goal: '<= 1.3x', by: 'native' },
  { id: 'P3', what: 'body of a snapshot, 10 in sight (W1)', goal: '<= 22 B', by: 'tick' },
  { id: 'P3b', what: 'its growth with 2 % and 5 % loss (W5)', goal: '<= 8 %, 20 %', by: 'bytes' },
  {
    id: 'P5',
    what: 'grid rebuild and query, 1,000 entities, 20 hits (W2)',
    goal: '10x cheaper than rbush, 6x than kdbush',
    by: 'interest',
  },
  { id: 'P6', what: 'movement of 1,000 (W3)', goal: '6x cheaper than rapier2d', by: 'move' },
  {
    id: 'P7',
    what: 'UDP, everything, beside RAW (W4)',
    goal: '<= 1.2x native, <= 2.6x in pure Node',
    by: 'io',
  },
  { id: 'P8', what: 'WebSocket, everything, beside ws alone (W4)', goal: '<= 0.6x', by: 'io' },
  {
    id: 'P9',
    what: 'data channel, everything, beside geckos.io (W4)',
    goal: '<= 0.167x',
    by: 'io',
  },
  {
    id: 'P10',
    what: 'players per core under rule R at 30 Hz',
    goal: 'UDP 3,900, WebSocket 2,200, data channel 1,900',
    by: 'fray loadtest',
  },
  { id: 'P11', what: 'lateness of a tick, p99, 80 % load (W7)', goal: '<= 0.5 ms', by: 'lateness' },
  {
    id: 'P12',
    what: 'what the server adds, input received to its effect sent, p95',
    goal: '<= 1 tick + 1 ms',
    by: 'latency',
  },
  {
    id: 'P13',
    what: 'hand-over from an I/O thread to a room',
    goal: '<= 1 wake per worker and phase slot, <= 60 ns a message',
    by: 'handover',
  },
  { id: 'P14', what: 'JavaScript garbage on the tick path', goal: '0 B per tick', by: 'garbage' },
  {
    id: 'P16',
    what: 'state hash, native = WebAssembly, 1 = 2 workers',
    goal: '1,000,000 ticks',
    by: 'test/browser/determinism.test.ts',
  },
  {
    id: 'P17',
    what: "from A's input to its effect decoded at B, p95, RTT 20, 60, 100 ms",
    goal: '<= RTT + 1.5 ticks + 10 ms; < 100 ms up to an RTT of 40',
    by: 'latency',
  },
];

export interface GoalState extends Goal {
  readonly state: 'met' | 'missed' | 'not run';
  /** A line for each row that counts for it. */
  readonly lines: readonly string[];
}

/** What a run says of each goal. `not run`: it had no row, or lacked the peer. */
export function goalStates({ benches }: BenchReport): GoalState[] {
  const rows = benches.flatMap((bench) => bench.rows);
  return GOALS.map((goal) => {
    const own = rows.filter((row) => row.goalId === goal.id && row.met !== null);
    const state =
      own.length === 0 ? 'not run' : own.every((row) => row.met === true) ? 'met' : 'missed';
    return { ...goal, state, lines: own.map(lineOf) };
  });
}

function lineOf(row: BenchRow): string {
  const value = row.ratio === null ? `${figure(row.ours)} ${row.unit}` : ratioText(row);
  const by = shortfall(row);
  const state = row.met === true ? 'met' : `missed${by === '' ? '' : ` by ${by}`}`;
  return `${row.name}: ${value}, ${row.goal}: ${state}`;
}

export function goalsText(report: BenchReport): string {
  const rows = goalStates(report).map(({ id, what, goal, by, state, lines }) => [
    id,
    what,
    goal,
    state === 'missed' ? 'MISSED' : state === 'not run' ? `not run here: ${by}` : state,
    lines.join('; '),
  ]);
  return table(['goal', 'what', 'asked', 'state', 'by these rows'], rows);
}
