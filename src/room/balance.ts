/**
 * Where workers are uneven, a room goes from the busiest to the least busy one: how busy each is, is measured; how much of it a room
 * causes, is judged by who is in it. One room at a time, and only where it makes the busiest of the two less busy.
 */

/** A worker as it was between two looks. */
export interface WorkerLoad {
  readonly index: number;
  /** Part of the time that its rooms took, 0..1. */
  readonly busy: number;
  readonly rooms: readonly RoomLoad[];
}

export interface RoomLoad {
  readonly id: string;
  /** People and bots, and something for the room itself. */
  readonly weight: number;
  /** It has been where it is for a while, and can go. */
  readonly mayGo: boolean;
}

/** The room that should go, and where to; null where all is well. `margin` 0..1: by so much more busy than another. */
export function uneven(
  workers: readonly WorkerLoad[],
  margin: number,
): { readonly id: string; readonly to: number } | null {
  let most: WorkerLoad | undefined;
  let least: WorkerLoad | undefined;
  for (const worker of workers) {
    if (most === undefined || worker.busy > most.busy) most = worker;
    if (least === undefined || worker.busy < least.busy) least = worker;
  }
  if (most === undefined || least === undefined) return null;
  const gap = most.busy - least.busy;
  if (gap <= margin || most.busy < BUSY_MIN) return null;
  const whole = most.rooms.reduce((sum, { weight }) => sum + weight, 0);
  let best: RoomLoad | undefined;
  for (const room of most.rooms) {
    // The largest that does not make the other one the busier of the two.
    const share = (room.weight / whole) * most.busy;
    if (room.mayGo && share <= gap / 2 && (best === undefined || room.weight > best.weight))
      best = room;
  }
  return best === undefined ? null : { id: best.id, to: least.index };
}

export interface BalanceOptions {
  /** 0..1. */
  readonly margin: number;
  /** As of now: time that its rooms have taken so far, us, and its rooms. */
  readonly workers: () => readonly {
    readonly index: number;
    readonly busyUs: number;
    readonly rooms: readonly Omit<RoomLoad, 'mayGo'>[];
  }[];
  readonly move: (id: string, to: number) => void;
  readonly nowUs: () => number;
}

/** Looks, every few seconds. */
export class Balance {
  readonly #options: BalanceOptions;
  readonly #busyUs = new Map<number, number>();
  /** When a room was sent away last, us. */
  readonly #movedUs = new Map<string, number>();
  #lookedUs = -1;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BalanceOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.margin > 0) this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    const { margin, move, nowUs: clock } = this.#options;
    const nowUs = clock();
    const passedUs = nowUs - this.#lookedUs;
    const isFirst = this.#lookedUs < 0;
    this.#lookedUs = nowUs;
    const loads = this.#options.workers().map(({ index, busyUs, rooms }) => {
      const sinceUs = busyUs - (this.#busyUs.get(index) ?? 0);
      this.#busyUs.set(index, busyUs);
      const mayGo = ({ id }: { id: string }): boolean =>
        nowUs - (this.#movedUs.get(id) ?? Number.NEGATIVE_INFINITY) >= STAY_US;
      return {
        index,
        busy: Math.max(0, sinceUs) / passedUs,
        rooms: rooms.map((room) => ({ ...room, mayGo: mayGo(room) })),
      };
    });
    for (const [id, us] of this.#movedUs) if (nowUs - us >= STAY_US) this.#movedUs.delete(id);
    const wish = isFirst ? null : uneven(loads, margin);
    if (wish === null) return;
    this.#movedUs.set(wish.id, nowUs);
    move(wish.id, wish.to);
  }
}

/** A worker that is less busy than this has time enough for all of its rooms. */
const BUSY_MIN = 0.5;
/** ms. */
const LOOK_MS = 5000;
/** us. A room that was moved stays for a minute. */
const STAY_US = 60_000_000;
