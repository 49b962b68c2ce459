/**
 * Writes plugin commands (COMMANDS of protocol/tables.ts) into the core's input buffer. Bounded: one command too many
 * is refused with E_COMMAND_LIMIT and nothing of it is written. No garbage.
 */
import type { RoomCore } from '../../core-wasm/bindings/room.ts';
import {
  AddTimer,
  AddWalls,
  CancelTimer,
  COMMAND_BYTES_MAX,
  Damage,
  Impulse,
  Place,
  RecordHeader,
  Remove,
  ScaleHit,
  Send,
  SetField,
  SetRandom,
  SetRoomField,
  SetText,
  Spawn,
  WallBox,
} from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import type { RawWall } from '../schema/map.ts';

/** Raw values of a Place. */
export interface PlaceCommand {
  handle: number;
  x: number;
  y: number;
  z: number;
  /** -1 keeps it. */
  aim: number;
  protectTicks: number;
}

/** Raw values of a Spawn. */
export interface SpawnCommand {
  handle: number;
  kind: number;
  x: number;
  y: number;
  z: number;
  vx: number;
  vy: number;
  vz: number;
  aim: number;
  owner: number;
  lifeTicks: number;
}

export class CommandWriter {
  /** Bytes written in this tick. */
  length = 0;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  #limit: number;

  constructor(core: RoomCore) {
    this.#view = core.view;
    this.#bytes = core.u8;
    this.#start = core.input;
    this.#limit = (Math.min(core.inputBytes, COMMAND_BYTES_MAX) - RANDOM_RESERVE) | 0;
  }

  reset(): void {
    this.length = 0;
  }

  setField(handle: number, column: number, value: number): void {
    const at = this.#open(SetField.kind, SetField.bytes, 0);
    this.#view.setUint32(at + SetField.handle, handle, true);
    this.#view.setUint32(at + SetField.column, column, true);
    this.#view.setInt32(at + SetField.value, value, true);
  }

  setRoomField(field: number, value: number): void {
    const at = this.#open(SetRoomField.kind, SetRoomField.bytes, 0);
    this.#view.setUint32(at + SetRoomField.field, field, true);
    this.#view.setInt32(at + SetRoomField.value, value, true);
  }

  setText(handle: number, field: number, utf8: Uint8Array): void {
    const at = this.#open(SetText.kind, SetText.bytes + utf8.length, 0);
    this.#view.setUint32(at + SetText.handle, handle, true);
    this.#view.setUint32(at + SetText.field, field, true);
    this.#bytes.set(utf8, at + SetText.bytes);
  }

  place(command: Readonly<PlaceCommand>): void {
    const at = this.#open(Place.kind, Place.bytes, 0);
    this.#view.setUint32(at + Place.handle, command.handle, true);
    this.#view.setInt32(at + Place.x, command.x, true);
    this.#view.setInt32(at + Place.y, command.y, true);
    this.#view.setInt32(at + Place.z, command.z, true);
    this.#view.setInt32(at + Place.aim, command.aim, true);
    this.#view.setUint32(at + Place.protectTicks, command.protectTicks, true);
  }

  spawn(command: Readonly<SpawnCommand>): void {
    const at = this.#open(Spawn.kind, Spawn.bytes, 0);
    this.#view.setUint32(at + Spawn.handle, command.handle, true);
    this.#view.setUint32(at + Spawn.kindAt, command.kind, true);
    this.#view.setInt32(at + Spawn.x, command.x, true);
    this.#view.setInt32(at + Spawn.y, command.y, true);
    this.#view.setInt32(at + Spawn.z, command.z, true);
    this.#view.setInt32(at + Spawn.vx, command.vx, true);
    this.#view.setInt32(at + Spawn.vy, command.vy, true);
    this.#view.setInt32(at + Spawn.vz, command.vz, true);
    this.#view.setUint32(at + Spawn.aim, command.aim, true);
    this.#view.setUint32(at + Spawn.owner, command.owner, true);
    this.#view.setUint32(at + Spawn.lifeTicks, command.lifeTicks, true);
  }

  remove(handle: number): void {
    this.#view.setUint32(this.#open(Remove.kind, Remove.bytes, 0) + Remove.handle, handle, true);
  }

  damage(handle: number, attacker: number, amount: number): void {
    const at = this.#open(Damage.kind, Damage.bytes, 0);
    this.#view.setUint32(at + Damage.handle, handle, true);
    this.#view.setUint32(at + Damage.attacker, attacker, true);
    this.#view.setInt32(at + Damage.amount, amount, true);
  }

