/** One attack in a process of its own: `attacker.ts NAME URL SEED`. Says when it has begun; told to stop, says what it saw. */
import { seededRandom } from '../../src/client/headless/steer.ts';
import { ATTACKS, type AttackName, type Saw } from './attacks.ts';

export type FromAttacker =
  | { readonly begun: true }
  | { readonly saw: Saw }
  | { readonly failed: string };

const [name = '', url = '', seed = '1'] = process.argv.slice(2);
const over = new AbortController();
process.on('message', () => over.abort());
process.on('disconnect', () => process.exit(0));
let told = false;

try {
  const saw = await ATTACKS[name as AttackName]({
    url,
    over: over.signal,
    random: seededRandom(Number(seed)),
    begun() {
      if (!told) tell({ begun: true });
      told = true;
    },
  });
  tell({ saw });
} catch (error) {
  tell({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

function tell(message: FromAttacker): void {
  process.send?.(message);
}
