/** The thread that writes journals dies at any moment: the next one leaves files as if there had been one. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { Ring } from '../../src/mailbox/ring.ts';
import { createJournalRing, encodeOpening, RoomJournal } from '../../workers/journal.ts';
import { readJournal } from '../../workers/journal-file.ts';
import { STAGE } from '../../workers/journal-format.ts';
import { createLedger, LEDGER_STATE, Ledger } from '../../workers/journal-ledger.ts';
import { JournalStore } from '../../workers/journal-store.ts';

const SEED = Number(process.env['FRAY_TEST_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));

test('a ledger gives back what was written, of each row the newest entry that is whole', async (t) => {
  const memory = createLedger(3);
  const ledger = new Ledger(memory);
  const place = { at: 2 ** 40 + 4, check: 0xffff_fff0, sequence: 7, tick: 0xffff_fffe };
  const entry = { state: LEDGER_STATE.open, key: 5, tick: 0, ring: 2, position: -8, place };
  const rows = ['a', 'b', 'Zoë'].map((room) => ledger.take(room, `${room}-1.journal`));
  t.equal(ledger.take('d', 'd-1.journal'), -1, 'there are no more');
  t.same(ledger.files(), [], 'none counts yet');
  const [a = -1, b = -1, c = -1] = rows;
  for (const row of [a, b, c, -1]) ledger.write(row, { ...entry, key: row });
  ledger.write(b, { ...entry, key: b, position: 77 });
  ledger.free(a);
  ledger.free(-1);
  t.same(
    new Ledger(memory).files().map(({ row, entry, room, name }) => [row, room, name, entry]),
    [
      [b, 'b', 'b-1.journal', { ...entry, key: b, position: 77 }],
      [c, 'Zoë', 'Zoë-1.journal', { ...entry, key: c }],
    ].sort(([one], [other]) => Number(one) - Number(other)),
  );
  t.equal(new Ledger(memory).take('e', 'e-1.journal'), a, 'and a free one is given again');
  t.equal(new Ledger(createLedger(1)).take('x'.repeat(500), 'y'), -1, 'a name that is too long');
  t.throws(() => new Ledger(new SharedArrayBuffer(4096)), { code: 'E_CORE' });
});

test('a room that begins anew after a death of the thread has a file of its own', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-ledger-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const memory = createJournalRing();
  const ring = new Ring(memory, 'write');
  const ledger = createLedger(4);
  const opening = { roomId: 'again', schemaHash: 1n, epoch: 1, tickRateHz: 30, config: HASH };
  let nowMs = 1_700_000_000_000;
  const begin = (): { store: JournalStore; reader: Ring } => {
    const how = { dir, coreHash: new Uint8Array(32), bytesMax: 0, ageMsMax: 0, ledger };
    const store = new JournalStore({ ...how, unixMs: () => nowMs++, log: () => {} });
    store.attached(0, 1);
    return { store, reader: new Ring(memory, 'read') };
  };
  const turn = ({ store, reader }: ReturnType<typeof begin>): void => {
    store.take(0, reader);
    store.flush();
  };
  const play = (row: number, ticks: number, over: boolean): void => {
    const core = { i32: new Int32Array(64), input: 0, ...HASHES, stateHash: () => 0 };
    const options = { ring, row, core, hashTicks: 0, onCut: () => {} };
    const journal = new RoomJournal(options, encodeOpening(opening));
    for (let tick = 1; tick <= ticks; tick += 1) journal.record(STAGE.begin, tick, 1);
    if (over) journal.close(ticks, 12);
  };
  const first = begin();
  play(1, 3, true);
  turn(first);
  play(1, 5, false);
  turn(first);
  // It dies. One begins where another was, one in a row that no file of before is of.
  const second = begin();
  play(1, 7, true);
  turn(second);
  play(2, 11, true);
  turn(second);
  const ticks = readdirSync(dir)
    .map((name) => [...readJournal(readFileSync(join(dir, name))).entries()].at(-1)?.tick)
    .sort((one = 0, other = 0) => one - other);
  t.same(ticks, [3, 5, 7, 11]);
});

interface Room {
  readonly id: string;
  journal: RoomJournal;
  worker: number;
  row: number;
  tick: number;
}

/** Two workers with rooms that open, play, move and close; and a store over a folder that dies now and then. */
class Scene {
  readonly dir: string;
  readonly wanted = new Map<string, string[]>();
  readonly logs: string[] = [];
  readonly #memories = [createJournalRing(), createJournalRing()];
  readonly #writers = this.#memories.map((memory) => new Ring(memory, 'write'));
  readonly #ledger = createLedger(16);
  readonly #random: () => number;
  readonly #rooms: Room[] = [];
  readonly #core = { i32: new Int32Array(64), input: 0, ...HASHES, stateHash: () => 0 };
  #store: JournalStore;
  #readers: Ring[] = [];
  #nowMs = 1_700_000_000_000;
  #made = 0;

  constructor(t: Test, random: () => number) {
    this.dir = mkdtempSync(join(tmpdir(), 'fray-ledger-'));
    t.teardown(() => rmSync(this.dir, { recursive: true }));
    this.#random = random;
    this.#store = this.#begin();
  }

