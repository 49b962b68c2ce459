/** A tick of one of a worker's rooms, and what is done where it fails: a trap is recovered from, other failures are the room's end. */
import { FrayError } from '../src/errors.ts';
import type { Pulse } from './pulse.ts';
import { RoomTrap } from './room-trap.ts';
import type { ShardRoom } from './shard-room.ts';
import type { StageClock } from './stages.ts';
import type { Timing } from './timing.ts';
import { COUNTER } from './timing.ts';

export interface TickingOptions {
  readonly pulse: Pick<Pulse, 'ticks' | 'rest'> | undefined;
  readonly timing: Timing;
  readonly stages: StageClock;
  readonly nowUs: () => number;
  readonly log: (level: 'info' | 'error', room: string, text: string) => void;
  /** The room cannot go on. */
  readonly fail: (room: ShardRoom, error: unknown) => void;
  /** Its game has ended it. */
  readonly end: (room: ShardRoom) => void;
}

export class Ticking {
  readonly #options: TickingOptions;
  readonly #pulse: TickingOptions['pulse'];

  constructor(options: TickingOptions) {
    this.#options = options;
    this.#pulse = options.pulse;
  }

  /** False: the room has failed or ended, and is closed. Others do not notice. */
  tick(room: ShardRoom): boolean {
    try {
      this.#pulse?.ticks(room.row, room.core.tick + 1);
      // One that was taken over may have ended before.
      if (room.game.result === null) this.#tickOrRecover(room);
      if (room.game.result !== null) this.#options.end(room);
      else if (!room.game.faulted) return true;
      else
        this.#options.fail(
          room,
          new FrayError('E_PLUGIN_FAULT', 'Cannot go on: hooks of the game threw too often'),
        );
    } catch (error) {
      this.#options.fail(room, error);
    } finally {
      this.#pulse?.rest();
    }
    return false;
  }

  /** A room that was taken over goes on. Throws where it cannot. */
  orRecover(room: ShardRoom, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#recover(room, error);
    }
    // It may be some time until it ticks, and whoever dies meanwhile has not died in it.
    this.#pulse?.rest();
  }

  #tickOrRecover(room: ShardRoom): void {
    room.stages = this.#options.stages.due ? this.#options.stages : undefined;
    try {
      room.tick();
    } catch (error) {
      this.#recover(room, error);
    }
  }

  /** A trap: the room begins again where it was, in a fresh instance. Throws where it cannot. */
  #recover(room: ShardRoom, error: unknown): void {
    if (!(error instanceof RoomTrap)) throw error;
    const { timing, nowUs, log } = this.#options;
    const startUs = nowUs();
    timing.add(COUNTER.traps, 1);
    log('error', room.id, `the core trapped ${error.message}`);
    try {
      if (!room.recover()) throw new FrayError('E_ROOM_FAULT', error.message);
    } catch (again) {
      this.#recover(room, again);
      return;
    }
    timing.add(COUNTER.roomsRecovered, 1);
    timing.add(COUNTER.recoveryUs, nowUs() - startUs);
    log('info', room.id, 'room recovered in a fresh instance');
  }
}
