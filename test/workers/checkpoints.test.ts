/** When a room gets a checkpoint, and of what. */
import { test } from 'tap';
import { RoomCheckpoints } from '../../workers/checkpoints.ts';
import { CheckpointPacker } from '../../workers/journal-checkpoint.ts';
import { createShadow, Shadow } from '../../workers/shadow.ts';

const EVERY_MS = 30_000;
const HOUR_MS = 3_600_000;

test('a room gets one each so often, and is not forgotten where the clock is set back', async (t) => {
  const memory = createShadow(4096, 64);
  const shadow = new Shadow(memory);
  const checkpoints = new RoomCheckpoints(memory, HOUR_MS);
  const packer = new CheckpointPacker();
  const takenAt = (nowMs: number): boolean => {
    if (!checkpoints.isDue(nowMs)) return false;
    const seen = { tick: 1, unixMs: nowMs };
    return checkpoints.take(packer, { nowMs, everyMs: EVERY_MS, seen }) !== null;
  };
  const copy = (tick: number): void => shadow.write(new Uint8Array(4096), new Uint8Array(4), tick);
  t.notOk(takenAt(HOUR_MS), 'there is no copy yet');
  copy(1);
  t.notOk(takenAt(HOUR_MS + 999));
  t.ok(takenAt(HOUR_MS + 1000));
  copy(2);
  t.notOk(takenAt(HOUR_MS + 30_999));
  t.ok(takenAt(HOUR_MS + 31_000));
  copy(3);
  t.ok(takenAt(5000), 'at once, and not in an hour');
  copy(4);
  t.notOk(takenAt(5000 + EVERY_MS - 1));
  t.ok(takenAt(5000 + EVERY_MS));
});
