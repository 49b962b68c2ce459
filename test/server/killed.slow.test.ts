/** A server that is killed in the middle of its rooms, and started again: rooms and players go on. */
import { test } from 'tap';
import { killServer } from './killed.ts';

const SEED = Number(process.env['FRAY_TEST_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));

test(`kill -9, journals torn, started again: every bot is back in its room within 5 s, and hashes go on (seed ${SEED})`, async (t) => {
  const outcome = await killServer({ times: 2, rooms: 3, people: 2, seed: SEED });
  t.same(outcome.continued, [3, 3]);
  t.match(outcome.bots, {
    connected: 6,
    mismatches: 0,
    reliableErrors: 0,
    correctionUnitsMaxFree: 0,
    setbacks: 12,
  });
  t.equal(outcome.bots.hashChecks, outcome.bots.snapshotsReceived);
  t.equal(outcome.journals.length, 3);
  for (const journal of outcome.journals)
    t.match(journal, { verified: true, problem: '', resumptions: 2 });
  t.comment(`back after ${outcome.backMs.join(', ')} ms`);
});
