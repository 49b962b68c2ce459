/** What happens in a scenario, drawn from its seed: who plays how, and which faults come when. Data, so that it can be cut shorter. */
import { Chance } from './chance.ts';
import type { Weather } from './net.ts';
import type { TurnStage } from './threads.ts';
import { TURN_STAGES } from './threads.ts';
import type { Pipes } from './wires.ts';

export type Act = { readonly atMs: number } & (
  | { readonly kind: 'weather'; readonly who: number; readonly weather: Weather }
  | { readonly kind: 'cut'; readonly who: number; readonly ms: number }
  | { readonly kind: 'rebind'; readonly who: number }
  /**
   * Its page is lost; `againMs` later the one that came after it as well, 0: it is not. With a `farewell` it says much first, and is lost
   * as soon as all of that is acknowledged.
   */
  | {
      readonly kind: 'crash';
      readonly who: number;
      readonly againMs: number;
      readonly farewell: boolean;
    }
  /** Its network holds everything back, and lets it through at once. */
  | { readonly kind: 'hold'; readonly who: number; readonly ms: number }
  /** An operator sends it away. */
  | { readonly kind: 'kick'; readonly who: number }
  | { readonly kind: 'slow'; readonly who: number; readonly ms: number }
  | { readonly kind: 'leave'; readonly who: number; readonly ms: number }
  /** The same player from another machine. */
  | { readonly kind: 'twin'; readonly who: number; readonly ms: number }
  | { readonly kind: 'attack'; readonly ms: number }
  | { readonly kind: 'stall'; readonly worker: number; readonly ms: number }
  /** Dies behind a stage of its next turn. */
  | { readonly kind: 'killWorker'; readonly worker: number; readonly stage: TurnStage }
  /** A room goes from its worker to this one. */
  | { readonly kind: 'move'; readonly room: number; readonly worker: number }
  /** It is back after `ms`, and of each journal so many bytes are torn off. */
  | { readonly kind: 'killHost'; readonly ms: number; readonly tornBytes: number }
  | { readonly kind: 'wall'; readonly ms: number }
  /** It takes so many bytes more, and then none. */
  | { readonly kind: 'fullDisk'; readonly ms: number; readonly freeBytes: number }
  /** Nothing is written meanwhile. */
  | { readonly kind: 'slowDisk'; readonly ms: number }
);

export type Fault = Act['kind'];

export interface Script {
  readonly seed: number;
  /** Whole, of which the last `HEAL_MS` are without faults. */
  readonly ms: number;
  /** Ticks a second. */
  readonly rateHz: number;
  readonly workers: number;
  /** Bytes of each mailbox of a worker, both ways; 0: as many as a server has. */
  readonly mailboxBytes: number;
  readonly journals: boolean;
  /** At the end every other player goes without a word: the server has to find out. */
  readonly endsSilently: boolean;
  readonly players: readonly Who[];
  readonly acts: readonly Act[];
}

/** Somebody who plays. */
export interface Who {
  readonly pipes: Pipes;
  readonly entersMs: number;
  /** It talks much, in short lines. */
  readonly talks: boolean;
}

/** ms. Time without faults at the end: within it everybody must be back. */
export const HEAL_MS = 7000;

/** Each seed has faults of its own: every kind is on in some, and never all of them. */
export function draw(seed: number): Script {
  const chance = new Chance(seed, 1);
  const faults = FAULTS.filter(() => chance.happens(0.33));
  while (faults.length < 3 && chance.happens(0.8)) faults.push(chance.pick(FAULTS));
  const count = 2 + chance.int(9);
  // Faults and habits that came later draw from a stream of their own: they move none of the others.
  const later = new Chance(seed, 5);
  const players = Array.from({ length: count }, () => ({
    pipes: chance.pick(['udp', 'udp', 'web', 'both'] as const),
    entersMs: Math.floor(chance.between(0, 1500)),
    talks: later.happens(TALKS_SHARE),
  }));
  const workers = chance.pick([1, 2, 2, 3]);
  const ms = 15_000 + chance.int(1000);
  const untilMs = ms - HEAL_MS;
  const acts: Act[] = [];
  const of = { count, workers, untilMs };
  for (const kind of new Set(faults)) acts.push(...actsOf(kind, { chance, ...of }));
  for (const kind of LATER_FAULTS)
    if (later.happens(0.33)) acts.push(...actsOf(kind, { chance: later, ...of }));
  acts.sort((one, other) => one.atMs - other.atMs);
  keepWorkersAlive(acts);
  const journals = chance.happens(0.4);
  const rateHz = chance.pick(RATES_HZ);
  const mailboxBytes = chance.happens(0.5) ? 2048 << chance.int(3) : 0;
  const endsSilently = chance.happens(0.2);
  return { seed, ms, rateHz, workers, mailboxBytes, journals, endsSilently, players, acts };
}

/** A worker that dies more often within a minute is not started again, and its rooms are closed (`src/room/crew.ts`). */
function keepWorkersAlive(acts: Act[]): void {
  const deaths = new Map<number, number>();
  for (let at = 0; at < acts.length; at += 1) {
    const act = acts[at] as Act;
    if (act.kind !== 'killWorker') continue;
    const count = 1 + (deaths.get(act.worker) ?? 0);
    deaths.set(act.worker, count);
    if (count <= DEATHS_MAX) continue;
    acts.splice(at, 1);
    at -= 1;
  }
}

