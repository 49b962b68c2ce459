/** A server that is killed in the middle of its rooms, and started again: rooms and players go on. */
import { test } from 'tap';
import { killServer } from './killed.ts';

const SEED = Number(process.env['FRAY_TEST_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));
/** One of them a run, as the seed has it; WebRTC by hand (RESULTS.md). */
const TRANSPORT = SEED % 2 === 0 ? 'websocket' : 'udp';
const ROOMS = 3;
/** ms: `journalFlushMs` as it is, and for two ticks that were on their way; beside how late threads of this machine were just then. */
const [FLUSH_MS, MARGIN_MS] = [50, 70];

test(`kill -9, journals torn, started again: every bot is back in its room within 5 s, and hashes go on (${TRANSPORT}, seed ${SEED})`, async (t) => {
  const own = { rooms: ROOMS, people: 2, seed: SEED };
  const outcome = await killServer({ times: 2, tears: 1, transport: TRANSPORT, ...own });
  t.same(outcome.continued, [3, 3]);
  t.match(outcome.bots, {
    connected: 6,
    mismatches: 0,
    reliableErrors: 0,
    correctionUnitsMaxFree: 0,
    setbacks: 12,
    transport: TRANSPORT,
  });
  t.equal(outcome.bots.hashChecks, outcome.bots.snapshotsReceived);
  t.equal(outcome.journals.length, 3);
  for (const journal of outcome.journals)
    t.match(journal, { verified: true, problem: '', resumptions: 2 });
  // The second time nothing is torn off.
  const lost = outcome.ticksLost[1] ?? -1;
  const lateMs = outcome.lateMs[1] ?? 0;
  const most = (ROOMS * (FLUSH_MS + MARGIN_MS + lateMs) * 30) / 1000;
  t.ok(
    lost >= 0 && lost <= most,
    `${lost} ticks of ${ROOMS} rooms were lost, ${most} at most: what was not flushed (threads ${lateMs} ms late)`,
  );
  t.comment(`back after ${outcome.backMs.join(', ')} ms`);
});
