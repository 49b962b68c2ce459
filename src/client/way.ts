/** One transport between a client and its session: the pipe that stands, and the try to get another one. */
import type { FrayError } from '../errors.ts';
import type { ClientPipe, TransportKind } from '../transport/types.ts';
import type { Attempt } from './attempt.ts';
import { rankOf } from './pipes.ts';

export class Way {
  readonly kind: TransportKind;
  readonly rank: number;
  /** The session takes packets from it. */
  pipe: ClientPipe | null = null;
  /** A pipe that is being opened, or greets. */
  next: Attempt | null = null;
  /** No try begins before this. */
  dueMs = 0;
  /** Tries that failed since the last that did not. */
  tries = 0;
  /** When a pipe that is no longer played on is closed. */
  closeMs = Number.POSITIVE_INFINITY;
  /** Why the last try failed. */
  error: FrayError | null = null;
  /** The same, or what became of its pipe, in words. */
  trouble = '';

  constructor(kind: TransportKind) {
    this.kind = kind;
    this.rank = rankOf(kind);
  }

  /** Its pipe is the session's. */
  stand(pipe: ClientPipe): void {
    if (this.pipe !== pipe) this.pipe?.close(0);
    this.pipe = pipe;
    this.next = null;
    this.tries = 0;
    this.closeMs = Number.POSITIVE_INFINITY;
    this.error = null;
    this.trouble = '';
  }

  /** Closes the pipe that stands. */
  drop(last?: Uint8Array): void {
    const { pipe } = this;
    this.pipe = null;
    pipe?.close(0, last);
  }

  /** Gives up a try before it has greeted. */
  giveUp(): void {
    if (this.next === null || this.next.handshake !== null) return;
    this.next.cancel(this.next.pipe !== null && this.next.pipe === this.pipe);
    this.next = null;
  }

  /** A try has failed. `waitMs`: until the next. */
  fail(error: FrayError, dueMs: number): void {
    this.next = null;
    this.error = error;
    this.trouble = `did not open (${error.message.replace(/^Cannot connect.*?: /, '')})`;
    this.tries += 1;
    this.dueMs = dueMs;
  }

  /** `last`: a datagram to close all with. */
  end(last?: Uint8Array): void {
    this.next?.cancel(false, last);
    this.next = null;
    this.drop(last);
  }
}

/** Why a client plays on `now`, for people: what stands in the way of the better ones. */
export function reasonFor(now: Way, ways: readonly Way[], wanted: TransportKind | null): string {
  if (wanted === now.kind || ways.length === 1) return 'as asked';
  const better = ways.filter((way) => way.rank > now.rank);
  if (better.length === 0) return `the best of ${ways.map((way) => way.kind).join(', ')}`;
  return better
    .map(({ kind, trouble, next }) => {
      if (trouble !== '') return `${kind} ${trouble}`;
      return next === null ? `${kind} is not open` : `${kind} is being opened`;
    })
    .join('; ');
}
