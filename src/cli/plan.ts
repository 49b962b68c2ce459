/** `fray plan`: what a fleet needs, computed from what `fray loadtest` measured; and, with --simulate, a day of it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FrayError } from '../errors.ts';
import type { Command, Io, Values } from './command.ts';
import { EXIT, textOf, wholeNumber } from './command.ts';
import { packageRoot } from './games.ts';
import { type Day, type DayWish, simulateDay } from './plan/day.ts';
import { dayChart, daySvg } from './plan/picture.ts';
import { type MeasuredRow, type Plan, type PlanWish, rowFor, usableRows } from './plan/plan.ts';
import { plansFor, planText, RATES } from './plan/text.ts';

export const command: Command = {
  name: 'plan',
  summary: 'Compute what a fleet needs, from measured figures',
  examples: [
    'fray plan',
    'fray plan --players 20000 --rates 60 --host-cores 16 --price-core-hour 0.04 --price-egress-gb 0.02',
    'fray plan --simulate --svg day.svg',
  ],
  args: {
    players: number(
      '100000',
      'n',
      'Players at once, 1..100000000; with --simulate at the peak of a usual day.',
    ),
    roomSize: number('50', 'n', 'Players of a room, 1..1024.'),
    rates: number(RATES.join(','), 'hz', 'Tick rates, joined by commas.'),
    measured: number(
      '',
      'files',
      'What `fray loadtest --out` wrote, joined by commas; without it the figures of this package.',
    ),
    hostCores: number('8', 'n', 'Cores of a host, 1..1024.'),
    hostGb: number('16', 'n', 'Memory of a host, 1..65536 GB.'),
    hostGbps: number('10', 'n', 'Network of a host, 1..1000 Gbit/s.'),
    spare: number(
      '20',
      'percent',
      'Hosts more than are needed, 0..100: for those that fail, start or drain.',
    ),
    priceCoreHour: number(
      '',
      'money',
      'Of a core for an hour; with it costs are summed up, in the same money.',
    ),
    priceGbHour: number('', 'money', 'Of a GB of memory for an hour.'),
    priceEgressGb: number('', 'money', 'Of a GB that leaves.'),
    simulate: {
      type: 'boolean',
      description:
        'Let a day go by: players arrive, leave and come in crowds, hosts start and drain.',
    },
    transport: number('websocket', 'name', 'With --simulate: by which transport players come.'),
    seed: number('1', 'n', 'Of the simulated day, 0..4294967295.'),
    stay: number('20', 'minutes', 'Mean stay of a player, 1..1440.'),
    quiet: number('30', 'percent', 'Players of the quietest hour, of the peak, 1..100.'),
    spikes: number(
      '2',
      'n',
      'Sudden crowds of the day, 0..100, each of 15 % of the peak within ten minutes.',
    ),
    start: number('3', 'minutes', 'From the order of a host until it takes players, 0..120.'),
    headroom: number('8', 'percent', 'Free places that running hosts keep, 0..100 of the peak.'),
    drain: number('60', 'minutes', 'A host that drains is closed after so long, 1..1440.'),
    svg: number('', 'file', 'Write the picture of the day there.'),
    json: { type: 'boolean', description: 'Print the plan, or the day, as JSON.' },
  },
  async run(values, io) {
    const wish = wishOf(values);
    const rows = readMeasured(textOf(values, 'measured'), io);
    if (values['simulate'] === true) return simulate(values, { wish, rows, io });
    const plans = plansFor(rows, wish, ratesOf(textOf(values, 'rates')));
    if (plans.length === 0)
      throw wrong('--measured', 'it holds no server of ours that held anybody');
    io.out(values['json'] === true ? JSON.stringify(plans, null, 1) : planText(plans, wish));
    return EXIT.done;
  },
};

/** The figures of this package: committed, by `fray loadtest` on the machine that bench/RESULTS.md names. */
export function ownFigures(): MeasuredRow[] {
  const root = packageRoot();
  const files = [join(root, 'bench', 'capacity.json'), join(root, 'dist', 'capacity.json')];
  const file = files.find(existsSync);
  if (file === undefined) throw wrong('--measured', `${files.join(' and ')} are not there`);
  return readRows(file);
}

/** The day that flags describe, by the plan of one transport. */
export function dayWish(values: Values, plan: Plan, roomSize: number): DayWish {
  const whole = (name: string, min: number, max: number): number =>
    wholeNumber(values, name, { min, max });
  return {
    seed: whole('seed', 0, 0xffff_ffff),
    players: plan.players,
    roomSize,
    playersPerHost: plan.playersPerHost,
    quietShare: whole('quiet', 1, 100) / 100,
    stayMinutes: whole('stay', 1, 1440),
    spikes: whole('spikes', 0, 100),
    spikeShare: SPIKE_SHARE,
    startMinutes: whole('start', 0, 120),
    headroomShare: whole('headroom', 0, 100) / 100,
    drainMinutesMax: whole('drain', 1, 1440),
  };
}

