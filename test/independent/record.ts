/**
 * Records a session with a real server for recorded.test.ts, and the hashes that the server asked for. To be run again
 * when bytes on the wire or the arena's schema change:
 * node --import=tsx --conditions=fray-source test/independent/record.ts
 */
import { writeFileSync } from 'node:fs';
import { startServer } from '../browser/chromium.ts';
import { ARENA } from './game.ts';
import { ARENA_RATE_HZ, lossy, STRANGER } from './pilot.ts';
import { play } from './play.ts';

const FILE = new URL('fixtures/session.txt', import.meta.url);
const SECONDS = 12;

const server = await startServer(['--bots', '10', '--logLevel', 'error']);
const lines: string[] = [];
let spoke = false;
try {
  const client = await play(ARENA, {
    ...STRANGER,
    url: server.url,
    seconds: SECONDS,
    tickRateHz: ARENA_RATE_HZ,
    deliver: lossy(7),
    step(client, elapsedMs) {
      if (elapsedMs < 1000 || spoke) return;
      spoke = true;
      client.send(0, ['for the record']);
    },
    observe(packet, taken) {
      const bytes = Buffer.from(packet).toString('base64');
      const seen = taken.as === 'fresh' || taken.as === 'late' ? taken.snapshot : undefined;
      lines.push(`${taken.as} ${seen?.tick ?? '-'} ${seen?.witness ?? '-'} ${bytes}`);
    },
  });
  const { joined, heard } = client;
  const head = {
    epoch: joined?.epoch,
    handle: joined?.handle,
    wallsHash: joined?.wallsHash,
    players: heard.roster.size,
    messages: heard.game.length,
  };
  writeFileSync(FILE, `${JSON.stringify(head)}\n${lines.join('\n')}\n`);
  console.log(head, client.counts, client.reasons);
} finally {
  await server.stop();
}
