/** What a packet says about one tick (SPEC 6), and what a client holds to understand the next. */
import { type BitReader, bitsFor, Malformed, SETS } from './bits.ts';
import {
  type Handle,
  type HandleContext,
  readEvents,
  readHandle,
  type SeenEvent,
} from './events.ts';
import type { Game } from './game.ts';
import { noOwn, type Own, originOf, readOwn } from './own.ts';
import { type Origin, type Row, readDifference, readFull } from './row.ts';

const PROJECTILE = 2;
/** The longest way back that a head can name. */
const SEQUENCES_KEPT = 256;

export interface Member {
  readonly generation: number;
  /** Tick of the snapshot that carried its row. */
  readonly rowTick: number;
  readonly shooter?: Shooter;
}

export interface Shooter {
  readonly by: Handle;
  /** Of the command that fired; own projectiles only. */
  readonly tick?: number;
}

export interface Timing {
  /** In 1/16 tick; positive: commands come early. */
  readonly margin: number;
  readonly permille: number;
  /** Low 16 bits. */
  readonly tooLate: number;
}

export interface Snapshot {
  readonly sequence: number;
  readonly tick: number;
  /** T less the tick of the command applied last; 63: longer ago. */
  readonly commandAge: number;
  readonly timing?: Timing;
  readonly own: Own;
  readonly events: readonly SeenEvent[];
  /** By rising index. */
  readonly members: ReadonlyMap<number, Member>;
  readonly carried: ReadonlyMap<number, Row>;
  readonly witness?: number;
  readonly bits: number;
}

interface Head {
  readonly reference: Snapshot | undefined;
  readonly tick: number;
  readonly commandAge: number;
  readonly timing?: Timing;
}

interface Sections extends HandleContext {
  readonly game: Game;
  readonly tick: number;
  readonly origin: Origin;
  readonly reference: Snapshot | undefined;
  readonly members: Map<number, Member>;
  readonly carried: Map<number, Row>;
}

export class World {
  readonly game: Game;
  readonly #verify: boolean;
  readonly #snapshots = new Map<number, Snapshot>();
  readonly #rows = new Map<number, Map<number, Row>>();

  constructor(game: Game, verify: boolean) {
    this.game = game;
    this.#verify = verify;
  }

  /** Reads the rest of a packet; changes nothing. */
  read(r: BitReader, sequence: number): Snapshot {
    const start = r.position;
    const { reference, tick, commandAge, timing } = this.#head(r, sequence);
    const age = reference === undefined ? 0 : tick - reference.tick;
    const own = readOwn(r, this.game, reference?.own ?? noOwn(this.game), age);
    const origin = originOf(this.game, own);
    const sections: Sections = {
      game: this.game,
      tick,
      origin,
      reference,
      indexBits: bitsFor(this.game.entitiesMax - 1),
      generationOf: (index) => reference?.members.get(index)?.generation,
      members: new Map(),
      carried: new Map(),
    };
    const events = readEvents(r, sections);
    this.#readMembers(r, sections);
    const members = new Map([...sections.members].sort(([a], [b]) => a - b));
    const witness = this.#verify ? r.u(32) : undefined;
    const bits = r.position - start;
    r.end();
    return {
      sequence,
      tick,
      commandAge,
      ...(timing && { timing }),
      own,
      events,
      members,
      carried: sections.carried,
      ...(witness !== undefined && { witness }),
      bits,
    };
  }

  /** Holds a snapshot as reference and its rows as baselines. */
  keep(snapshot: Snapshot): void {
    this.#snapshots.set(snapshot.sequence, snapshot);
    this.#snapshots.delete((snapshot.sequence - SEQUENCES_KEPT) & 0xffff);
    const rows = this.#rows.get(snapshot.tick) ?? new Map<number, Row>();
    for (const [index, row] of snapshot.carried) rows.set(index, row);
    this.#rows.set(snapshot.tick, rows);
    for (const tick of this.#rows.keys()) {
      if (tick <= snapshot.tick - this.game.historyTicks) this.#rows.delete(tick);
    }
  }

