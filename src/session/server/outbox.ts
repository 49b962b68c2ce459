/**
 * What there is to hand out, first in, first out. A speaker (a pipe or a session) has bits for it, and each bit stands at most
 * once in the queue, so the memory is bounded by construction and nothing that has to be said can be lost. What is
 * taken back meanwhile is skipped when its turn comes.
 */
import type { SessionOutput } from './output.ts';

/** What a speaker may have to say. */
export const ACTION = {
  accept: 1,
  joined: 2,
  goodbye: 4,
  close: 8,
  auth: 16,
  cancel: 32,
  join: 64,
  drop: 128,
  resume: 256,
  tell: 512,
  left: 1024,
  keep: 2048,
} as const;

/** What a session's actions are handed out as. */
export const KINDS: { readonly [action: number]: SessionOutput['kind'] } = {
  [ACTION.auth]: 'auth',
  [ACTION.cancel]: 'cancel',
  [ACTION.join]: 'join',
  [ACTION.drop]: 'drop',
  [ACTION.resume]: 'resume',
  [ACTION.tell]: 'tell',
  [ACTION.left]: 'left',
  [ACTION.keep]: 'keep',
};

export class Speaker {
  /** What is to be handed out, bits of ACTION. */
  actions = 0;
  /** What stands in the queue, taken back or not. As long as it is not 0 nobody else may have this place. */
  queued = 0;
}

export class Outbox<T extends Speaker> {
  #waiting: { readonly speaker: T; readonly action: number }[] = [];
  #head = 0;

  get length(): number {
    return this.#waiting.length - this.#head;
  }

  /** One action of ACTION. A repeat before it was handed out changes nothing. */
  act(speaker: T, action: number): void {
    speaker.actions |= action;
    if ((speaker.queued & action) !== 0) return;
    speaker.queued |= action;
    this.#waiting.push({ speaker, action });
  }

  /** The next one, out of the queue; its bit is still set unless it was taken back. */
  take(): { readonly speaker: T; readonly action: number } | undefined {
    const entry = this.#waiting[this.#head];
    if (entry === undefined) return undefined;
    entry.speaker.queued &= ~entry.action;
    this.#head += 1;
    if (this.#head === this.#waiting.length || this.#head >= COMPACT) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }
}

/** The part of the queue that is done is cut off at this length. */
const COMPACT = 1024;