  impulse(
    handle: number,
    velocity: { readonly vx: number; readonly vy: number; readonly vz: number },
  ): void {
    const at = this.#open(Impulse.kind, Impulse.bytes, 0);
    this.#view.setUint32(at + Impulse.handle, handle, true);
    this.#view.setInt32(at + Impulse.vx, velocity.vx, true);
    this.#view.setInt32(at + Impulse.vy, velocity.vy, true);
    this.#view.setInt32(at + Impulse.vz, velocity.vz, true);
  }

  scaleHit(hit: number, permille: number): void {
    const at = this.#open(ScaleHit.kind, ScaleHit.bytes, 0);
    this.#view.setUint32(at + ScaleHit.hit, hit, true);
    this.#view.setUint32(at + ScaleHit.permille, permille, true);
  }

  addTimer(
    id: number,
    due: number,
    declared: { readonly timer: number; readonly args: Int32Array },
  ): void {
    const at = this.#open(AddTimer.kind, AddTimer.bytes, 0);
    this.#view.setUint32(at + AddTimer.id, id, true);
    this.#view.setUint32(at + AddTimer.due, due, true);
    this.#view.setUint32(at + AddTimer.timer, declared.timer, true);
    for (let arg = 0; arg < 4; arg += 1) {
      this.#view.setInt32(at + AddTimer.args + 4 * arg, declared.args[arg] ?? 0, true);
    }
  }

  cancelTimer(id: number): void {
    this.#view.setUint32(
      this.#open(CancelTimer.kind, CancelTimer.bytes, 0) + CancelTimer.id,
      id,
      true,
    );
  }

  /** `slot` 0xffff is everyone but `except`. */
  send(slot: number, except: number, message: Uint8Array): void {
    const at = this.#open(Send.kind, Send.bytes + message.length, slot);
    this.#view.setUint32(at + Send.except, except, true);
    this.#bytes.set(message, at + Send.bytes);
  }

  addWalls(walls: readonly RawWall[]): void {
    let at = this.#open(AddWalls.kind, AddWalls.bytes + walls.length * WallBox.bytes, 0);
    for (const wall of walls) {
      this.#view.setInt32(at + WallBox.x, wall.x, true);
      this.#view.setInt32(at + WallBox.y, wall.y, true);
      this.#view.setInt32(at + WallBox.z, wall.z, true);
      this.#view.setInt32(at + WallBox.halfX, wall.halfX, true);
      this.#view.setInt32(at + WallBox.halfY, wall.halfY, true);
      this.#view.setInt32(at + WallBox.height, wall.height, true);
      at += WallBox.bytes;
    }
  }

  /** The last command of a tick; room for it is always kept. */
  setRandom(state: {
    readonly s0: number;
    readonly s1: number;
    readonly s2: number;
    readonly s3: number;
  }): void {
    this.#limit += RANDOM_RESERVE;
    const at = this.#open(SetRandom.kind, SetRandom.bytes, 0);
    this.#limit -= RANDOM_RESERVE;
    this.#view.setInt32(at + SetRandom.state, state.s0, true);
    this.#view.setInt32(at + SetRandom.state + 4, state.s1, true);
    this.#view.setInt32(at + SetRandom.state + 8, state.s2, true);
    this.#view.setInt32(at + SetRandom.state + 12, state.s3, true);
  }

  /** Writes a header and returns the address of the payload, which is zeroed up to the next multiple of 4. */
  #open(kind: number, payload: number, index: number): number {
    const whole = RecordHeader.bytes + ((payload + 3) & ~3);
    if (this.length + whole > this.#limit) {
      throw new FrayError(
        'E_COMMAND_LIMIT',
        `Cannot command more in this tick: ${this.length} bytes of commands are written, the limit is ${this.#limit}`,
      );
    }
    const at = (this.#start + this.length) | 0;
    this.#view.setUint16(at + RecordHeader.kind, kind, true);
    this.#view.setUint16(at + RecordHeader.index, index, true);
    this.#view.setUint32(at + RecordHeader.length, payload, true);
    // Padding is zero, so that equal commands are equal bytes.
    if ((payload & 3) !== 0) this.#view.setUint32(at + whole - 4, 0, true);
    this.length = (this.length + whole) | 0;
    return at + RecordHeader.bytes;
  }
}

const RANDOM_RESERVE = RecordHeader.bytes + SetRandom.bytes;
