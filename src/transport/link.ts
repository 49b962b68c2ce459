/**
 * The facts of a simulated link, and their text form, for example `rtt=60,jitter=10,loss=5,seed=1,burst=3,cut=5000-8000`.
 */
import { FrayError } from '../errors.ts';

export interface LinkSettings {
  /** Added round trip, half of it each way. ms, 0..60,000. Default 0. */
  readonly rttMs: number;
  /** Each way's delay varies evenly by +- half of this, so the round trip varies by +- this. Order is kept. ms. Default 0. */
  readonly jitterMs: number;
  /** Share of datagrams lost each way, 0..100 %. Default 0. */
  readonly lossPercent: number;
  /** Mean number of datagrams lost in a row (Gilbert's two states), 1..1,000. Default 0: each loss on its own. */
  readonly burst: number;
  /** Share of datagrams held back by REORDER_MS behind the others, 0..100 %. Default 0. */
  readonly reorderPercent: number;
  /** Share of datagrams that arrive twice, 0..100 %. Default 0. */
  readonly duplicatePercent: number;
  /** Share of datagrams with one bit turned over, 0..100 %. Default 0. */
  readonly corruptPercent: number;
  /** What passes each way, 0..10,000,000 kbit/s; the others wait, RATE_QUEUE_MS at most, or are lost. Default 0: all. */
  readonly rateKbps: number;
  /** Seed of all chances, 0..2^32-1. Default 1. */
  readonly seed: number;
  /** Spans in which nothing passes, ms since the link was made. Default none. */
  readonly cuts: readonly LinkCut[];
}

export interface LinkCut {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How much later a reordered datagram comes: more than an interval between datagrams of a 20 Hz game. */
export const REORDER_MS = 60;

/** How long a datagram may wait for a link with a rate: what cheap routers and radio cells hold. */
export const RATE_QUEUE_MS = 2000;

/** A link that changes nothing. */
export const PERFECT_LINK: LinkSettings = {
  rttMs: 0,
  jitterMs: 0,
  lossPercent: 0,
  burst: 0,
  reorderPercent: 0,
  duplicatePercent: 0,
  corruptPercent: 0,
  rateKbps: 0,
  seed: 1,
  cuts: [],
};

/** Reads `key=value` pairs between commas; `cut` may be repeated, an empty text is a perfect link. Throws `E_CONFIG`. */
export function parseLink(text: string): LinkSettings {
  const facts: { [name: string]: number } = {};
  const cuts: LinkCut[] = [];
  const seen = new Set<string>();
  for (const pair of text.split(',')) {
    if (pair.trim() === '') continue;
    const [key = '', value = '', ...rest] = pair.split('=').map((part) => part.trim());
    if (rest.length > 0 || value === '') throw refuse(pair, 'write key=value');
    if (key === 'cut') {
      cuts.push(parseCut(pair, value));
      continue;
    }
    const row = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (row === undefined)
      throw refuse(pair, `the keys are ${[...Object.keys(KEYS), 'cut'].join(', ')}`);
    if (seen.has(key)) throw refuse(pair, `${key} stands there twice`);
    seen.add(key);
    facts[row.name] = parseNumber(pair, value, row);
  }
  return { ...PERFECT_LINK, ...facts, cuts };
}

/** The shortest text that `parseLink` reads back as the same settings. */
export function formatLink(link: LinkSettings): string {
  const pairs: string[] = [];
  for (const [key, row] of Object.entries(KEYS)) {
    if (link[row.name] !== PERFECT_LINK[row.name]) pairs.push(`${key}=${link[row.name]}`);
  }
  return [...pairs, ...link.cuts.map((cut) => `cut=${cut.fromMs}-${cut.toMs}`)].join(',');
}

interface KeyRow {
  readonly name: Exclude<keyof LinkSettings, 'cuts'>;
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

function parseNumber(pair: string, value: string, row: KeyRow): number {
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  const fits =
    number >= row.min && number <= row.max && (row.whole !== true || Number.isInteger(number));
  if (!fits)
    throw refuse(
      pair,
      `the value is ${row.whole === true ? 'a whole number' : 'a number'} from ${row.min} to ${row.max}`,
    );
  return number;
}

function parseCut(pair: string, value: string): LinkCut {
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(value);
  const fromMs = Number(match?.[1]);
  const toMs = Number(match?.[2]);
  if (!(toMs > fromMs)) throw refuse(pair, 'a cut is from-to in ms, for example cut=5000-8000');
  return { fromMs, toMs };
}

function refuse(pair: string, state: string): FrayError {
  return new FrayError(
    'E_CONFIG',
    `Cannot read the link ${JSON.stringify(pair.trim().slice(0, 80))}: ${state}`,
  );
}

const KEYS: { readonly [key: string]: KeyRow } = {
  rtt: { name: 'rttMs', min: 0, max: 60_000 },
  jitter: { name: 'jitterMs', min: 0, max: 60_000 },
  loss: { name: 'lossPercent', min: 0, max: 100 },
  burst: { name: 'burst', min: 0, max: 1000 },
  reorder: { name: 'reorderPercent', min: 0, max: 100 },
  duplicate: { name: 'duplicatePercent', min: 0, max: 100 },
  corrupt: { name: 'corruptPercent', min: 0, max: 100 },
  rate: { name: 'rateKbps', min: 0, max: 10_000_000 },
  seed: { name: 'seed', min: 0, max: 0xffff_ffff, whole: true },
};
