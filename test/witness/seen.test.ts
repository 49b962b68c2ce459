/**
 * From a key in one window to the first frame of another that shows the movement, in simulated time: no network, both
 * pages at 60 frames a second. `npm run session` measures the same with two pages of Chromium.
 */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { arena } from '../../games/arena/schema.ts';
import { percentile } from '../../src/cli/bots-report.ts';
import { seededRandom } from '../../src/client/headless/steer.ts';
import { LocalRoom } from '../client/local-room.ts';
import { CORE } from '../server/fixture.ts';

const PRESSES = 60;
const FRAME_MS = 1000 / 60;
const module = new WebAssembly.Module(readFileSync(CORE));

test('another window shows a movement within the interpolation delay and 2.5 ticks', async (t) => {
  const room = new LocalRoom(module, arena);
  const [mine, theirs] = [await room.connect(), await room.connect()];
  room.run(5000);
  const tickMs = 1000 / mine.tickRateHz;
  const limitMs = (mine.interpolationTicks + 2.5) * tickMs;
  const random = seededRandom(11);
  const place = () => theirs.view().players.find((one) => one.id === mine.playerId)?.x;
  const delaysMs: number[] = [];
  for (let press = 0; press < PRESSES; press += 1) {
    mine.setInput({ move: { x: 0, y: 0 } });
    // It comes to rest, and the next press falls anywhere between two ticks and two frames.
    room.run(800 + Math.floor(random() * 100));
    const from = place() ?? Number.NaN;
    const pressedMs = room.time.nowMs();
    mine.setInput({ move: { x: press % 2 === 0 ? 1 : -1, y: 0 } });
    let [frameMs, seenMs] = [pressedMs + random() * FRAME_MS, 0];
    room.run(400, () => {
      if (seenMs > 0 || room.time.nowMs() < frameMs) return;
      frameMs += FRAME_MS;
      if (Math.abs((place() ?? Number.NaN) - from) > 0.001) seenMs = room.time.nowMs() - pressedMs;
    });
    delaysMs.push(seenMs === 0 ? Number.POSITIVE_INFINITY : seenMs);
  }
  const p95 = percentile(delaysMs, 0.95);
  t.comment(`p50 ${percentile(delaysMs, 0.5)} ms, p95 ${p95} ms, limit ${limitMs.toFixed(1)} ms`);
  t.ok(p95 <= limitMs, `${p95} ms of ${limitMs} ms`);
  // Drawn in the past: the first tick of the movement begins to show one tick before it is reached.
  t.ok(
    Math.min(...delaysMs) > (mine.interpolationTicks - 1) * tickMs,
    `${Math.min(...delaysMs)} ms`,
  );
  mine.close();
  theirs.close();
});
