/** A server that only hung while another took its folder of journals writes no more in it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'tap';
import { Ring } from '../../src/mailbox/ring.ts';
import { JournalThread } from '../../src/room/journal.ts';
import { encodeOpening, RoomJournal } from '../../workers/journal.ts';
import { STAGE } from '../../workers/journal-format.ts';

test('whose folder another has taken stops writing, says so, and leaves it to the other', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-fence-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const said: string[] = [];
  const hear = (_fields: object, text: string): void => void said.push(text);
  const log = { info: hear, warn: hear, error: hear };
  const journals = await JournalThread.start({ dir, flushMs: 10 }, new Uint8Array(32), log);
  const ring = new Ring(journals.ringFor(0), 'write');
  const core = {
    i32: new Int32Array(64),
    input: 0,
    stateHashLow: 0,
    stateHashHigh: 0,
    stateHash: () => 0,
  };
  const config = new Uint8Array(0);
  const opening = { roomId: 'r', schemaHash: 1n, epoch: 1, tickRateHz: 30, config };
  const options = { ring, row: 0, core, hashTicks: 0, onCut: () => {} };
  const room = new RoomJournal(options, encodeOpening(opening));
  const file = (): Buffer => {
    const name = readdirSync(dir).find((one) => one.endsWith('.journal'));
    return name === undefined ? Buffer.alloc(0) : readFileSync(join(dir, name));
  };
  let tick = 0;
  const playUntil = async (isDone: () => boolean): Promise<void> => {
    for (const endMs = Date.now() + 20_000; !isDone() && Date.now() < endMs; await pause(5)) {
      tick += 1;
      room.record(STAGE.begin, tick, 40);
      room.record(STAGE.end, tick, 0);
    }
  };
  await playUntil(() => file().length > 400);
  t.ok(file().length > 400, 'it writes');
  const other = JSON.stringify({
    ...JSON.parse(readFileSync(join(dir, 'owner'), 'utf8')),
    name: 'b',
  });
  writeFileSync(join(dir, 'owner'), other);
  const isSaid = (): boolean => said.some((text) => /no more is written/.test(text));
  await playUntil(isSaid);
  t.ok(isSaid(), 'while the room goes on');
  const before = file();
  await playUntil(() => tick > 400);
  room.close(tick, 12);
  await journals.stop();
  t.same(file(), before, 'not a byte more');
  t.equal(journals.figures.restarts, 0, 'and no other thread begins');
  t.equal(readFileSync(join(dir, 'owner'), 'utf8'), other, 'the other keeps its folder');
});
