/**
 * Replays a journal in this program's WASM, in Node and in a page alike. Every so many ticks the room is saved, which is
 * copying its region, and goes on in a fresh instance whose other memory is filled with something else.
 */
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import { BLOCK_HEAD_BYTES, CODEC, STAGE } from '../../workers/journal-format.ts';

export interface ReplayReport {
  readonly ticks: number;
  readonly hashes: number;
  /** State hash of the last tick, as the journal has it. */
  readonly last: string;
  /** First tick whose state hash differs, -1 for none. */
  readonly differs: number;
  readonly restores: number;
  /** Region hashes at the restores, folded into one. */
  readonly regions: string;
}

/** Whom the entries of a journal are handed to, in their order. */
interface EntryTaker {
  readonly head: (config: Uint8Array) => void;
  readonly entry: (stage: number, tick: number, payload: Uint8Array) => void;
}

/** Reads a journal without compression that comes in pieces. */
export class JournalEntries {
  /** Bytes that have come and are not yet used. */
  #rest = new Uint8Array(0);
  #isOpen = false;
  /** Bytes of entries that are left of a block. */
  #blockBytes = 0;

  /** The next bytes of the journal, cut anywhere. */
  take(bytes: Uint8Array, taker: EntryTaker): void {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const view = new DataView(all.buffer);
    let at = 0;
    for (let used = -1; used !== 0; at += used) used = this.#next({ all, view, at }, taker);
    this.#rest = all.slice(at);
  }

  /** Takes the head of the file, of a block, or an entry that stands whole at `at`; its bytes, 0 where it is not whole. */
  #next(
    { all, view, at }: { all: Uint8Array; view: DataView; at: number },
    { head: open, entry }: EntryTaker,
  ): number {
    const left = all.length - at;
    const word = (offset: number): number => view.getUint32(at + offset, true);
    if (!this.#isOpen) {
      const head = left < 12 ? left + 1 : word(8) + 4;
      if (head > left) return 0;
      const config = at + 76 + ((word(36) + 3) & ~3);
      open(all.slice(config, config + word(40)));
      this.#isOpen = true;
      return head;
    }
    if (this.#blockBytes === 0) {
      if (left < BLOCK_HEAD_BYTES) return 0;
      if (word(8) !== CODEC.stored) throw new Error('This reads journals without compression');
      this.#blockBytes = word(16);
      return BLOCK_HEAD_BYTES;
    }
    const bytes = left < 12 ? left + 1 : 12 + ((word(8) + 3) & ~3);
    if (bytes > left) return 0;
    entry(word(0), word(4), all.subarray(at + 12, at + 12 + word(8)));
    this.#blockBytes -= bytes;
    return bytes;
  }
}

export class Replay {
  readonly #module: WebAssembly.Module;
  readonly #restoreEvery: number;
  readonly #entries = new JournalEntries();
  #config: Uint8Array | null = null;
  #room: RoomCore | null = null;
  #ticks = 0;
  #hashes = 0;
  #last = '';
  #differs = -1;
  #restores = 0;
  #regions = 0;

  /** `restoreEvery` ticks; 0: never. */
  constructor(module: WebAssembly.Module, restoreEvery: number) {
    this.#module = module;
    this.#restoreEvery = restoreEvery;
  }

  /** The next bytes of the journal, cut anywhere. */
  take(bytes: Uint8Array): void {
    this.#entries.take(bytes, this.#taker);
  }

  readonly #taker: EntryTaker = {
    head: (config) => {
      this.#config = config;
      this.#room = new RoomCore(this.#module, config);
    },
    entry: (stage, tick, payload) => this.#entry(stage, tick, payload),
  };

  get report(): ReplayReport {
    return {
      ticks: this.#ticks,
      hashes: this.#hashes,
      last: this.#last,
      differs: this.#differs,
      restores: this.#restores,
      regions: hex(this.#regions),
    };
  }

  #entry(stage: number, tick: number, payload: Uint8Array): void {
    const room = this.#room as RoomCore;
    if (stage === STAGE.hash) {
      const own = hex(room.stateHashHigh) + hex(room.stateHashLow);
      const view = new DataView(payload.buffer, payload.byteOffset);
      this.#last = hex(view.getUint32(4, true)) + hex(view.getUint32(0, true));
      if (own !== this.#last && this.#differs < 0) this.#differs = tick;
      this.#hashes += 1;
      if (this.#restoreEvery > 0 && tick > 0 && tick % this.#restoreEvery === 0)
        this.#restore(room);
      return;
    }
    if (stage === STAGE.game) return;
    room.u8.set(payload, room.input);
    if (stage === STAGE.begin) room.begin(payload.length);
    else {
      room.end(payload.length);
      this.#ticks += 1;
    }
  }

  #restore(room: RoomCore): void {
    const saved = room.region().slice();
    this.#regions = (Math.imul(this.#regions, 31) + room.regionHash()) >>> 0;
    this.#restores += 1;
    const fresh = new RoomCore(this.#module, this.#config as Uint8Array);
    // Scratch means nothing between two ticks: all of the input buffer is spoilt.
    fresh.u8.fill(0xa5, fresh.input, fresh.input + fresh.inputBytes);
    fresh.restore(saved);
    this.#room = fresh;
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
