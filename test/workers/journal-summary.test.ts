/** How journals close: a summary says who played and what came of it, and nobody but the operator can have written it. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { defineGame } from 'fray/plugin';
import { angle, axis2, circle, defineSchema, u16 } from 'fray/schema';
import { type Test, test } from 'tap';
import { ShardHost } from '../../bench/shard-host.ts';
import { ERROR } from '../../protocol/gen/tables.ts';
import { summaryLines } from '../../src/cli/replay-summary.ts';
import { Replay } from '../../src/room/replay.ts';
import { judgeSummary } from '../../src/room/verdict.ts';
import { JournalFile, readJournal } from '../../workers/journal-file.ts';
import { BLOCK_HEAD_BYTES, encodeBlock, STAGE } from '../../workers/journal-format.ts';
import { isSealed, publicKeyOf, Signer } from '../../workers/journal-seal.ts';
import type { Summary } from '../../workers/journal-summary.ts';
import { findSummary } from '../../workers/journal-summary.ts';
import { testCore } from '../room/bench.ts';
import { continued } from './continued.ts';

const module = await testCore();
const KEY = pemOf();

const schema = defineSchema({
  name: 'ends',
  tickRateHz: 30,
  world: { width: 80, depth: 80 },
  input: { move: axis2(), aim: angle() },
  player: {
    shape: circle(0.5),
    health: 100,
    viewRadius: 30,
    movement: { topSpeed: 8, acceleration: 60, friction: 40 },
    fields: { score: u16() },
  },
});

/** Ends in the first tick from `lastTick` on. */
function gameOf(lastTick: number) {
  return defineGame(schema, {
    options: { playersMax: 8, botsYield: false },
    onCreate(room) {
      room.addBot();
    },
    onJoin(room, player) {
      room.place(player, room.freePlace());
    },
    onTick(room) {
      if (room.tick >= lastTick) room.end({ winner: 'ann', scores: [room.tick, 1] });
    },
  });
}

function pemOf(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

function hostIn(dir: string, lastTick: number): ShardHost {
  const sizes = { playersMax: 8, entitiesMax: 64, roomsMax: 2 };
  const signer = new Signer(KEY);
  return new ShardHost(module, gameOf(lastTick), {
    ...sizes,
    signer,
    journalDir: dir,
    checkpointMs: 1500,
  });
}

function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'fray-summary-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  return dir;
}

function fileIn(dir: string): Uint8Array {
  return new Uint8Array(readFileSync(join(dir, readdirSync(dir)[0] ?? '')));
}

function summaryOf(file: Uint8Array): Summary {
  const found = findSummary(readJournal(file));
  return JSON.parse(new TextDecoder().decode(found?.text)) as Summary;
}

/** A room that two people play in until it ends with tick 100. */
function ended(t: Test): Uint8Array {
  const dir = folder(t);
  const host = hostIn(dir, 100);
  host.open(0, { seed: 7 });
  host.turn();
  host.join(5, 0);
  for (let k = 0; k < 20; k += 1) host.turn();
  host.join(6, 0);
  for (let k = 0; k < 100; k += 1) host.turn();
  t.equal(host.timing.counter('roomsClosed'), 1, 'the game has closed it');
  t.same(host.logs, []);
  return fileIn(dir);
}

test('a journal closes with who played, what the game said, and the hash of its last tick; signed', async (t) => {
  const file = ended(t);
  const { players, openedMs, closedMs, stateHash, ...rest } = summaryOf(file);
  t.same(rest, {
    room: 'room0',
    epoch: 1,
    lastTick: 100,
    code: ERROR.E_ROOM_CLOSED,
    result: { winner: 'ann', scores: [100, 1] },
    playersLeftOut: 0,
    bots: 1,
  });
  t.match(players, [
    { userId: '', joinedTick: 1, leftTick: null, code: null },
    { userId: '', joinedTick: 21, leftTick: null, code: null },
  ]);
  t.ok(closedMs - openedMs > 3000 && closedMs - openedMs < 6000);
  const report = new Replay(readJournal(file), module).play();
  t.match(report, { differs: null, problem: null, end: 'over', lastTick: 100, stateHash });
  const found = findSummary(readJournal(file));
  t.ok(found !== null && isSealed(found, file));
  t.same(found?.publicKey, new Signer(KEY).publicKey);
  const last = [...readJournal(file).entries()].at(-1);
  t.equal(last?.stage, STAGE.summary);
});

