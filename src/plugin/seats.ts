/**
 * Bots and removals as records: what hooks ask for (addBot, removeBot, kick), what the host keeps (`keepBots`), the controls of
 * bots, and those that stand in for clients that are away. All of it enters the room through the input buffer before a tick, like anything else.
 */
import {
  BotInput,
  COLUMN,
  ERROR,
  Join,
  Leave,
  NAME_BYTES_MAX,
  RecordHeader,
  Resume,
} from '../../protocol/gen/tables.ts';
import type { ErrorCode } from '../errors.ts';
import type { RawInput } from '../schema/inputs.ts';
import { encodeInput, neutralInput } from '../schema/inputs.ts';
import type { PluginContext } from './context.ts';
import { type Identity, identityOf, NOBODY } from './identity.ts';

/** A removal: the room forgets the player, the host tells its client why. */
export interface Removal {
  readonly slot: number;
  readonly playerId: number;
  readonly code: ErrorCode;
  readonly reason: string;
}

/** Told of a player whom the game takes out; its Leave is written. */
export type OnRemoved = (slot: number, code: number, reason: string) => void;

/** Controls that move a player until its client is back. */
interface StandIn {
  readonly playerId: number;
  readonly raw: RawInput;
}

interface NewBot {
  readonly name: string;
  readonly team: number;
  readonly kept: boolean;
}

/** What of it lies in no region, as text that can be kept. */
interface Saved {
  readonly bots: readonly NewBot[];
  readonly removals: readonly Removal[];
  /** Slots. */
  readonly kept: readonly number[];
  readonly standIns: readonly (readonly [number, StandIn, readonly number[]])[];
  /** Of a room that has ended. */
  readonly result?: string;
}

/** Bots that may wait for a place. */
const WAITING_MAX = 1024;
/** Bots that the host's number adds in one tick: their joins are spread. */
const KEEP_JOINS_PER_TICK = 4;
const BOT_FLAG = 1;

export class Seats {
  readonly #context: PluginContext;
  readonly #bots: NewBot[] = [];
  readonly #removals: Removal[] = [];
  /** Slots that this tick's records take or free: 1. */
  readonly #touched: Uint8Array;
  /** Slots of bots that the host keeps: 1. */
  readonly #kept: Uint8Array;
  readonly #raw = neutralInput();
  /** Of those who come with this tick, by slot. */
  readonly #identities = new Map<number, Identity>();
  /** By slot. */
  readonly #standIns = new Map<number, StandIn>();
  readonly #botsYield: boolean;
  /** What `saved` answers is another than when it was asked last. */
  changed = false;
  /** What came of the match, as JSON; null while it goes on. */
  #result: string | null = null;
  #keep = 0;
  #length = 0;

  constructor(context: PluginContext, botsYield: boolean) {
    this.#context = context;
    this.#botsYield = botsYield;
    this.#touched = new Uint8Array(context.core.playersMax);
    this.#kept = new Uint8Array(context.core.playersMax);
  }

