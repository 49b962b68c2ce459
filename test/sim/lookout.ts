/** Looks into rooms after each of their ticks, at what neither players nor hooks are told. */
import { InputCommand, RoomStats } from '../../protocol/gen/tables.ts';
import type { ShardRoom } from '../../workers/shard-room.ts';

/** The part of a core that is looked at. */
type SeenCore = Pick<
  ShardRoom['core'],
  'tick' | 'stat' | 'players' | 'epochs' | 'playersMax' | 'tickRateHz'
> & {
  readonly view: DataView;
  readonly spawnable: Uint32Array;
  inputAddress(slot: number): number;
};

/** What one slot did last. */
interface Hands {
  handle: number;
  epoch: number;
  aim: number;
  /** Tick of its last command of its own: each one aims elsewhere. */
  commandTick: number;
  moves: boolean;
}

interface Seen {
  tick: number;
  /** Ticks in a row without anybody. */
  empty: number;
  readonly hands: Hands[];
  /** Records refused so far, and the last tick before which there was no place for as many entities as players may come. */
  refused: number;
  fullTick: number;
  /** Packets whose fragments had no place. */
  beyond: number;
}

export class Lookout {
  readonly #trouble: (text: string) => void;
  readonly #rooms = new WeakMap<ShardRoom, Seen>();
  /** By room: ticks that people have been in, all together, and people who have come. */
  readonly #stays = new Map<string, { ticks: number; joins: number }>();

  constructor(trouble: (text: string) => void) {
    this.#trouble = trouble;
  }

  look(room: ShardRoom): void {
    const core = room.core as unknown as SeenCore;
    let seen = this.#rooms.get(room);
    if (seen === undefined) {
      const hands = Array.from({ length: core.playersMax }, () => ({ ...NOBODY }));
      const refused = core.stat(RoomStats.recordsRefused);
      const beyond = core.stat(RoomStats.packetsBeyond);
      seen = { tick: core.tick, empty: 0, hands, refused, fullTick: core.tick, beyond };
      this.#rooms.set(room, seen);
    }
    if (core.tick === seen.tick) return;
    const passed = core.tick - seen.tick;
    seen.tick = core.tick;
    seen.empty = core.stat(RoomStats.players) === 0 ? seen.empty + 1 : 0;
    // I6: what waits for somebody waits for somebody who is there.
    if (seen.empty > 1 && core.stat(RoomStats.poolBytes) > 0)
      this.#trouble(
        `I6: ${core.stat(RoomStats.poolBytes)} bytes of messages wait in an empty room`,
      );
    this.#records(room.id, core, { seen, before: core.tick - passed });
    // I4: whoever counts by what has been acknowledged to it is not beyond the window. All that plays here does.
    const beyond = core.stat(RoomStats.packetsBeyond);
    if (beyond > seen.beyond)
      this.#trouble(`I4: ${room.id} has no place for ${beyond - seen.beyond} packets`);
    seen.beyond = beyond;
    for (const [slot, hands] of seen.hands.entries())
      this.#hands(core, { slot, hands, isNext: passed === 1 });
    this.#count(room, core, passed);
  }

  /**
   * I3, I9: nothing enters a room that it has to refuse, but for who finds no place for his entity, and his leave in the next tick: indices of who has
   * gone rest until all have heard of it.
   */
  #records(id: string, core: SeenCore, { seen, before }: { seen: Seen; before: number }): void {
    const refused = core.stat(RoomStats.recordsRefused);
    if (refused !== seen.refused && before > seen.fullTick + FULL_TICKS)
      this.#trouble(`I3: ${id} refused ${refused - seen.refused} records`);
    seen.refused = refused;
    if ((core.spawnable[0] as number) < core.playersMax) seen.fullTick = core.tick;
  }

  /** I3: a move goes on for 250 ms where commands are missing, and no longer; however many were missing before. */
  #hands(core: SeenCore, at: { slot: number; hands: Hands; isNext: boolean }): void {
    const { slot, hands, isNext } = at;
    const { view, tick } = core;
    const [handle, epoch] = [core.players[slot] as number, core.epochs[slot] as number];
    const input = core.inputAddress(slot);
    const aim = view.getUint16(input + InputCommand.aim, true);
    const moves =
      view.getInt8(input + InputCommand.moveX) !== 0 ||
      view.getInt8(input + InputCommand.moveY) !== 0;
    if (!isNext || handle === 0 || handle !== hands.handle || epoch !== hands.epoch)
      Object.assign(hands, { handle, epoch, aim, commandTick: tick, moves: false });
    else if (aim !== hands.aim) Object.assign(hands, { aim, commandTick: tick, moves });
    else {
      const missing = tick - hands.commandTick;
      const bridged = Math.ceil((BRIDGED_MS * core.tickRateHz) / 1000);
      if (hands.moves && !moves && missing <= bridged)
        this.#trouble(`I3: slot ${slot} stands still after ${missing} ticks without a command`);
    }
  }

  /** I3: no more commands count than there were ticks to give one for. */
  #count({ id, people }: ShardRoom, core: SeenCore, passed: number): void {
    const stay = this.#stays.get(id) ?? { ticks: 0, joins: 0 };
    this.#stays.set(id, stay);
    stay.ticks += people * passed;
    stay.joins = Math.max(stay.joins, people);
    const accepted = core.stat(RoomStats.inputsAccepted);
    if (accepted > stay.ticks + AHEAD_TICKS * (2 + stay.joins))
      this.#trouble(`I3: ${accepted} commands count in ${stay.ticks} ticks of people in ${id}`);
  }
}

const NOBODY: Hands = { handle: 0, epoch: 0, aim: 0, commandTick: 0, moves: false };
const BRIDGED_MS = 250;
/** In which a join and the leave after it are refused. Counted from the tick that was looked at last: after a stall more than one come between two looks. */
const FULL_TICKS = 2;
/** Commands that may be in time before their ticks. */
const AHEAD_TICKS = 64;