/** All of one kind, with those that come along. */
function actsOf(kind: Fault, of: Omit<Drawing, 'atMs'>): Act[] {
  const { chance, count, untilMs } = of;
  const acts: Act[] = [];
  const times = RARE.has(kind) ? 1 + chance.int(2) : 1 + chance.int(2 * count);
  for (let turn = 0; turn < times; turn += 1) {
    const atMs = Math.floor(chance.between(1000, untilMs));
    const one = act(kind, { atMs, ...of });
    acts.push(one);
    if (one.kind === 'move' && chance.happens(DIES_SHARE))
      acts.push(act('killWorker', { atMs: Math.min(untilMs, atMs + chance.int(MOVE_MS)), ...of }));
    if (one.kind === 'hold' && chance.happens(LOST_SHARE))
      acts.push({
        kind: 'crash',
        atMs: atMs + Math.floor(chance.between(0, one.ms)),
        who: one.who,
        againMs: 0,
        farewell: chance.happens(0.5),
      });
  }
  return acts;
}

interface Drawing {
  readonly atMs: number;
  readonly chance: Chance;
  readonly count: number;
  readonly workers: number;
  readonly untilMs: number;
}

function act(kind: Fault, { atMs, chance, count, workers, untilMs }: Drawing): Act {
  const who = chance.int(count);
  const lasts = (from: number, to: number): number =>
    Math.floor(Math.min(untilMs - atMs, chance.between(from, to)));
  switch (kind) {
    case 'weather':
      return { kind, atMs, who, weather: weather(chance) };
    case 'cut':
      return { kind, atMs, who, ms: lasts(100, 7000) };
    case 'slow':
      return { kind, atMs, who, ms: lasts(100, 3000) };
    case 'hold':
      return { kind, atMs, who, ms: lasts(50, 1500) };
    case 'leave':
      return { kind, atMs, who, ms: lasts(0, 3000) };
    case 'twin':
      return { kind, atMs, who, ms: lasts(100, 3000) };
    case 'attack':
      return { kind, atMs, ms: lasts(500, 5000) };
    case 'stall':
      return { kind, atMs, worker: chance.int(workers), ms: lasts(30, 1500) };
    case 'killWorker':
      return { kind, atMs, worker: chance.int(workers), stage: chance.pick(TURN_STAGES) };
    case 'crash':
      return {
        kind,
        atMs,
        who,
        againMs: chance.happens(0.4) ? 10 + chance.int(400) : 0,
        farewell: false,
      };
    case 'killHost':
      return {
        kind,
        atMs,
        ms: lasts(50, 3000),
        tornBytes: chance.happens(0.5) ? chance.int(TEAR_BYTES_MAX) : 0,
      };
    case 'move':
      return { kind, atMs, room: chance.int(4), worker: chance.int(workers) };
    case 'wall':
      return { kind, atMs, ms: Math.floor(chance.between(-20_000, 20_000)) };
    case 'fullDisk':
      return { kind, atMs, ms: lasts(100, 3000), freeBytes: chance.int(1500) };
    case 'slowDisk':
      return { kind, atMs, ms: lasts(100, 5000) };
    default:
      return { kind, atMs, who };
  }
}

function weather(chance: Chance): Weather {
  const some = (share: number, most: number): number =>
    chance.happens(share) ? chance.next() * most : 0;
  return {
    loss: some(0.7, 0.5),
    burst: chance.happens(0.5) ? 1 : 1 + chance.int(8),
    delayMs: chance.between(0, 300) * chance.next(),
    jitterMs: some(0.6, 200),
    twice: some(0.4, 0.3),
    reorder: some(0.5, 0.3),
    corrupt: some(0.3, 0.1),
  };
}

/** Ticks a second. What takes few ticks finds as much in less of our time; the faster ones see to what a rate changes. */
const RATES_HZ = [10, 10, 10, 10, 10, 10, 20, 20, 30, 30] as const;

/** Of moves: a worker dies in the middle. */
const DIES_SHARE = 0.3;
/** Of networks that hold everything back: a page is lost meanwhile. */
const LOST_SHARE = 0.4;
/** Of players. */
const TALKS_SHARE = 0.2;
/** Of one worker in a scenario. */
const DEATHS_MAX = 8;
/** ms. A move takes no longer, at 10 ticks a second. */
const MOVE_MS = 150;
/** Of each journal, at a kill. */
const TEAR_BYTES_MAX = 3000;

const FAULTS: readonly Fault[] = [
  'weather',
  'cut',
  'rebind',
  'crash',
  'slow',
  'leave',
  'twin',
  'attack',
  'stall',
  'killWorker',
  'killHost',
  'move',
  'wall',
  'fullDisk',
  'slowDisk',
];
const LATER_FAULTS: readonly Fault[] = ['hold', 'kick'];
const RARE: ReadonlySet<Fault> = new Set<Fault>([
  'attack',
  'killWorker',
  'killHost',
  'wall',
  'fullDisk',
  'slowDisk',
]);
