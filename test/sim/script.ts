/** What happens in a scenario, drawn from its seed: who plays how, and which faults come when. Data, so that it can be cut shorter. */
import { Chance } from './chance.ts';
import type { Weather } from './net.ts';
import type { Pipes } from './player.ts';

export type Act = { readonly atMs: number } & (
  | { readonly kind: 'weather'; readonly who: number; readonly weather: Weather }
  | { readonly kind: 'cut'; readonly who: number; readonly ms: number }
  | { readonly kind: 'rebind'; readonly who: number }
  | { readonly kind: 'crash'; readonly who: number }
  | { readonly kind: 'slow'; readonly who: number; readonly ms: number }
  | { readonly kind: 'leave'; readonly who: number; readonly ms: number }
  /** The same player from another machine. */
  | { readonly kind: 'twin'; readonly who: number; readonly ms: number }
  | { readonly kind: 'attack'; readonly ms: number }
  | { readonly kind: 'stall'; readonly worker: number; readonly ms: number }
  | { readonly kind: 'killWorker'; readonly worker: number }
  | { readonly kind: 'killHost'; readonly ms: number }
  | { readonly kind: 'wall'; readonly ms: number }
  | { readonly kind: 'fullDisk'; readonly ms: number }
);

export type Fault = Act['kind'];

export interface Script {
  readonly seed: number;
  /** Whole, of which the last `HEAL_MS` are without faults. */
  readonly ms: number;
  readonly workers: number;
  readonly journals: boolean;
  readonly players: readonly { readonly pipes: Pipes; readonly entersMs: number }[];
  readonly acts: readonly Act[];
}

/** ms. Time without faults at the end: within it everybody must be back. */
export const HEAL_MS = 7000;

/** Each seed has faults of its own: every kind is on in some, and never all of them. */
export function draw(seed: number): Script {
  const chance = new Chance(seed, 1);
  const faults = FAULTS.filter(() => chance.happens(0.35));
  while (faults.length < 3 && chance.happens(0.8)) faults.push(chance.pick(FAULTS));
  const count = 2 + chance.int(9);
  const players = Array.from({ length: count }, () => ({
    pipes: chance.pick(['udp', 'udp', 'web', 'both'] as const),
    entersMs: Math.floor(chance.between(0, 1500)),
  }));
  const workers = 1 + chance.int(2);
  const ms = 15_000 + chance.int(5000);
  const untilMs = ms - HEAL_MS;
  const acts: Act[] = [];
  for (const kind of new Set(faults)) {
    const times = RARE.has(kind) ? 1 + chance.int(2) : 1 + chance.int(2 * count);
    for (let turn = 0; turn < times; turn += 1) {
      const atMs = Math.floor(chance.between(1000, untilMs));
      acts.push(act(kind, { atMs, chance, count, workers, untilMs }));
    }
  }
  acts.sort((one, other) => one.atMs - other.atMs);
  return { seed, ms, workers, journals: chance.happens(0.3), players, acts };
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
    case 'leave':
      return { kind, atMs, who, ms: lasts(0, 3000) };
    case 'twin':
      return { kind, atMs, who, ms: lasts(100, 3000) };
    case 'attack':
      return { kind, atMs, ms: lasts(500, 5000) };
    case 'stall':
      return { kind, atMs, worker: chance.int(workers), ms: lasts(30, 1500) };
    case 'killWorker':
      return { kind, atMs, worker: chance.int(workers) };
    case 'killHost':
      return { kind, atMs, ms: lasts(50, 3000) };
    case 'wall':
      return { kind, atMs, ms: Math.floor(chance.between(-20_000, 20_000)) };
    case 'fullDisk':
      return { kind, atMs, ms: lasts(100, 3000) };
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
  'wall',
  'fullDisk',
];
const RARE: ReadonlySet<Fault> = new Set<Fault>([
  'attack',
  'killWorker',
  'killHost',
  'wall',
  'fullDisk',
]);
