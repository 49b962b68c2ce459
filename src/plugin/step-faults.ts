/** A game's own step that fails is told of as a hook is that throws; the room goes on, and so does the count towards its end of hooks. */
import type { RoomCore } from '../../core-wasm/bindings/room.ts';
import { RoomStats, STEP_FAULT } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import type { RuntimeHost } from './host.ts';

export class StepFaults {
  /** As the core said it last. */
  #said = 0;

  /** After each first half of a tick. A number is read and compared. */
  look(core: RoomCore, host: RuntimeHost, roomId: string): void {
    const said = core.stat(RoomStats.stepFaults);
    if (said === this.#said) return;
    this.#said = said;
    const why = STEP_FAULT_TEXTS[said >>> 24] ?? 'it failed';
    const times = said & 0xff_ffff;
    const text = `Cannot move a player by the game's own step: ${why}; it stands still (${times} so far)`;
    // The tick that runs: `core.tick` is that of the last one until its second half.
    const tick = core.tick + 1;
    host.hookFailed({ roomId, tick, hook: 'step', error: new FrayError('E_STEP', text) });
  }
}

/** What each of STEP_FAULTS means, by its number. */
export const STEP_FAULT_TEXTS: readonly (string | undefined)[] = Object.assign([], {
  [STEP_FAULT.fuel]: 'it takes more instructions than it may (fuel)',
  [STEP_FAULT.read]: 'it reads beyond its memory of 64 KiB (read)',
  [STEP_FAULT.write]:
    'it writes outside of the first 4,096 bytes, or to null (write): what lies behind them is constant',
  [STEP_FAULT.divide]: 'it divides by zero (divide)',
  [STEP_FAULT.unreachable]: 'it panics, or an assertion fails (unreachable)',
});