/** The same file with the payload of its blocks changed, and all checks as they have to be then. */
function forged(file: Uint8Array, change: (payload: Uint8Array, block: number) => void) {
  const copy = file.slice();
  const blocks = [...readJournal(file).blocks()];
  let check = blocks[0]?.place.check ?? 0;
  for (const [k, { place, head }] of blocks.entries()) {
    const from = place.at + BLOCK_HEAD_BYTES;
    const payload = copy.subarray(from, from + head.storedBytes);
    change(payload, blocks.length - 1 - k);
    check = encodeBlock(copy.subarray(place.at), head, { payload, check, crc: crc32 });
  }
  return copy;
}

test('whoever changes a byte, checks and all, breaks the signature; so does another key', async (t) => {
  const file = ended(t);
  t.same(
    forged(file, () => {}),
    file,
    'what was not changed is the same',
  );
  const judge = (wrong: Uint8Array): boolean => {
    const found = findSummary(readJournal(wrong));
    return found !== null && isSealed(found, wrong);
  };
  for (const at of [0, 31, 32, 64, 127, 128, 140, 400])
    t.notOk(
      judge(
        forged(file, (payload, fromEnd) => {
          if (fromEnd === 0) (payload[12 + at] as number) ^= 1;
        }),
      ),
      `byte ${at} of the summary`,
    );
  t.notOk(
    judge(
      forged(file, (payload, fromEnd) => {
        if (fromEnd === 1) (payload[payload.length - 1] as number) ^= 1;
      }),
    ),
    'the last record',
  );
  // Signed again, by somebody else: right in itself, and not the operator's.
  const other = new Signer(pemOf());
  const found = findSummary(readJournal(file));
  const again = forged(file, (payload, fromEnd) => {
    if (found !== null && fromEnd === 0) payload.set(other.seal(found.fileHash, found.text), 12);
  });
  t.ok(judge(again));
  t.same(findSummary(readJournal(again))?.publicKey, other.publicKey);
});

test('a file with more behind its end is damaged; one that ends before has no summary', async (t) => {
  const file = ended(t);
  const found = findSummary(readJournal(file));
  const open = file.slice(0, found?.at);
  t.equal(findSummary(readJournal(open)), null);
  t.match(new Replay(readJournal(open), module).play(), { end: 'over', problem: null });
  const { end } = endOf(open);
  const payload = new Uint8Array(Uint32Array.of(STAGE.end, 100, 0).buffer);
  const more = new Uint8Array(BLOCK_HEAD_BYTES + payload.length);
  more.set(payload, BLOCK_HEAD_BYTES);
  const bytes = { storedBytes: payload.length, rawBytes: payload.length };
  const head = { ...bytes, sequence: end.sequence, codec: 0, firstTick: 100, lastTick: 100 };
  encodeBlock(more, head, { payload, check: end.check, crc: crc32 });
  const report = new Replay(readJournal(Buffer.concat([open, more])), module).play();
  t.match(report, { end: 'damaged', problem: /there is more of it behind its end/ });
});

function endOf(file: Uint8Array): ReturnType<typeof readJournal> {
  const reader = readJournal(file);
  for (const _ of reader.blocks());
  return reader;
}

test('a room that two processes ran has one summary, of both', async (t) => {
  const dir = folder(t);
  const first = hostIn(dir, 1e9);
  first.open(0, { seed: 7 });
  first.turn();
  first.join(5, 0);
  for (let k = 0; k < 90; k += 1) first.turn();
  const path = join(dir, readdirSync(dir)[0] ?? '');
  const host = hostIn(dir, 1e9);
  const recovery = host.shard.takeOver(continued(path, { epoch: 2, sessions: [5] }));
  t.not(typeof recovery, 'string', host.logs.join());
  host.join(6, 0);
  for (let k = 0; k < 60; k += 1) host.turn();
  host.close(0, ERROR.E_SHUTDOWN);
  for (let k = 0; k < 5; k += 1) host.turn();
  const file = fileIn(dir);
  const summary = summaryOf(file);
  t.match(summary, { epoch: 2, code: ERROR.E_SHUTDOWN, result: null, bots: 1 });
  t.match(summary.players, [{ joinedTick: 1 }, { joinedTick: Number }]);
  const found = findSummary(readJournal(file));
  t.ok(found !== null && isSealed(found, file));
  const report = new Replay(readJournal(file), module).play();
  t.match(report, { differs: null, problem: null, end: 'over', resumptions: 1 });
  t.equal(report.stateHash, summary.stateHash);
});

