/** `fray debug kill-worker`: ends a worker of a running server, again and again, and tells what became of its rooms. */
import { FrayError } from '../errors.ts';
import type { Kill } from '../http/debug.ts';
import { CRASHES_PATH, KILL_PATH, KILLS } from '../http/debug.ts';
import type { CrashReport } from '../room/crew.ts';
import type { AdminPort } from './admin-port.ts';
import { textOf, wholeNumber } from './command.ts';
import type { Action } from './debug.ts';
import { quantileOf, sumOf } from './figures.ts';

interface State {
  readonly workers: readonly string[];
  readonly sparesReady: number;
  readonly count: number;
  readonly crashes: readonly CrashReport[];
}

export const killWorker: Action = async (values, { admin, times, progress }) => {
  const how = textOf(values, 'how') as Kill;
  const worker = wholeNumber(values, 'worker', { min: 0, max: 63 });
  if (!KILLS.includes(how))
    throw new FrayError(
      'E_CONFIG',
      `Cannot kill a worker by ${how}: there are ${KILLS.join(', ')}`,
    );
  const deaths: CrashReport[] = [];
  for (let k = 0; k < times; k += 1) {
    deaths.push(await kill(admin, worker, how));
    progress(k + 1);
  }
  const summary = summarise(deaths);
  const isWell = summary.roomsLost === 0 && summary.ticksLost === 0;
  return { summary, details: { deaths }, isWell };
};

async function kill(admin: AdminPort, worker: number, how: Kill): Promise<CrashReport> {
  const calm = await admin.until<State>(
    CRASHES_PATH,
    'no spare is ready',
    (now) => now.workers[worker] === 'ready' && now.sparesReady > 0,
  );
  await admin.ask('POST', `${KILL_PATH}?worker=${worker}&how=${how}`);
  const after = await admin.until<State>(
    CRASHES_PATH,
    'its rooms do not tick',
    (now) => now.count > calm.count && isOver(now.crashes.at(-1)),
  );
  return after.crashes.at(-1) as CrashReport;
}

function isOver(death: CrashReport | undefined): boolean {
  return death !== undefined && death.recovered.length + death.lost + death.anew >= death.rooms;
}

function summarise(deaths: readonly CrashReport[]) {
  const rooms = deaths.flatMap(({ recovered }) => recovered);
  const ms = rooms.map((room) => room.ms);
  return {
    deaths: deaths.length,
    rooms: rooms.length,
    roomsLost: sumOf(deaths.map(({ lost }) => lost)),
    ticksLost: sumOf(rooms.map(({ ticksLost }) => ticksLost)),
    othersLateTicks: sumOf(deaths.map(({ othersLateTicks }) => othersLateTicks)),
    recoveryMsMedian: quantileOf(ms, 0.5),
    recoveryMsP99: quantileOf(ms, 0.99),
    recoveryMsMost: quantileOf(ms, 1),
  };
}
