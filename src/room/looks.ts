/** Looks into rooms that wait for their worker's answer: one question per room, however many ask. */
import type { Inspection } from '../../workers/inspect.ts';

interface Look {
  readonly answer: Promise<Inspection | null>;
  readonly resolve: (found: Inspection | null) => void;
}

export class Looks {
  readonly #waitMs: number;
  readonly #open = new Map<string, Look>();

  /** `waitMs`: who has no answer by then gets null, as of a room that is not there. */
  constructor(waitMs = WAIT_MS) {
    this.#waitMs = waitMs;
  }

  /** `post` asks the worker, unless it was asked for this room and has not answered yet. */
  ask(room: string, post: () => void): Promise<Inspection | null> {
    const under = this.#open.get(room);
    if (under !== undefined) return under.answer;
    let resolve: Look['resolve'] = () => undefined;
    const answer = new Promise<Inspection | null>((done) => {
      resolve = done;
    });
    const timer = setTimeout(() => this.answer(room, null), this.#waitMs);
    this.#open.set(room, {
      answer,
      resolve: (found) => {
        clearTimeout(timer);
        resolve(found);
      },
    });
    post();
    return answer;
  }

  /** The worker has answered. */
  answer(room: string, found: Inspection | null): void {
    this.#open.get(room)?.resolve(found);
    this.#open.delete(room);
  }
}

/** ms. A worker answers within its turn, 50 ms; one that hangs is ended after watchdogMs. */
const WAIT_MS = 1000;