  /** Something happens in a room. */
  step(): void {
    const kind = this.#random();
    const room = this.#rooms[Math.floor(this.#random() * this.#rooms.length)];
    if (room === undefined || (kind < 0.05 && this.#rooms.length < 6)) this.#open();
    else if (kind < 0.1) this.#move(room);
    else if (kind < 0.13) this.#close(room);
    else this.#play(room);
  }

  /** The thread takes and writes. */
  turn(): void {
    this.#take();
    this.#store.flush();
  }

  /** It dies: before it has written, after that, or in between, where nobody knows that it has. */
  die(): void {
    const how = Math.floor(this.#random() * 3);
    this.#take();
    const ledger = new Uint8Array(this.#ledger).slice();
    // Before the rings let go of anything.
    for (const reader of this.#readers)
      reader.release = () => {
        throw new Error('died');
      };
    try {
      if (how > 0) this.#store.flush();
    } catch (error) {
      if ((error as Error).message !== 'died') throw error;
    }
    if (how > 1) new Uint8Array(this.#ledger).set(ledger);
    this.#store = this.#begin();
  }

  end(): void {
    for (const room of [...this.#rooms]) this.#close(room);
    for (let k = 0; k < 4; k += 1) this.turn();
    this.#store.close();
  }

  #begin(): JournalStore {
    this.#nowMs += 40;
    const store = new JournalStore({
      dir: this.dir,
      coreHash: new Uint8Array(32),
      bytesMax: 0,
      ageMsMax: 0,
      ledger: this.#ledger,
      unixMs: () => this.#nowMs,
      log: (_level, text, fields) => this.logs.push(`${text} ${JSON.stringify(fields)}`),
    });
    this.#readers = this.#memories.map((memory) => new Ring(memory, 'read'));
    for (const worker of [0, 1]) store.attached(worker, 3);
    return store;
  }

  #take(): void {
    for (const worker of [0, 1, 0, 1]) this.#store.take(worker, this.#readers[worker] as Ring);
  }

  #open(): void {
    const id = `room${this.#made}`;
    this.#made += 1;
    this.#nowMs += 1;
    const worker = this.#random() < 0.5 ? 0 : 1;
    const opening = { roomId: id, schemaHash: 1n, epoch: 1, tickRateHz: 30, config: HASH };
    const row = this.#freeRow(worker);
    const journal = new RoomJournal(this.#options(worker, row), encodeOpening(opening));
    this.#rooms.push({ id, journal, worker, row, tick: 0 });
    this.wanted.set(id, []);
  }

  #play(room: Room): void {
    room.tick += 1;
    this.#core.i32[0] = room.tick * 77;
    for (const stage of [STAGE.begin, STAGE.end])
      room.journal.record(stage, room.tick, 1 + (room.tick & 3));
    this.wanted.get(room.id)?.push(`${STAGE.begin}:${room.tick}`, `${STAGE.end}:${room.tick}`);
    const ring = this.#writers[room.worker] as Ring;
    ring.keepFrom(ring.end);
  }

  #move(room: Room): void {
    if (!room.journal.moved(room.tick, Buffer.from(room.id))) return;
    room.row = this.#freeRow(1 - room.worker);
    room.worker = 1 - room.worker;
    room.journal = new RoomJournal(this.#options(room.worker, room.row), undefined);
    room.journal.came(room.tick, Buffer.from(room.id));
    // Back with the same tick is another way only after one more.
    this.#play(room);
  }

  #close(room: Room): void {
    room.journal.close(room.tick, 12);
    this.wanted.get(room.id)?.push(`${STAGE.over}:${room.tick}`);
    this.#rooms.splice(this.#rooms.indexOf(room), 1);
  }

  /** Rows are given again as soon as they are free. */
  #options(worker: number, row: number) {
    const ring = this.#writers[worker] as Ring;
    return { ring, row, core: this.#core, hashTicks: 0, onCut: () => {} };
  }

  #freeRow(worker: number): number {
    const taken = new Set(this.#rooms.filter((one) => one.worker === worker).map(({ row }) => row));
    return [0, 1, 2, 3, 4, 5, 6].find((row) => !taken.has(row)) ?? 7;
  }
}

const HASHES = { stateHashLow: 0, stateHashHigh: 0 };
const HASH = new Uint8Array(8);

test(`whenever it dies, and however often, each room's file has all that entered it, once and in order (seed ${SEED})`, async (t) => {
  for (let round = 0; round < 30; round += 1) {
    const random = seeded(SEED + round);
    const scene = new Scene(t, random);
    let deaths = 0;
    for (let k = 0; k < 600; k += 1) {
      scene.step();
      const what = random();
      if (what < 0.1) scene.turn();
      else if (what < 0.13) {
        scene.die();
        deaths += 1;
      }
    }
    scene.end();
    const found = new Map<string, string[]>();
    for (const name of readdirSync(scene.dir)) {
      const reader = readJournal(readFileSync(join(scene.dir, name)));
      const { roomId } = reader.head;
      if (found.has(roomId)) t.fail(`two files of ${roomId} (seed ${SEED}, round ${round})`);
      found.set(
        roomId,
        [...reader.entries()].map(({ stage, tick }) => `${stage}:${tick}`),
      );
    }
    t.same(scene.logs, []);
    t.ok(deaths > 5);
    t.same(found, scene.wanted, `seed ${SEED}, round ${round}`);
  }
});

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
