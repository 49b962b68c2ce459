/**
 * The search for the knee: the most players that are held under rule R. First coarse, by what a window says of the cores that are left, then fine:
 * N rises by 5 % until it fails, and the last pass is the answer. A step that fails is measured once more, and the second window counts: one
 * stolen moment of a shared machine is no knee. One of which the generator was the limit is measured three times. Pure but for `probe`, which measures.
 */
import type { Verdict, Window } from './rule.ts';
import { cpuShare, RULE } from './rule.ts';

/** One window and what was said of it. */
export interface Try {
  readonly window: Window;
  readonly verdict: Verdict;
}

export interface Ramp {
  /** Players of the first window. */
  readonly from: number;
  /** No window has more. The same as `from`: this number alone is measured. */
  readonly to: number;
  /** Share by which N rises in the fine search. */
  readonly step: number;
}

export interface Knee<T extends Try> {
  /** The last pass; null: not even the fewest players were held. */
  readonly held: T | null;
  /** What came next and did not pass; null: `to` was held. */
  readonly failed: T | null;
  /** `server`: the rule failed. `generator`: it was at its limit, so the server holds at least this. `ramp`: `to` was held. */
  readonly limit: 'server' | 'generator' | 'ramp';
  readonly tries: readonly T[];
}

export async function findKnee<T extends Try>(
  ramp: Ramp,
  probe: (players: number) => Promise<T>,
): Promise<Knee<T>> {
  const tries: T[] = [];
  const once = async (players: number): Promise<T> => {
    const found = await probe(players);
    tries.push(found);
    return found;
  };
  /** A window that does not hold is taken again, and one of which the generator was the limit, which says nothing of the server, twice. */
  const surely = async (players: number): Promise<T> => {
    let found = await once(players);
    for (let bound = 0, failed = 0; found.verdict.outcome !== 'held'; ) {
      if (found.verdict.outcome === 'failed') failed += 1;
      else bound += 1;
      if (failed >= FAILED_MAX || bound >= BOUND_MAX) break;
      found = await once(players);
    }
    return found;
  };
  const coarse = await bracket(ramp, surely);
  if (coarse.held === null) return { ...coarse, limit: limitOf(coarse.failed), tries };
  let { held, failed } = coarse;
  // Fine: the grid stands on the last pass of the coarse search.
  for (;;) {
    const next = Math.min(ramp.to, Math.max(playersOf(held) + 1, rise(playersOf(held), ramp.step)));
    if (next <= playersOf(held)) break;
    if (failed !== null && next >= playersOf(failed)) break;
    const found = await surely(next);
    if (found.verdict.outcome === 'held') held = found;
    else {
      failed = found;
      break;
    }
  }
  return { held, failed, limit: limitOf(failed), tries };
}

/** A pass and a failure that lie near each other, or a pass so near the limit that fine steps are soon there. */
async function bracket<T extends Try>(
  ramp: Ramp,
  probe: (players: number) => Promise<T>,
): Promise<{ held: T | null; failed: T | null }> {
  let held: T | null = null;
  let failed: T | null = null;
  let players = Math.max(1, Math.min(ramp.from, ramp.to));
  for (let turn = 0; turn < COARSE_TURNS_MAX; turn += 1) {
    const found = await probe(players);
    if (found.verdict.outcome === 'held') held = found;
    else failed = found;
    const next = nextCoarse(held, failed, ramp);
    if (next === null) break;
    players = next;
  }
  return { held, failed };
}

/** Players of the next coarse window; null: fine steps are next, or there is nothing below. */
export function nextCoarse(held: Try | null, failed: Try | null, ramp: Ramp): number | null {
  if (held === null) {
    if (ramp.from === ramp.to) return null;
    const last = failed as Try;
    const fewer = Math.floor(playersOf(last) / 2);
    // A generator that is late with few clients is late with fewer, too: something else has its processor.
    const least = last.verdict.outcome === 'bound' ? Math.ceil(ramp.from / 2) : 1;
    return fewer >= least ? fewer : null;
  }
  const low = playersOf(held);
  if (low >= ramp.to) return null;
  if (failed !== null) {
    const high = playersOf(failed);
    return high / low <= NEAR ? null : Math.round(Math.sqrt(high * low));
  }
  // Aimed below the limit: a window beyond it costs a second one, and the server has to recover.
  const left = Math.min(
    RULE.cpuShareMax / Math.max(cpuShare(held.window), 0.01),
    ...held.window.generators.map((one) => RULE.generatorShareMax / Math.max(one.cpuShare, 0.01)),
  );
  const aim = Math.min(GROWTH_MAX, left * AIM);
  return aim < NEAR ? null : Math.min(ramp.to, Math.round(low * aim));
}

function limitOf(failed: Try | null): 'server' | 'generator' | 'ramp' {
  if (failed === null) return 'ramp';
  return failed.verdict.outcome === 'bound' ? 'generator' : 'server';
}

function rise(players: number, step: number): number {
  return Math.round(players * (1 + step));
}

function playersOf(one: Try): number {
  return one.window.players;
}

/** Two windows so near each other, as a ratio, are left to fine steps: at most five of 5 %. */
const NEAR = 1.25;
const GROWTH_MAX = 4;
/** Of what a straight line through the last window promises. */
const AIM = 0.9;
const COARSE_TURNS_MAX = 12;
/** Windows of one number of players until it counts as not held. */
const FAILED_MAX = 2;
const BOUND_MAX = 3;
