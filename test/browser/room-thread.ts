/**
 * A worker thread that replays rooms from a journal as a worker plays them: what enters stands in its journal ring before the room has
 * it, and each room is copied into its shadow. Told to die, it dies in the middle of a tick; told to take over, it
 * begins with what the one before has left in shared memory.
 */
import { createReadStream } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import { Ring } from '../../src/mailbox/ring.ts';
import { encodeOpening, RoomJournal } from '../../workers/journal.ts';
import { STAGE } from '../../workers/journal-format.ts';
import { recoverRoom } from '../../workers/recovery.ts';
import { Shadow } from '../../workers/shadow.ts';
import { JournalEntries } from './replay.ts';
import type { RoomReport, ThreadWork } from './room-threads.ts';

/** Exit code of a thread that was told to die. */
const DIES = 9;
const SHADOW_TICKS = 30;
/** Entries between two looks at what of the ring is needed no more: a tick has three. */
const KEEP_ENTRIES = 30;

const work = workerData as ThreadWork;
const ring = new Ring(work.ring, 'write');

class ThreadRoom {
  readonly #row: number;
  readonly #core: RoomCore;
  readonly #journal: RoomJournal;
  readonly #shadow: Shadow;
  readonly #host: Uint8Array;
  /** The last tick that is whole, and whether the next one has begun. */
  #tick = -1;
  #begun = false;
  #hashes = 0;
  #last = '';
  #differs = -1;
  #replayed = 0;

  constructor(row: number, config: Uint8Array) {
    const shadow = work.shadows[row] as SharedArrayBuffer;
    const id = `room ${row}`;
    this.#row = row;
    this.#core = new RoomCore(work.module, config);
    this.#shadow = new Shadow(shadow);
    this.#host = new Uint8Array(4 * this.#core.playersMax);
    const options = { ring, row, core: this.#core, hashTicks: 0, onCut: refuse };
    const facts = { roomId: id, epoch: 1, schemaHash: 0n, tickRateHz: 30, config };
    this.#journal = new RoomJournal(options, work.takesOver ? undefined : encodeOpening(facts));
    if (!work.takesOver) return;
    const recovery = recoverRoom(this.#core, { row, id, ring: work.ring, shadow, least: 0 });
    this.#journal.since = recovery.since;
    this.#tick = recovery.tick;
    this.#replayed = recovery.ticks;
    const { last } = recovery;
    if (last === null) return;
    if (last.tick > this.#core.firstTick) this.#run(STAGE.begin, last.begin);
    if (last.end !== null) this.#run(STAGE.end, last.end);
  }

  get since(): number {
    return this.#journal.since;
  }

  get report(): RoomReport {
    return {
      row: this.#row,
      hashes: this.#hashes,
      last: this.#last,
      differs: this.#differs,
      replayed: this.#replayed,
      region: this.#core.regionHash().toString(16),
    };
  }

  take(stage: number, tick: number, payload: Uint8Array): void {
    if (stage === STAGE.hash) this.#compare(tick, payload);
    else if (tick <= this.#tick || (stage === STAGE.begin && this.#begun)) return;
    else if (stage === STAGE.begin || stage === STAGE.end) {
      this.#core.u8.set(payload, this.#core.input);
      this.#journal.record(stage, tick, payload.length);
      this.#run(stage, payload);
      if (stage === STAGE.begin && this.#row === 0 && tick === work.dieAt) process.exit(DIES);
    }
  }

  #run(stage: number, payload: Uint8Array): void {
    const core = this.#core;
    core.u8.set(payload, core.input);
    this.#begun = stage === STAGE.begin;
    if (this.#begun) core.begin(payload.length);
    else {
      core.end(payload.length);
      this.#tick += 1;
    }
  }

  /** Of a tick that this thread has not played nothing is known. */
  #compare(tick: number, payload: Uint8Array): void {
    if (tick !== this.#tick || this.#begun) return;
    const view = new DataView(payload.buffer, payload.byteOffset);
    const [low, high] = [view.getUint32(0, true), view.getUint32(4, true)];
    const isSame = this.#core.stateHashLow === low && this.#core.stateHashHigh === high;
    if (!isSame && this.#differs < 0) this.#differs = tick;
    this.#hashes += 1;
    this.#last = `${hex(high)}${hex(low)}`;
    if (tick % SHADOW_TICKS !== this.#row % SHADOW_TICKS) return;
    this.#shadow.position = ring.end;
    this.#shadow.write(this.#core.region(), this.#host, tick);
    this.#journal.copied();
  }
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}

function refuse(): never {
  throw new Error('the ring is full');
}

const entries = new JournalEntries();
let rooms: ThreadRoom[] = [];
let count = 0;
for await (const chunk of createReadStream(work.journal, { highWaterMark: 1 << 20 }))
  entries.take(chunk as Uint8Array, {
    head: (config) => {
      rooms = work.rows.map((row) => new ThreadRoom(row, config));
    },
    entry: (stage, tick, payload) => {
      for (const room of rooms) room.take(stage, tick, payload);
      count += 1;
      // Of two rooms the one that was copied longer ago needs more of it.
      if (count % KEEP_ENTRIES === 0) ring.keepFrom(rooms.map(({ since }) => since).reduce(older));
    },
  });
parentPort?.postMessage(rooms.map(({ report }) => report));

function older(one: number, other: number): number {
  return ((one - other) | 0) < 0 ? one : other;
}
