/** Time that passes when a test says so: timers of links and rooms, and what wakes clients. */
import type { Pacer } from '../../src/client/pacer.ts';
import type { LinkClock } from '../../src/transport/lossy.ts';

/** Simulated time: timers of links and rooms, in order. */
export class SimTime implements LinkClock {
  #nowMs = 1000;
  readonly #timers: { dueMs: number; order: number; fn: () => void }[] = [];
  #order = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fn: () => void): () => void {
    this.#order += 1;
    const timer = { dueMs: this.#nowMs + delayMs, order: this.#order, fn };
    this.#timers.push(timer);
    this.#timers.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  /** Runs what is due until `untilMs`, and stands there. */
  run(untilMs: number): void {
    for (let first = this.#timers[0]; first && first.dueMs <= untilMs; first = this.#timers[0]) {
      this.#timers.shift();
      this.#nowMs = Math.max(this.#nowMs, first.dueMs);
      first.fn();
    }
    this.#nowMs = untilMs;
  }
}

/** Wakes every client each millisecond of simulated time. */
export class SimPacer implements Pacer {
  readonly #wakes = new Set<() => number>();
  asleep = false;

  add(wake: () => number): void {
    this.#wakes.add(wake);
  }

  remove(wake: () => number): void {
    this.#wakes.delete(wake);
  }

  wake(): void {
    if (!this.asleep) for (const wake of this.#wakes) wake();
  }
}
