/**
 * Cores that a spare makes while nobody needs them. Half of what a room costs that is taken over is memory that nobody has touched yet:
 * the machine hands it out a page at a time, 400 for a room of 50. A core of the stock has all of it, and only its region is put in.
 */
import type { RoomCore } from '../core-wasm/bindings/room.ts';

export class Stock {
  /** Cores that were taken out. */
  taken = 0;
  readonly #make: () => RoomCore;
  readonly #cores: RoomCore[] = [];
  #wanted = 0;
  #filling = false;

  constructor(make: () => RoomCore) {
    this.#make = make;
  }

  /** Cores that are ready. */
  get count(): number {
    return this.#cores.length;
  }

  /** From now on so many are ready, as far as STOCK_BYTES_MAX goes. Makes one at each turn of the event loop: a post may come in between. */
  want(rooms: number): void {
    this.#wanted = rooms;
    this.#cores.length = Math.min(this.#cores.length, rooms);
    if (this.#filling) return;
    this.#filling = true;
    setImmediate(this.#fill);
  }

  /** One in which a room has to be restored before anything else; undefined: none is left. */
  take(): RoomCore | undefined {
    const core = this.#cores.pop();
    if (core === undefined) return undefined;
    this.#wanted -= 1;
    this.taken += 1;
    return core;
  }

  /** Nobody needs them any more. */
  clear(): void {
    this.want(0);
  }

  readonly #fill = (): void => {
    const bytes = this.#cores[0]?.u8.length ?? 0;
    this.#filling =
      this.#cores.length < this.#wanted && (this.#cores.length + 1) * bytes <= STOCK_BYTES_MAX;
    if (!this.#filling) return;
    this.#cores.push(this.#make());
    setImmediate(this.#fill);
  };
}

/** Bytes of a spare for its stock: 68 rooms of the arena, 2 MB each. */
export const STOCK_BYTES_MAX = 1 << 27;
