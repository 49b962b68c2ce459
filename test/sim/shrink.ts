/** From a script that fails to a shorter one that fails in the same way. */
import type { Modules, Outcome } from './scenario.ts';
import { play } from './scenario.ts';
import type { Script } from './script.ts';

export interface Shrunk {
  readonly script: Script;
  readonly outcome: Outcome;
}

/** Leaves out faults, then players, as long as what comes first stays of the same kind. Plays at most `triesMax` scenarios. */
export async function shrink(failed: Shrunk, modules: Modules, triesMax = 60): Promise<Shrunk> {
  const kind = kindOf(failed.outcome);
  let best = failed;
  let tries = 0;
  const attempt = async (script: Script): Promise<boolean> => {
    if (tries >= triesMax) return false;
    tries += 1;
    const outcome = await play(script, modules);
    if (outcome.troubles.length === 0 || kindOf(outcome) !== kind) return false;
    best = { script, outcome };
    return true;
  };
  // Halves first, then smaller pieces, then one by one.
  for (let piece = best.script.acts.length >> 1; piece >= 1; piece >>= 1) {
    for (let from = 0; from < best.script.acts.length; ) {
      const { acts } = best.script;
      const rest = [...acts.slice(0, from), ...acts.slice(from + piece)];
      if (!(await attempt({ ...best.script, acts: rest }))) from += piece;
    }
  }
  while (best.script.players.length > 1) {
    const count = best.script.players.length - 1;
    const acts = best.script.acts.filter((act) => !('who' in act) || act.who < count);
    const players = best.script.players.slice(0, count);
    if (!(await attempt({ ...best.script, players, acts }))) break;
  }
  return best;
}

/** Such as `I4: note`: what is wrong, without numbers and names. */
export function kindOf({ troubles }: Outcome): string {
  const text = troubles[0]?.text ?? '';
  return text
    .replace(/user \d+|"[^"]*"|[\d.]+/g, '')
    .split(' ')
    .slice(0, 3)
    .join(' ');
}
