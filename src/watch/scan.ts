/**
 * The first reading of a journal, ahead of who watches it: every hash is compared, places are kept that can be jumped to, deaths
 * are noted for the time line.
 */
import type { RoomCore } from '../../core-wasm/bindings/room.ts';
import { Death, RecordHeader, RosterRow } from '../../protocol/gen/tables.ts';
import type { Replay, ReplayPlace, ReplayReport } from '../room/replay.ts';

/** Somebody died. */
export interface Mark {
  readonly tick: number;
  readonly victim: string;
  /** The same as `victim` for who fell by the own hand; '' for nobody. */
  readonly attacker: string;
}

export class Scan {
  readonly marks: Mark[] = [];
  /** What was found, once the journal is read to its end. */
  report: ReplayReport | null = null;
  readonly #replay: Replay;
  readonly #places: ReplayPlace[] = [];
  /** Ticks from one place to the next. */
  #every: number;
  readonly #options = {
    onEvents: (room: RoomCore, bytes: number): void => this.#deaths(room, bytes),
  };

  constructor(replay: Replay) {
    this.#replay = replay;
    this.#every = Math.ceil(replay.head.tickRateHz * PLACE_SECONDS);
    this.#keep();
  }

  get tick(): number {
    return this.#replay.tick;
  }

  /** Reads on, until `nowMs()` is past `untilMs` or the journal is over. */
  run(untilMs: number, nowMs: () => number): void {
    while (this.report === null && nowMs() < untilMs) {
      if (!this.#replay.next(this.#options)) {
        this.report = this.#replay.report();
        return;
      }
      const last = this.#places.at(-1)?.tick ?? Number.NEGATIVE_INFINITY;
      if (this.#replay.tick >= last + this.#every) this.#keep();
    }
  }

  /** The last place that is not after a tick. There is always the beginning. */
  placeBefore(tick: number): ReplayPlace {
    const found = this.#places.findLast((place) => place.tick <= tick) ?? this.#places[0];
    return found as ReplayPlace;
  }

  /** Memory is bounded: where there are too many places, every second one goes, and new ones come half as often. */
  #keep(): void {
    const place = this.#replay.save();
    if (place === null) return;
    this.#places.push(place);
    if (this.#places.length <= placesMax(place.region.length)) return;
    const kept = this.#places.filter((_, k) => k % 2 === 0);
    this.#places.splice(0, this.#places.length, ...kept);
    this.#every *= 2;
  }

  /** A death is told in the tick after it. */
  #deaths(room: RoomCore, bytes: number): void {
    const { view } = room;
    const end = room.events + bytes;
    for (let at = room.events; at + RecordHeader.bytes <= end; ) {
      const from = at + RecordHeader.bytes;
      if (view.getUint16(at + RecordHeader.kind, true) === Death.kind) {
        const victim = nameOf(room, view.getUint32(from + Death.victim, true));
        const attacker = nameOf(room, view.getUint32(from + Death.attacker, true));
        this.marks.push({ tick: this.#replay.tick, victim, attacker });
      }
      at = from + ((view.getUint32(at + RecordHeader.length, true) + 3) & ~3);
    }
  }
}

/** By the roster; '' for who is not in it. */
function nameOf(room: RoomCore, handle: number): string {
  const { view, u8 } = room;
  for (let slot = 0; slot < room.playersMax; slot += 1) {
    const at = room.roster + slot * room.rosterRowBytes;
    const isThere = view.getUint32(at + RosterRow.playerId, true) !== 0;
    if (!isThere || view.getUint32(at + RosterRow.handle, true) !== handle) continue;
    const name = at + RosterRow.name;
    return new TextDecoder().decode(
      u8.subarray(name, name + view.getUint8(at + RosterRow.nameBytes)),
    );
  }
  return '';
}

function placesMax(bytes: number): number {
  return Math.max(8, Math.floor(PLACES_BYTES_MAX / bytes));
}

/** From one place to the next, as long as there is memory. */
const PLACE_SECONDS = 2;
/** Bytes of all places together. A room of 50 takes some 2 MB. */
const PLACES_BYTES_MAX = 160 << 20;
