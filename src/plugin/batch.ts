/** Events of one kind of a tick as one batch. Its views are made once and used again. */
import { ReusedListing } from './listing.ts';

export interface BatchView {
  /** Reads from now on the event whose header stands there. */
  point(header: number): void;
  /** Its hook begins: it is good for it. */
  stamp(): void;
}

export class Batch<View extends BatchView> {
  /** What the hook gets. */
  readonly listing: ReusedListing<View>;
  readonly #make: () => View;
  readonly #views: View[] = [];
  #count = 0;

  constructor(make: () => View) {
    this.#make = make;
    this.listing = new ReusedListing<View>({
      after: (cursor) => (cursor + 1 < this.#count ? cursor + 1 : -1),
      at: (cursor) => this.#views[cursor] as View,
    });
  }

  get count(): number {
    return this.#count;
  }

  reset(): void {
    this.#count = 0;
  }

  /** Adds the event whose header stands at `header`. */
  add(header: number): void {
    let view = this.#views[this.#count];
    if (view === undefined) {
      view = this.#make();
      this.#views.push(view);
    }
    view.point(header);
    this.#count += 1;
  }

  /** The hook begins: all of it is good for it. */
  stamp(): void {
    this.listing.reset();
    for (let at = 0; at < this.#count; at += 1) (this.#views[at] as View).stamp();
  }
}
