/** The room as a bot sees it: the entities of its interest set, the fields that clients get, nothing to write. */
import { COLUMN, FLAG, KIND } from '../../protocol/gen/tables.ts';
import type { PluginContext } from './context.ts';
import { ReusedListing } from './listing.ts';
import type { RoomMap } from './map.ts';
import { roomState } from './state.ts';
import { unknownName } from './unknown-name.ts';
import type { EntityView } from './views.ts';
import { ViewPool } from './views.ts';

export class BotRoom {
  readonly id: string;
  readonly tickRateHz: number;
  readonly state: object;
  readonly players: ReusedListing<EntityView>;
  readonly #context: PluginContext;
  readonly #own: ViewPool;
  readonly #seen: ViewPool;
  readonly #kinds = new Map<string, ReusedListing<EntityView>>();
  #slot = 0;
  #index = 0;

  constructor(context: PluginContext, id: string) {
    this.#context = context;
    this.id = id;
    this.tickRateHz = context.layout.tickRateHz;
    this.state = roomState(context, 'seen');
    this.#own = new ViewPool(context, 'own');
    this.#seen = new ViewPool(context, 'seen');
    this.players = this.#listing(KIND.player);
    for (const kind of context.layout.kinds) {
      if (kind.number >= KIND.first) this.#kinds.set(kind.name, this.#listing(kind.number));
    }
  }

  /** The tick that the controls are for. */
  get tick(): number {
    return this.#context.tick;
  }

  get map(): RoomMap {
    return this.#context.map;
  }

  entities(kind: string): ReusedListing<EntityView> {
    const listing = this.#kinds.get(kind);
    if (listing !== undefined) return listing;
    throw unknownName(`list '${kind}'`, 'kinds', this.#kinds.keys());
  }

  randomInt(n: number): number {
    this.#context.scope.assertOpen('draw a random integer');
    return this.#context.random.below(n);
  }

  /** Sees through the eyes of the bot in a slot; answers its own view. */
  look(slot: number): EntityView | undefined {
    const handle = this.#context.core.players[slot] ?? 0;
    this.#slot = slot;
    this.#index = handle & 0xffff;
    this.players.reset();
    for (const listing of this.#kinds.values()) listing.reset();
    return handle === 0 ? undefined : this.#own.byHandle(handle);
  }

  #listing(kind: number): ReusedListing<EntityView> {
    return new ReusedListing<EntityView>({
      after: (cursor) => this.#next(kind, cursor),
      at: (cursor) => this.#seen.byIndex(cursor) as EntityView,
    });
  }

  /** Next index after `cursor` that is of the kind, in sight and alive. */
  #next(kind: number, cursor: number): number {
    const { core, overlay, scope } = this.#context;
    scope.assertOpen('look around');
    const words = this.#slot * core.setWords;
    for (let index = cursor + 1; index < core.entitiesMax; index += 1) {
      const word = core.visible[words + (index >> 5)] ?? 0;
      if (word === 0) {
        index |= 31;
        continue;
      }
      if (((word >>> (index & 31)) & 1) === 0 || index === this.#index) continue;
      if (overlay.read(COLUMN.kind, index) !== kind) continue;
      if ((overlay.read(COLUMN.flags, index) & FLAG.alive) !== 0) return index;
    }
    return -1;
  }
}
