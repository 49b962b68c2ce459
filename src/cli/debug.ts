/** `fray debug kill-worker`: ends a worker of a running server, again and again, and tells what became of its rooms. */
import { FrayError } from '../errors.ts';
import type { Kill } from '../http/debug.ts';
import { CRASHES_PATH, DEBUG_HEADER, KILL_PATH, KILLS } from '../http/debug.ts';
import type { CrashReport } from '../room/crew.ts';
import type { Command, Values } from './command.ts';
import { EXIT, textOf, wholeNumber } from './command.ts';
import { table } from './table.ts';

export const command: Command = {
  name: 'debug',
  summary: 'Kill a worker of a running server, and report how its rooms went on',
  examples: [
    'fray debug kill-worker',
    'fray debug kill-worker --worker 1 --how hang --times 20 --json',
  ],
  args: {
    action: { type: 'positional', required: true, description: 'kill-worker' },
    admin: {
      type: 'string',
      default: 'http://127.0.0.1:9090/',
      valueHint: 'url',
      description: "The server's admin port, on this machine.",
    },
    worker: { type: 'string', default: '0', valueHint: 'n', description: 'Which worker.' },
    how: {
      type: 'string',
      default: 'exit',
      valueHint: KILLS.join('|'),
      description: 'It ends by itself, loops for ever, or is ended at once.',
    },
    times: {
      type: 'string',
      default: '1',
      valueHint: 'n',
      description: 'So often, each time after its rooms tick again and a spare is ready; 1..10000.',
    },
    json: { type: 'boolean', description: 'Print JSON: summary and every death.' },
  },
  async run(values, io) {
    if (textOf(values, 'action') !== 'kill-worker')
      throw new FrayError(
        'E_CONFIG',
        `Cannot debug ${textOf(values, 'action')}: kill-worker is all there is`,
      );
    const server = serverOf(values);
    const times = wholeNumber(values, 'times', { min: 1, max: 10_000 });
    const deaths: CrashReport[] = [];
    for (let k = 0; k < times; k += 1) {
      deaths.push(await server.kill());
      io.progress(`${k + 1} of ${times}`);
    }
    const summary = summarise(deaths);
    if (values['json'] === true) io.out(JSON.stringify({ ...summary, deaths }));
    else
      io.out(
        table(
          ['figure', 'value'],
          Object.entries(summary).map(([name, value]) => [name, String(value)]),
        ),
      );
    const isWell = summary.roomsLost === 0 && summary.ticksLost === 0;
    return isWell ? EXIT.done : EXIT.failed;
  },
};

interface State {
  readonly workers: readonly string[];
  readonly sparesReady: number;
  readonly count: number;
  readonly crashes: readonly CrashReport[];
}

function serverOf(values: Values): { kill(): Promise<CrashReport> } {
  const admin = textOf(values, 'admin');
  const how = textOf(values, 'how') as Kill;
  const worker = wholeNumber(values, 'worker', { min: 0, max: 63 });
  if (!KILLS.includes(how))
    throw new FrayError(
      'E_CONFIG',
      `Cannot kill a worker by ${how}: there are ${KILLS.join(', ')}`,
    );
  const ask = async (method: string, path: string): Promise<unknown> => {
    const headers = { [DEBUG_HEADER]: '1' };
    const response = await fetch(new URL(path, admin), { method, headers }).catch((cause) => {
      throw new FrayError('E_CONFIG', `Cannot reach ${admin}: ${String(cause)}`, { cause });
    });
    const said: unknown = await response.json();
    if (response.ok) return said;
    throw new FrayError('E_CONFIG', `Cannot ${method} ${path}: ${JSON.stringify(said)}`);
  };
  const state = async (): Promise<State> => (await ask('GET', CRASHES_PATH)) as State;
  const until = async (what: string, isSo: (now: State) => boolean): Promise<State> => {
    for (const endMs = Date.now() + WAIT_MS; Date.now() < endMs; ) {
      const now = await state();
      if (isSo(now)) return now;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new FrayError('E_TIMEOUT', `Cannot go on: ${what} for ${WAIT_MS / 1000} s`);
  };
  const isOver = (death: CrashReport | undefined): boolean =>
    death !== undefined && death.recovered.length + death.lost + death.anew >= death.rooms;
  return {
    async kill() {
      const calm = await until(
        'no spare is ready',
        (now) => now.workers[worker] === 'ready' && now.sparesReady > 0,
      );
      await ask('POST', `${KILL_PATH}?worker=${worker}&how=${how}`);
      const after = await until(
        'its rooms do not tick',
        (now) => now.count > calm.count && isOver(now.crashes.at(-1)),
      );
      return after.crashes.at(-1) as CrashReport;
    },
  };
}

function summarise(deaths: readonly CrashReport[]): {
  readonly deaths: number;
  readonly rooms: number;
  readonly roomsLost: number;
  readonly ticksLost: number;
  readonly othersLateTicks: number;
  readonly recoveryMsMedian: number;
  readonly recoveryMsP99: number;
  readonly recoveryMsMost: number;
} {
  const rooms = deaths.flatMap(({ recovered }) => recovered);
  const ms = rooms.map((room) => room.ms).sort((one, other) => one - other);
  const at = (part: number): number => ms[Math.max(0, Math.ceil(ms.length * part) - 1)] ?? 0;
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
  return {
    deaths: deaths.length,
    rooms: rooms.length,
    roomsLost: sum(deaths.map(({ lost }) => lost)),
    ticksLost: sum(rooms.map(({ ticksLost }) => ticksLost)),
    othersLateTicks: sum(deaths.map(({ othersLateTicks }) => othersLateTicks)),
    recoveryMsMedian: at(0.5),
    recoveryMsP99: at(0.99),
    recoveryMsMost: at(1),
  };
}

/** ms. */
const LOOK_MS = 20;
const WAIT_MS = 30_000;