function simulate(
  values: Values,
  { wish, rows, io }: { wish: Omit<PlanWish, 'tickRateHz'>; rows: readonly MeasuredRow[]; io: Io },
): number {
  const transport = textOf(values, 'transport');
  const [rate = 30] = ratesOf(textOf(values, 'rates'));
  if (rowFor(usableRows(rows), transport, rate) === null)
    throw wrong(`--transport ${transport}`, 'nothing was measured of it');
  const plan = plansFor(rows, wish, [rate]).find((one) => one.transport === transport) as Plan;
  const asked = dayWish(values, plan, wish.roomSize);
  io.progress(
    `plan: a day by ${transport} at ${rate} Hz, ${plan.playersPerHost} players on a host of ${wish.hostCores} cores, seed ${asked.seed}`,
  );
  const day = simulateDay(asked);
  const svg = textOf(values, 'svg');
  if (svg !== '') writeFileSync(resolve(io.folder, svg), daySvg(day, titleOf(plan, asked)));
  io.out(values['json'] === true ? JSON.stringify({ asked, ...day }) : dayText(day));
  return EXIT.done;
}

export function dayText(day: Day): string {
  const drain = (share: number): number =>
    day.drains[Math.min(day.drains.length - 1, Math.ceil(day.drains.length * share) - 1)] ?? 0;
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
  return [
    dayChart(day),
    '',
    `players: ${whole(day.playersMost)} at most; ${whole(day.arrived)} arrived, ${whole(day.left)} left, ${whole(day.there)} are there at the end, ${whole(day.refused)} found no place (${((100 * day.refused) / day.arrived).toFixed(3)} %)`,
    `hosts: ${day.hostsMost} at most, ${whole(day.hostHours)} host hours; without any headroom ${whole(day.hostHoursLeast)}, so ${percent(day.hostHoursLeast / day.hostHours)} of what runs is needed`,
    `packing: hosts ${percent(day.packing)}, rooms ${percent(day.roomPacking)} full, mean of the day`,
    `drains: ${day.drains.length}; until a host was empty ${drain(0.5)} minutes at the median, ${drain(0.95)} at p95; ${whole(day.moved)} players came back elsewhere when theirs was closed, ${whole(day.lost)} of them found no place`,
  ].join('\n');
}

function titleOf(plan: Plan, asked: DayWish): string {
  return `A day of ${plan.players.toLocaleString('en-US')} players by ${plan.transport}, ${plan.playersPerHost.toLocaleString('en-US')} on a host, seed ${asked.seed}`;
}

function wishOf(values: Values): Omit<PlanWish, 'tickRateHz'> {
  const whole = (name: string, min: number, max: number): number =>
    wholeNumber(values, name, { min, max });
  return {
    players: whole('players', 1, 100_000_000),
    roomSize: whole('roomSize', 1, 1024),
    hostCores: whole('hostCores', 1, 1024),
    hostGb: whole('hostGb', 1, 65_536),
    hostGbps: whole('hostGbps', 1, 1000),
    spareShare: whole('spare', 0, 100) / 100,
    prices: {
      coreHour: priceOf(values, 'priceCoreHour'),
      gbHour: priceOf(values, 'priceGbHour'),
      egressGb: priceOf(values, 'priceEgressGb'),
    },
  };
}

function priceOf(values: Values, name: string): number | null {
  const text = textOf(values, name);
  if (text === '') return null;
  if (!/^\d+(\.\d+)?$/.test(text)) throw wrong(`--${name}`, `${JSON.stringify(text)} is no price`);
  return Number(text);
}

function ratesOf(text: string): number[] {
  const rates = text.split(',').map(Number);
  if (rates.some((rate) => !(Number.isInteger(rate) && rate >= 1 && rate <= 240)))
    throw wrong(`--rates ${text}`, 'they are 1..240 Hz, joined by commas');
  return rates;
}

function readMeasured(text: string, io: Io): MeasuredRow[] {
  if (text === '') return ownFigures();
  return text.split(',').flatMap((file) => readRows(resolve(io.folder, file)));
}

function readRows(file: string): MeasuredRow[] {
  let rows: unknown;
  try {
    rows = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new FrayError('E_CONFIG', `Cannot read ${file}: ${String(cause)}`, { cause });
  }
  const isRow = (row: Partial<MeasuredRow> | null): boolean =>
    typeof row?.transport === 'string' &&
    Number.isFinite(row.cpuUs) &&
    Number.isFinite(row.tickRateHz) &&
    Array.isArray(row.threads);
  if (!Array.isArray(rows) || !rows.every(isRow))
    throw new FrayError(
      'E_CONFIG',
      `Cannot read ${file}: it is not what fray loadtest --out writes`,
    );
  return rows as MeasuredRow[];
}

function number(value: string, valueHint: string, description: string) {
  return { type: 'string', default: value, valueHint, description } as const;
}

function wrong(what: string, why: string): FrayError {
  return new FrayError('E_CONFIG', `Cannot use ${what}: ${why}`);
}

const SPIKE_SHARE = 0.15;
