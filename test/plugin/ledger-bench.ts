/** The quiet game on the bench, with the hooks that a test is about. */
import { Bench } from './bench.ts';
import type { LedgerHooks } from './games.ts';
import { ledgerGame } from './games.ts';

/** People sit in the first slots from the first tick on. */
export function ledgerBench(
  hooks: LedgerHooks,
  players = 2,
  size: { playersMax?: number; entitiesMax?: number } = {},
): Bench {
  const made = new Bench(ledgerGame(hooks), size);
  for (let slot = 0; slot < players; slot += 1) made.join(slot);
  return made;
}

/** The code of what it throws. */
export function codeOf(fn: () => unknown): string {
  try {
    fn();
    return 'no error';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
