/**
 * Waking a thread that sleeps, once, and only when it sleeps. A bell belongs to the consumer of mailboxes: every
 * producer that wrote something rings it, and the consumer says beforehand that it is about to sleep.
 *
 * Two words: `sleeping` (1: the consumer sleeps or is about to) and `wakes` (count, also the word that is waited on).
 *
 * Why no wake is lost: the consumer stores sleeping = 1, then looks at its rings once more; a producer publishes its
 * record, then exchanges `sleeping` with 0. All four are sequentially consistent Atomics, so in their one total order
 * either the publication comes before the consumer's look (it sees the record and does not sleep), or the consumer's
 * store comes before the producer's exchange (which reads 1 and wakes). Never neither. And because only the one who
 * exchanges 1 for 0 wakes, a sleeper is woken once, however many producers write, and never while it is awake.
 *
 * How a thread is woken is the consumer's own affair, so `Bell` takes a function. For JavaScript both a blocked worker
 * (Atomics.wait) and an event loop (Atomics.waitAsync) wait on the word `wakes`, and the function is Atomics.notify.
 * Measured on Node 20, sleeping 4 ms between wakes, p50 of 4 interleaved rounds: waitAsync 77-81 us, 24-27 us for the
 * producer; a MessagePort 84-103 us and 31-37 us. So waitAsync it is. A native I/O thread would write to an eventfd.
 */

/** Memory of a bell. */
export function createBell(): SharedArrayBuffer {
  return new SharedArrayBuffer(BELL_BYTES);
}

export class Bell {
  readonly #words: Int32Array;
  readonly #wake: (words: Int32Array, word: number) => void;

  /** `wake`: how the consumer wants to be woken; it gets the words and the one that has just been counted up. */
  constructor(buffer: SharedArrayBuffer, wake: (words: Int32Array, word: number) => void = notify) {
    this.#words = new Int32Array(buffer);
    this.#wake = wake;
  }

  /** Times a sleeping consumer was woken, wrapping at 2^32. */
  get wakes(): number {
    return Atomics.load(this.#words, WORD.wakes) >>> 0;
  }

  /** Producer: wakes the consumer if it sleeps. True if it did. Call it once per batch, after the last write. */
  ring(): boolean {
    if (Atomics.load(this.#words, WORD.sleeping) === 0) return false;
    if (Atomics.exchange(this.#words, WORD.sleeping, 0) === 0) return false;
    Atomics.add(this.#words, WORD.wakes, 1);
    this.#wake(this.#words, WORD.wakes);
    return true;
  }

  /** Consumer: says that it will sleep. Look at the rings once more after it, and `awake()` if there is something. */
  sleeping(): void {
    Atomics.store(this.#words, WORD.sleeping, 1);
  }

  /** Consumer: does not sleep (any more); no ring wakes it from here on. */
  awake(): void {
    Atomics.store(this.#words, WORD.sleeping, 0);
  }

  /** Consumer: blocks until rung or `timeoutMs` have passed (a fraction counts). Not on a thread with an event loop to serve. */
  wait(timeoutMs: number): void {
    const seen = Atomics.load(this.#words, WORD.wakes);
    if (Atomics.load(this.#words, WORD.sleeping) === 0) return;
    Atomics.wait(this.#words, WORD.wakes, seen, timeoutMs);
    this.awake();
  }

  /** Blocks for `timeoutMs` whatever rings: the sleep until a moment. */
  pause(timeoutMs: number): void {
    Atomics.wait(this.#words, WORD.never, 0, timeoutMs);
  }

  /** Consumer with an event loop: a promise of the next ring, or undefined if it has rung since `sleeping()`. */
  waitAsync(): Promise<unknown> | undefined {
    const seen = Atomics.load(this.#words, WORD.wakes);
    if (Atomics.load(this.#words, WORD.sleeping) === 0) return undefined;
    const result = (Atomics as unknown as WaitAsync).waitAsync(this.#words, WORD.wakes, seen);
    return result.async ? result.value : undefined;
  }
}

function notify(words: Int32Array, word: number): void {
  Atomics.notify(words, word);
}

/** ES2024; Node has it since 16, TypeScript's ES2023 library does not. */
interface WaitAsync {
  waitAsync(
    words: Int32Array,
    word: number,
    value: number,
  ): { async: true; value: Promise<string> } | { async: false; value: string };
}

/** `never` is a word that nobody changes. */
const WORD = { sleeping: 0, wakes: 16, never: 32 } as const;
/** Three cache lines. */
const BELL_BYTES = 192;
