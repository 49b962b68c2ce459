/** When clients send: each once per interval, at a moment of its own; the moments are spread evenly, in an order that the seed shuffles. */

export class Pace<T> {
  readonly #intervalMs: number;
  readonly #send: (one: T) => void;
  readonly #seed: number;
  /** Of 0.1 ms. */
  readonly #lateness = new Uint32Array(LATE_BUCKETS);
  #order: readonly T[] = [];
  #next = 0;
  #dueMs = 0;
  #timer: NodeJS.Immediate | undefined;

  constructor(intervalMs: number, seed: number, send: (one: T) => void) {
    this.#intervalMs = intervalMs;
    this.#seed = seed;
    this.#send = send;
  }

  /** From now on these send. */
  set(clients: readonly T[]): void {
    clearImmediate(this.#timer);
    this.#order = shuffled(clients, this.#seed);
    this.#next = 0;
    this.#dueMs = performance.now();
    if (clients.length > 0) this.#timer = setImmediate(this.#turn);
  }

  begin(): void {
    this.#lateness.fill(0);
  }

  /** ms: 99th percentile of how late datagrams went out since `begin`. */
  get lateMsP99(): number {
    let left = this.#lateness.reduce((sum, count) => sum + count, 0) * 0.99;
    for (const [bucket, count] of this.#lateness.entries()) {
      left -= count;
      if (left <= 0) return bucket / 10;
    }
    return LATE_BUCKETS / 10;
  }

  /** Sends what is due. Called by whoever has the processor: a burst of snapshots does not make those late who are due in the midst of it. */
  poll(nowMs: number): void {
    if (this.#order.length === 0) return;
    const stepMs = this.#intervalMs / this.#order.length;
    for (let now = nowMs; this.#dueMs <= now; this.#dueMs += stepMs) {
      const bucket = Math.min(LATE_BUCKETS - 1, Math.floor((now - this.#dueMs) * 10));
      this.#lateness[bucket] = (this.#lateness[bucket] ?? 0) + 1;
      this.#send(this.#order[this.#next] as T);
      this.#next = (this.#next + 1) % this.#order.length;
      now = performance.now();
    }
  }

  /** Node's timers are a millisecond coarse or two. So the thread sleeps itself, half of one or so, and sees to its sockets in between. */
  readonly #turn = (): void => {
    this.poll(performance.now());
    const leftMs = Math.min(SLEEP_MS_MAX, this.#dueMs - performance.now());
    if (leftMs > SLEEP_MS_MIN) Atomics.wait(NEVER, 0, 0, leftMs);
    this.#timer = setImmediate(this.#turn);
  };
}

export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const all = [...items];
  let state = seed >>> 0;
  for (let i = all.length - 1; i > 0; i -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (i + 1);
    [all[i], all[other]] = [all[other] as T, all[i] as T];
  }
  return all;
}

const NEVER = new Int32Array(new SharedArrayBuffer(4));
const SLEEP_MS_MAX = 0.6;
const SLEEP_MS_MIN = 0.02;
const LATE_BUCKETS = 1000;
