/** Who had a share in a death: a listing over the handles that stand in its event. */
import type { PluginContext } from './context.ts';
import { ReusedListing } from './listing.ts';
import type { PluginRoom } from './room.ts';
import type { EntityView } from './views.ts';

export class Assists {
  readonly listing: ReusedListing<EntityView>;
  readonly #context: PluginContext;
  readonly #room: PluginRoom;
  #at = 0;

  constructor(context: PluginContext, room: PluginRoom) {
    this.#context = context;
    this.#room = room;
    this.listing = new ReusedListing<EntityView>({
      after: (cursor) => {
        for (let next = cursor + 1; next < ASSISTS_MAX; next += 1)
          if (this.#player(next) !== undefined) return next;
        return -1;
      },
      at: (cursor) => this.#player(cursor) as EntityView,
    });
  }

  /** The handles stand there from now on. */
  point(at: number): void {
    this.#at = at;
  }

  /** Undefined for none, and for who has left. */
  #player(place: number): EntityView | undefined {
    return this.#room.playerView(this.#context.core.view.getUint32(this.#at + 4 * place, true));
  }
}

/** Handles of one Death. */
const ASSISTS_MAX = 3;
