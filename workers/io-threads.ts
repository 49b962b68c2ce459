/**
 * A worker's ends of all I/O threads: mailboxes, bells, and the thread that a session's packets leave by. That is the session's own
 * (JavaScript, which has it in its table), or for a session that is carried a native one: its table of routes says so, and may say
 * something else at any tick. A packet that goes the old way meanwhile is late or lost, as packets may be.
 */
import { loadNative } from '../native/addon.ts';
import { Bell } from '../src/mailbox/bell.ts';
import { createRoutes, WorkerEnd } from '../src/mailbox/messages.ts';
import type { WorkerBoot, WorkerPost } from './boot.ts';
import { COUNTER, type Timing } from './timing.ts';

export class IoThreads {
  readonly links: readonly WorkerEnd[];
  /** See `linkFor` of src/mailbox/messages.ts. */
  readonly routes: Uint8Array;
  readonly #bells: readonly Bell[];
  /** By thread: records written when its bell was rung last. */
  readonly #rungAt: number[];

  constructor({
    links,
    bells,
    native,
  }: Pick<WorkerBoot, 'bells' | 'native'> & Pick<WorkerPost, 'links'>) {
    this.links = links.map((memory) => new WorkerEnd(memory));
    this.routes = new Uint8Array(native?.routes ?? createRoutes());
    const ring = native === undefined ? undefined : loadNative(native.module).ring;
    this.#bells = bells.map((memory, thread) => {
      const waker = native?.wakers[thread] ?? -1;
      return ring === undefined || waker < 0
        ? new Bell(memory)
        : new Bell(memory, () => ring(waker));
    });
    this.#rungAt = links.map(() => 0);
  }

  /** One wake per thread that sleeps and has been written to. */
  wake(timing: Timing): void {
    for (let io = 0; io < this.#bells.length; io += 1) {
      const { answers, outbox } = this.links[io] as WorkerEnd;
      const written = answers.written + outbox.written;
      if (written === this.#rungAt[io]) continue;
      this.#rungAt[io] = written;
      if ((this.#bells[io] as Bell).ring()) timing.add(COUNTER.wakes, 1);
    }
  }
}