  /** The newest row of an entity at a snapshot. */
  row(snapshot: Snapshot, index: number): Row {
    const member = snapshot.members.get(index);
    const row =
      member && (snapshot.carried.get(index) ?? this.#rows.get(member.rowTick)?.get(index));
    if (row === undefined) throw new Malformed(`no row of ${index}`);
    return row;
  }

  /** The hash that the server's witness has to match (SPEC 6.5). */
  hash(snapshot: Snapshot): number {
    const { tick, own, members } = snapshot;
    const [dashLeft, dashWait, weaponWait] = own.counters;
    let h = 0x811c9dc5;
    const add = (word: number) => {
      const m = Math.imul(h ^ word, 0x9e3779b1);
      h = m ^ (m >>> 15);
    };
    for (const word of [tick, ...own.position, ...own.velocity]) add(word);
    add(dashLeft | (dashWait << 16));
    add(weaponWait | (own.flags << 16));
    for (const word of own.slow) add(word);
    for (const index of members.keys()) {
      add(index);
      for (const word of this.row(snapshot, index)) add(word);
    }
    return h >>> 0;
  }

  #head(r: BitReader, sequence: number): Head {
    const back = r.bit() ? r.u(3) + 1 : r.u(8);
    const reference = back === 0 ? undefined : this.#snapshots.get((sequence - back) & 0xffff);
    if (back !== 0 && reference === undefined) throw new Malformed(`reference ${back} not held`);
    const ahead = reference === undefined ? 0 : r.bit() ? r.u(8) : back;
    if (reference !== undefined && (ahead === 0 || ahead >= this.game.historyTicks)) {
      throw new Malformed(`${ahead} ticks after the reference`);
    }
    const tick = reference === undefined ? r.u(32) : reference.tick + ahead;
    const commandAge = r.bit() ? r.u(6) : 0;
    if (sequence % 4 !== 0) return { reference, tick, commandAge };
    const margin = r.s(8);
    const permille = r.bit() ? r.u(10) : 1000;
    const tooLate = r.bit() ? r.u(16) : 0;
    return { reference, tick, commandAge, timing: { margin, permille, tooLate } };
  }

  #readMembers(r: BitReader, s: Sections): void {
    const old = s.reference?.members ?? new Map<number, Member>();
    const leavers = new Set<number>();
    if (r.bit()) {
      const indices = [...old.keys()];
      if (r.bit()) {
        for (const index of readRanked(r, indices)) leavers.add(index);
      } else {
        for (const index of indices) if (r.bit()) leavers.add(index);
      }
    }
    const mixed = r.bit();
    for (const [index, member] of old) {
      if (!leavers.has(index)) this.#readMember(r, s, { index, member, mixed });
    }
    if (!r.bit()) return;
    for (let left = r.number(SETS.COUNT) + 1; left > 0; left -= 1) {
      const index = r.u(s.indexBits);
      if (old.has(index) || s.members.has(index)) throw new Malformed(`${index} is in already`);
      readWhole(r, s, index);
    }
  }

  #readMember(
    r: BitReader,
    s: Sections,
    which: { readonly index: number; readonly member: Member; readonly mixed: boolean },
  ): void {
    const { index, member, mixed } = which;
    const deferred = mixed && r.bit();
    const ofReference = s.reference === undefined ? 0 : s.tick - s.reference.tick;
    const age = mixed && r.bit() ? r.u(8) : ofReference;
    if (age === 0 && !deferred) {
      readWhole(r, s, index);
      return;
    }
    const base = this.#rows.get(s.tick - age)?.get(index);
    if (base === undefined) throw new Malformed(`no baseline of ${index} ${age} ticks ago`);
    s.members.set(index, { ...member, rowTick: deferred ? s.tick - age : s.tick });
    if (!deferred) s.carried.set(index, readDifference(r, s.game, base, age));
  }
}

/** Those of `indices` that are named by rising ranks. */
function readRanked(r: BitReader, indices: readonly number[]): number[] {
  const rankBits = bitsFor(indices.length - 1);
  const named: number[] = [];
  let least = 0;
  do {
    const rank = r.u(rankBits);
    const index = rank < least ? undefined : indices[rank];
    if (index === undefined) throw new Malformed(`rank ${rank} of ${indices.length}`);
    named.push(index);
    least = rank + 1;
  } while (r.bit());
  return named;
}

function readWhole(r: BitReader, s: Sections, index: number): void {
  const { row, kind, generation } = readFull(r, s.game, s.origin);
  const shooter = kind === PROJECTILE ? readShooter(r, s) : undefined;
  s.members.set(index, { generation, rowTick: s.tick, ...(shooter && { shooter }) });
  s.carried.set(index, row);
}

function readShooter(r: BitReader, s: Sections): Shooter {
  const by = readHandle(r, s);
  const ago = by === 'own' ? r.u(10) : 1023;
  return ago === 1023 ? { by } : { by, tick: s.tick - ago };
}