  /** A bot joins when a place is free. False: too many wait. */
  addBot(name: string, team: number): boolean {
    if (this.#bots.length >= WAITING_MAX) return false;
    this.#bots.push({ name, team, kept: false });
    this.changed = true;
    return true;
  }

  /**
   * A player whose client is away goes on with such controls, each tick until it is back or gone. Where they name no aim or
   * pitch it keeps looking where it looks.
   */
  standIn(slot: number, controls: Readonly<Record<string, unknown>>): void {
    const { layout, overlay, core } = this.#context;
    const raw = neutralInput();
    encodeInput(layout, controls, raw);
    const index = (core.players[slot] ?? 0) & 0xffff;
    const given = (kind: 'aim' | 'pitch'): boolean =>
      layout.inputs.some((input) => input.kind === kind && controls[input.name] !== undefined);
    if (!given('aim')) raw.aim = overlay.read(COLUMN.aim, index) & 0xffff;
    if (!given('pitch')) raw.pitch = overlay.read(COLUMN.pitch, index);
    this.#standIns.set(slot, { playerId: this.#context.playerId(slot), raw });
    this.changed = true;
  }

  /** The client in a slot is back: its own controls count. */
  stepBack(slot: number): void {
    if (this.#standIns.delete(slot)) this.changed = true;
  }

  /** Who came into a slot with this tick. */
  identity(slot: number): Identity {
    return this.#identities.get(slot) ?? NOBODY;
  }

  get result(): string | null {
    return this.#result;
  }

  /** The match is over. */
  end(result: string): void {
    this.#result = result;
    this.changed = true;
  }

  /** A player or bot leaves in the next tick. */
  remove(removal: Removal): void {
    this.#removals.push(removal);
    this.changed = true;
  }

  /** The host wants so many bots; with `botsYield` people count as bots, and one place stays free for a person. */
  keepBots(count: number): void {
    this.#keep = count;
  }

  /** Slot of the bot in the highest slot (of those the host keeps, if `kept`), or -1. */
  lastBot(kept: boolean): number {
    for (let slot = this.#context.core.playersMax - 1; slot >= 0; slot -= 1) {
      if (this.#isBot(slot) && this.#touched[slot] === 0 && (!kept || this.#kept[slot] === 1))
        return slot;
    }
    return -1;
  }

  /**
   * Appends Leave and Join records behind the `length` bytes of records that stand in the input buffer; returns the new
   * length. `onRemoved` is told of each Leave that was written, but for those of kept bots.
   */
  records(length: number, onRemoved: OnRemoved): number {
    this.#length = length;
    this.#scan(length);
    for (const removal of this.#removals) {
      const { slot, playerId } = removal;
      if (this.#touched[slot] === 1 || this.#context.playerId(slot) !== playerId) continue;
      this.#leave(slot, removal.code);
      onRemoved(slot, removal.code, removal.reason);
    }
    if (this.#removals.length > 0) this.changed = true;
    this.#removals.length = 0;
    if (this.#keep > 0 || this.#kept.includes(1)) this.#keepUp();
    while (this.#bots.length > 0) {
      const [bot] = this.#bots;
      if (bot === undefined || !this.#join(bot)) break;
      this.#bots.shift();
      this.changed = true;
    }
    return this.#length;
  }

  /** The records of a tick that is played again stand in the input buffer: who comes with it. */
  again(length: number): void {
    this.#scan(length);
  }

  /** What lies in no region and has to go on with the room elsewhere. */
  saved(): string {
    this.changed = false;
    const saved: Saved = {
      bots: this.#bots,
      removals: this.#removals,
      kept: [...this.#kept.keys()].filter((slot) => this.#kept[slot] === 1),
      standIns: [...this.#standIns].map(([slot, { playerId, raw }]) => [
        slot,
        { playerId, raw },
        [...raw.aux],
      ]),
      ...(this.#result !== null && { result: this.#result }),
    };
    return JSON.stringify(saved);
  }

  /** Takes what `saved` answered in another runtime of the same room. */
  load(text: string): void {
    const { bots, removals, kept, standIns, result = null } = JSON.parse(text) as Saved;
    this.#result = result;
    this.#bots.splice(0, this.#bots.length, ...bots);
    this.#removals.splice(0, this.#removals.length, ...removals);
    this.#kept.fill(0);
    for (const slot of kept) this.#kept[slot] = 1;
    this.#standIns.clear();
    for (const [slot, { playerId, raw }, aux] of standIns)
      this.#standIns.set(slot, { playerId, raw: { ...raw, aux: Int16Array.from(aux) } });
  }

  /** Appends the controls of each bot; `ask` answers them for the bot in a slot, or null for none. */
  inputs(ask: (slot: number) => Readonly<Record<string, unknown>> | null): number {
    for (let slot = 0; slot < this.#touched.length; slot += 1) {
      if (this.#touched[slot] === 1 || !this.#isBot(slot)) continue;
      const input = ask(slot);
      if (input === null) continue;
      encodeInput(this.#context.layout, input, this.#raw);
      if (!this.#control(slot, this.#raw)) break;
    }
    return this.#length;
  }

  /** Appends the controls that stand in for clients that are away. */
  standIns(): number {
    for (const [slot, { playerId, raw }] of this.#standIns) {
      if (this.#context.playerId(slot) !== playerId) this.stepBack(slot);
      else if (this.#touched[slot] === 0) this.#control(slot, raw);
    }
    return this.#length;
  }

  /** False: the buffer is full. */
  #control(slot: number, raw: RawInput): boolean {
    const at = this.#open(BotInput, slot);
    if (at < 0) return false;
    const { view } = this.#context.core;
    view.setUint16(at + BotInput.buttons, raw.buttons, true);
    view.setUint16(at + BotInput.aim, raw.aim, true);
    view.setInt16(at + BotInput.pitch, raw.pitch, true);
    view.setInt8(at + BotInput.moveX, raw.moveX);
    view.setInt8(at + BotInput.moveY, raw.moveY);
    for (let k = 0; k < 4; k += 1) view.setInt16(at + BotInput.aux + 2 * k, raw.aux[k] ?? 0, true);
    return true;
  }

  /** The host's number: at most a few joins per tick, and leaves as people come. */
  #keepUp(): void {
    let people = 0;
    let kept = 0;
    let free = 0;
    const slots = this.#touched.length;
    for (let slot = 0; slot < slots; slot += 1) {
      if (this.#context.playerId(slot) === 0) {
        this.#keeps(slot, 0);
        if (this.#touched[slot] === 1) people += 1;
        else free += 1;
      } else if (this.#kept[slot] === 1) kept += 1;
      else if (!this.#isBot(slot)) people += 1;
    }
    const most = this.#botsYield ? Math.min(this.#keep, slots - 1) - people : this.#keep;
    const wanted = Math.max(0, most);
    for (let n = 0; n < KEEP_JOINS_PER_TICK && kept < wanted && free > 0; n += 1) {
      if (!this.#join({ name: `Bot ${kept + 1}`, team: 0, kept: true })) break;
      kept += 1;
    }
    while (kept > wanted) {
      const slot = this.lastBot(true);
      if (slot < 0) break;
      this.#leave(slot, ERROR.E_LEFT);
      kept -= 1;
    }
  }

  #join(bot: NewBot): boolean {
    const slot = this.#freeSlot();
    const at = slot < 0 ? -1 : this.#open(Join, slot);
    if (at < 0) return false;
    const { view, u8 } = this.#context.core;
    const name = this.#context.encode(bot.name).subarray(0, NAME_BYTES_MAX);
    view.setUint32(at + Join.session, 0, true);
    view.setUint16(at + Join.flags, BOT_FLAG, true);
    view.setUint8(at + Join.team, bot.team);
    view.setUint8(at + Join.nameBytes, name.length);
    u8.fill(0, at + Join.name, at + Join.name + NAME_BYTES_MAX);
    u8.set(name, at + Join.name);
    this.#touched[slot] = 1;
    this.#keeps(slot, bot.kept ? 1 : 0);
    return true;
  }

  #leave(slot: number, code: ErrorCode): void {
    const at = this.#open(Leave, slot);
    if (at < 0) return;
    this.#context.core.view.setUint16(at + Leave.code, code, true);
    this.#context.core.view.setUint16(at + Leave.reserved, 0, true);
    this.#touched[slot] = 1;
    this.#keeps(slot, 0);
  }

  #keeps(slot: number, kept: number): void {
    if (this.#kept[slot] === kept) return;
    this.#kept[slot] = kept;
    this.changed = true;
  }

  #freeSlot(): number {
    for (let slot = 0; slot < this.#touched.length; slot += 1) {
      if (this.#touched[slot] === 0 && this.#context.playerId(slot) === 0) return slot;
    }
    return -1;
  }

  #isBot(slot: number): boolean {
    return this.#context.playerId(slot) !== 0 && this.#context.isBot(slot);
  }

  /** Marks the slots of the Join and Leave records that the host has written, and who comes; whose client is back needs no stand-in. */
  #scan(length: number): void {
    this.#touched.fill(0);
    // V8 makes a new table for each clear.
    if (this.#identities.size > 0) this.#identities.clear();
    const { view, input, u8 } = this.#context.core;
    let at = 0;
    while (at + RecordHeader.bytes <= length) {
      const kind = view.getUint16(input + at + RecordHeader.kind, true);
      const slot = view.getUint16(input + at + RecordHeader.index, true);
      if ((kind === Join.kind || kind === Leave.kind) && slot < this.#touched.length)
        this.#touched[slot] = 1;
      if (kind === Resume.kind) this.stepBack(slot);
      const bytes = view.getUint32(input + at + RecordHeader.length, true);
      const payload = input + at + RecordHeader.bytes;
      if (kind === Join.kind && bytes > Join.bytes)
        this.#identities.set(slot, identityOf(u8.subarray(payload + Join.bytes, payload + bytes)));
      at += RecordHeader.bytes + ((bytes + 3) & ~3);
    }
  }

  /** Writes a header; returns the address of the payload, or -1 if the buffer is full. */
  #open(record: { readonly kind: number; readonly bytes: number }, slot: number): number {
    const { core } = this.#context;
    const whole = RecordHeader.bytes + record.bytes;
    if (this.#length + whole > core.inputBytes) return -1;
    const at = core.input + this.#length;
    core.view.setUint16(at + RecordHeader.kind, record.kind, true);
    core.view.setUint16(at + RecordHeader.index, slot, true);
    core.view.setUint32(at + RecordHeader.length, record.bytes, true);
    this.#length += whole;
    return at + RecordHeader.bytes;
  }
}
