/**
 * Says whether a hook runs now. Each hook has a serial number; a view carries the serial of the hook that got it and is
 * refused in any other, so that work after an `await` cannot touch the room behind the tick's back.
 */
import { FrayError } from '../errors.ts';

export class HookScope {
  /** Changes when a hook starts and when it ends. */
  serial = 1;
  /** Name of the hook that runs, or '' between hooks. */
  hook = '';

  open(hook: string): void {
    this.serial += 1;
    this.hook = hook;
  }

  close(): void {
    this.serial += 1;
    this.hook = '';
  }

  /** Throws E_VIEW_STALE between hooks. */
  assertOpen(action: string): void {
    if (this.hook !== '') return;
    throw new FrayError(
      'E_VIEW_STALE',
      `Cannot ${action}: no hook runs; come back through room.defer`,
    );
  }

  /** Throws E_VIEW_STALE for a view of another hook. */
  assertFresh(serial: number): void {
    if (serial === this.serial) return;
    throw new FrayError(
      'E_VIEW_STALE',
      'Cannot use this view: its hook has ended; keep the id and ask the room for it again',
    );
  }
}