test('a file that another process began is read while more is written, and nothing waits in memory', async (t) => {
  const path = join(folder(t), 'r7.journal');
  const head = { roomId: 'r7', schemaHash: 1n, epoch: 1, tickRateHz: 30, openedMs: 1 };
  const words = new Int32Array(1 << 18);
  let tick = 0;
  const play = (file: JournalFile, bytes: number): void => {
    tick += 1;
    file.append(STAGE.begin, tick, { words, from: 0, bytes: 0 });
    file.append(STAGE.game, tick, { words, from: 0, bytes });
    file.append(STAGE.end, tick, { words, from: 0, bytes: 0 });
    file.flush();
  };
  const first = new JournalFile(path, {
    ...head,
    coreHash: new Uint8Array(32),
    config: new Uint8Array(8),
  });
  for (let k = 0; k < 20; k += 1) play(first, 100_000);
  first.close();
  const file = new JournalFile(path, first.place, { sealed: true });
  const { arrayBuffers } = process.memoryUsage();
  for (let k = 0; k < 64; k += 1) play(file, 1 << 20);
  const heldMb = (process.memoryUsage().arrayBuffers - arrayBuffers) / (1 << 20);
  t.ok(heldMb < 32, `${heldMb} MB are held of 64`);
  let steps = 0;
  while (!file.learn(0, () => 1)) {
    steps += 1;
    if (steps < 50 || steps % 64 === 0) play(file, 10);
  }
  play(file, 10);
  file.append(STAGE.over, tick, { words, from: 0, bytes: 4 });
  const signer = new Signer(KEY);
  t.ok(file.seal(signer, 2));
  file.close();
  const bytes = new Uint8Array(readFileSync(path));
  const found = findSummary(readJournal(bytes));
  t.ok(found !== null && isSealed(found, bytes));
  t.match(summaryOf(bytes), { room: 'r7', lastTick: tick });
  t.ok(steps > 64, `${steps} steps`);
});

test('a summary that a stranger wrote is told without a crash, and orders no terminal about', async (t) => {
  const file = ended(t);
  const journal = readJournal(file);
  const found = findSummary(journal);
  if (found === null) throw new Error('there is no summary');
  const stranger = new Signer(pemOf());
  const report = new Replay(readJournal(file), module).play();
  for (const said of ['5', '[]', '{"players":null}', 'null', '{']) {
    const text = new Uint8Array(found.text.length).fill(0x20);
    text.set(new TextEncoder().encode(said));
    const other = forged(file, (payload, fromEnd) => {
      if (fromEnd === 0) payload.set(stranger.seal(found.fileHash, text), 12);
    });
    const verdict = judgeSummary(other, { journal: readJournal(other), report, wanted: null });
    t.match(verdict, { signature: 'wrong', summary: null }, said);
    t.equal(summaryLines(verdict).length, 1);
  }
  const verdict = judgeSummary(file, { journal, report, wanted: null });
  t.match(verdict, { signature: 'unknown key', contradicts: false });
  const summary = summaryOf(file);
  const player = {
    userId: 'u\u001b[2J',
    name: 'A\u0007\u202e',
    joinedTick: 1,
    leftTick: 2,
    code: 0,
  };
  const lines = summaryLines({
    ...{ signature: 'right', publicKey: 'KEY', contradicts: false },
    summary: { ...summary, players: [player], result: '\u009b2J' },
  });
  t.equal(lines[2], '  u?[2J (A??): ticks 1 to 2');
  t.equal(lines[3], 'result: "?2J"');
});

test('keys are of Ed25519, as PEM or as base64', async (t) => {
  const { publicKey } = new Signer(KEY);
  const text = Buffer.from(publicKey).toString('base64');
  t.same(publicKeyOf(text), publicKey);
  t.same(publicKeyOf(`${Buffer.from(publicKey).toString('base64url')}\n`), publicKey);
  const pair = generateKeyPairSync('ed25519');
  const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }) as string;
  t.same(
    Buffer.from(publicKeyOf(pem)),
    pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32),
  );
  for (const wrong of ['', 'abc', text.slice(1), `${text}!`, '-----BEGIN PUBLIC KEY-----\nx'])
    t.throws(() => publicKeyOf(wrong), { code: 'E_CONFIG' }, wrong);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const other = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  t.throws(() => new Signer(other), { code: 'E_CONFIG' });
});
