/** What the parts of one room's plugin runtime share. */
import type { RoomCore } from '../../core-wasm/bindings/room.ts';
import { RosterRow } from '../../protocol/gen/tables.ts';
import type { PlayerId } from '../schema/fields.ts';
import { decodeInput } from '../schema/inputs.ts';
import type { SchemaLayout } from '../schema/layout.ts';
import { CommandWriter } from './commands.ts';
import { RoomMap } from './map.ts';
import { Overlay } from './overlay.ts';
import { PluginRandom } from './random.ts';
import { HookScope } from './scope.ts';

export class PluginContext {
  readonly core: RoomCore;
  readonly layout: SchemaLayout;
  readonly scope = new HookScope();
  readonly overlay: Overlay;
  readonly commands: CommandWriter;
  readonly random: PluginRandom;
  readonly map: RoomMap;
  /** The tick that the hooks belong to. */
  tick = 0;
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  /** The command that is read, one object for all. */
  readonly #command: { readonly view: DataView; at: number };

  constructor(core: RoomCore, layout: SchemaLayout) {
    this.core = core;
    this.#command = { view: core.view, at: 0 };
    this.layout = layout;
    this.overlay = new Overlay(core);
    this.commands = new CommandWriter(core);
    this.random = new PluginRandom(core.random);
    this.map = new RoomMap(this);
  }

  /** From here on it is that tick, and nothing has been written in it. */
  turnTo(tick: number): void {
    this.tick = tick;
    this.overlay.forget();
  }

  /** Id of the player in a slot, 0 if it is free. */
  playerId(slot: number): PlayerId {
    return this.core.view.getUint32(this.#rosterRow(slot) + RosterRow.playerId, true) as PlayerId;
  }

  isBot(slot: number): boolean {
    return (this.core.u8[this.#rosterRow(slot) + RosterRow.flags] ?? 0) % 2 === 1;
  }

  playerName(slot: number): string {
    const row = this.#rosterRow(slot);
    return this.#decode(row + RosterRow.name, this.core.u8[row + RosterRow.nameBytes] ?? 0);
  }

  /** Controls of the player in a slot as `apply` took them for this tick; overwrites `into`. */
  readInput(slot: number, into: Record<string, unknown>): void {
    this.#command.at = this.core.inputAddress(slot);
    decodeInput(this.layout, this.#command, into);
  }

  /** A text of the region: a length byte, then UTF-8. */
  text(address: number): string {
    return this.#decode(address + 1, this.core.u8[address] ?? 0);
  }

  encode(text: string): Uint8Array {
    return this.#encoder.encode(text);
  }

  #decode(address: number, bytes: number): string {
    return bytes === 0 ? '' : this.#decoder.decode(this.core.u8.subarray(address, address + bytes));
  }

  #rosterRow(slot: number): number {
    return this.core.roster + slot * this.core.rosterRowBytes;
  }
}
