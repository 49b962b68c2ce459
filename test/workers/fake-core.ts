/**
 * A stand-in for core and game that shows what reaches them: it keeps every record of every tick, makes a player for each
 * Join, and answers each person with one packet per tick. So the tick loop is tested without a world.
 */
import {
  Join,
  Leave,
  Packet,
  RecordHeader,
  Resume,
  RoomStats,
  RosterRow,
} from '../../protocol/gen/tables.ts';
import type { OnRemoved, OnWait, RoomGame } from '../../workers/room-game.ts';
import type { TickCore } from '../../workers/room-parts.ts';

export interface SeenRecord {
  readonly kind: number;
  readonly slot: number;
  readonly payload: Uint8Array;
}

export class FakeCore implements TickCore {
  readonly playersMax: number;
  readonly inputBytes = 262_144;
  readonly tickRateHz = 30;
  readonly firstTick = 0;
  readonly u8 = new Uint8Array(1 << 20);
  readonly i32 = new Int32Array(this.u8.buffer);
  readonly view = new DataView(this.u8.buffer);
  readonly input = 4096;
  readonly roster = 600_000;
  readonly rosterRowBytes = RosterRow.bytes;
  readonly players: Uint32Array;
  readonly epochs: Uint32Array;
  readonly columns = new Int32Array(0);
  readonly entitiesMax = 0;
  readonly walls = 500_000;
  messagesDone(): number {
    return 0;
  }

  messagesRead(): number {
    return 0;
  }

  /** Ticks until a fresh resume is carried out. */
  renewTicks = 0;
  poolBytes = 0;
  stateHashLow = 0;
  stateHashHigh = 0;
  tick = 0;
  /** Records per tick, newest last. */
  readonly ticks: SeenRecord[][] = [];
  /** Bytes of commands given to `end`, per tick. */
  readonly commands: Uint8Array[] = [];
  trap = false;
  refuseJoins = false;
  packetBytesOut = 8;
  #staged = 0;
  #leaves: number[] = [];
  #rows: { slot: number; address: number }[] = [];
  #handles = 0;
  #sessions: Uint32Array;

  constructor(playersMax: number) {
    this.playersMax = playersMax;
    this.players = new Uint32Array(playersMax);
    this.epochs = new Uint32Array(playersMax).fill(1);
    this.#sessions = new Uint32Array(playersMax);
  }

  begin(length: number): number {
    if (this.trap) throw new WebAssembly.RuntimeError('unreachable');
    this.tick += 1;
    for (const one of this.#renewals) one.left -= 1;
    this.#renew();
    const seen: SeenRecord[] = [];
    for (let at = this.input; at < this.input + length; ) {
      const [kind, slot, bytes] = [
        this.view.getUint16(at, true),
        this.view.getUint16(at + 2, true),
        this.view.getUint32(at + 4, true),
      ];
      const payload = this.u8.slice(at + RecordHeader.bytes, at + RecordHeader.bytes + bytes);
      seen.push({ kind, slot, payload });
      this.#take(kind, slot, payload);
      at += RecordHeader.bytes + ((bytes + 3) & ~3);
    }
    this.ticks.push(seen);
    this.#renew();
    return 0;
  }

  end(length: number): number {
    this.commands.push(this.u8.slice(this.input, this.input + length));
    for (const slot of this.#leaves.splice(0)) {
      this.players[slot] = 0;
      this.#sessions[slot] = 0;
    }
    this.#rows = [];
    for (let slot = 0; slot < this.playersMax; slot += 1) {
      if (this.#sessions[slot] === 0) continue;
      const address = 700_000 + slot * 1200;
      this.view.setUint32(address, this.tick, true);
      this.#rows.push({ slot, address });
    }
    return this.#rows.length;
  }

  /** All of `begin` in the first stage, all of `end` in the fifth. */
  stage(number: number, length: number): number {
    if (number === 1) this.#staged = this.begin(length);
    if (number === 5) this.#staged = this.end(length);
    return this.#staged;
  }

  region(): Uint8Array {
    return this.u8;
  }

  revive(): void {}

  stat(offset: number): number {
    if (offset === RoomStats.players) return this.players.filter((handle) => handle !== 0).length;
    if (offset === RoomStats.packetsMalformed) return this.tick;
    if (offset === RoomStats.poolBytes) return this.poolBytes;
    return offset === RoomStats.epoch ? 1 : offset === RoomStats.wallsHash ? 77 : 0;
  }

  stateHash(): number {
    return 0;
  }

  packetSlot(row: number): number {
    return this.#rows[row]?.slot ?? 0;
  }

  packetBytes(): number {
    return this.packetBytesOut;
  }

  packetAddress(row: number): number {
    return this.#rows[row]?.address ?? 0;
  }

  #renewals: { slot: number; left: number }[] = [];

  #renew(): void {
    for (const { slot } of this.#renewals.filter((one) => one.left <= 0))
      this.epochs[slot] = (this.epochs[slot] as number) + 1;
    this.#renewals = this.#renewals.filter((one) => one.left > 0);
  }

  #take(kind: number, slot: number, payload: Uint8Array): void {
    if (kind === Join.kind && !this.refuseJoins) {
      if (this.players[slot] !== 0) throw new Error(`slot ${slot} is taken`);
      this.#handles += 1;
      this.players[slot] = (this.#handles << 16) | slot;
      this.#sessions[slot] = new DataView(payload.buffer).getUint32(0, true);
      this.view.setUint32(
        this.roster + slot * RosterRow.bytes + RosterRow.playerId,
        (1 << 16) | slot,
        true,
      );
    }
    if (kind === Leave.kind) this.#leaves.push(slot);
    if (kind === Resume.kind && ((payload[0] as number) & 1) !== 0)
      this.#renewals.push({ slot, left: this.renewTicks });
  }
}

export class FakeGame implements RoomGame {
  faulted = false;
  result: string | null = null;
  messagesMalformed = 0;
  closed = 0;
  failAtClose = false;
  /** Bots to let in with the next tick, by slot. */
  bots: number[] = [];
  /** Of each tick, whether its bots were asked. */
  readonly asked: boolean[] = [];
  kick: { slot: number; code: number; reason: string } | undefined;
  readonly #core: FakeCore;

  constructor(core: FakeCore) {
    this.#core = core;
  }

  create(): number {
    return 0;
  }

  records(length: number, onRemoved: OnRemoved, asksBots: boolean): number {
    this.asked.push(asksBots);
    let at = length;
    const { view, input } = this.#core;
    for (const slot of this.bots.splice(0)) {
      view.setUint16(input + at, Join.kind, true);
      view.setUint16(input + at + 2, slot, true);
      view.setUint32(input + at + 4, Join.bytes, true);
      this.#core.u8.fill(0, input + at + 8, input + at + 8 + Join.bytes);
      at += 8 + Join.bytes;
    }
    if (this.kick !== undefined) {
      const { slot, code, reason } = this.kick;
      this.kick = undefined;
      view.setUint16(input + at, Leave.kind, true);
      view.setUint16(input + at + 2, slot, true);
      view.setUint32(input + at + 4, Leave.bytes, true);
      view.setUint32(input + at + 8, code, true);
      at += 12;
      onRemoved(slot, code, reason);
    }
    return at;
  }

  /** What it waits for a player in the next tick. */
  wait: { slot: number; ms: number } | undefined;

  hooks(_eventBytes: number, onWait: OnWait): number {
    if (this.wait !== undefined) onWait(this.wait.slot, this.wait.ms);
    this.wait = undefined;
    return 0;
  }

  readonly changed = false;

  again(): void {}

  save(): Uint8Array {
    return new Uint8Array(0);
  }

  load(): void {}

  close(): void {
    this.closed += 1;
    if (this.failAtClose) throw new Error('onClose failed');
  }
}

/** The packets among a tick's records: arrival and bytes. */
export function packetsOf(
  records: readonly SeenRecord[],
): { slot: number; arrivalUs: number; bytes: number[] }[] {
  return records
    .filter((one) => one.kind === Packet.kind)
    .map(({ slot, payload }) => ({
      slot,
      arrivalUs: new DataView(payload.buffer).getUint32(0, true),
      bytes: [...payload.subarray(4)],
    }));
}
