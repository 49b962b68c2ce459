/** W1 as an author would write it: a place for who comes, and new health for a few players in each tick. Positions move by inputs. */
import type { Game } from '../src/plugin/game.ts';
import { defineGame } from '../src/plugin/index.ts';
import type { RoomOf } from '../src/plugin/types.ts';
import type { PlayerId } from '../src/schema/fields.ts';
import type { W1Size } from './w1.ts';
import { w1Schema } from './w1.ts';

/** What the hooks do; the bench fills it in before each tick. */
export interface W1Script {
  /** By slot, metres. */
  readonly places: readonly { readonly x: number; readonly y: number }[];
  /** Called by onTick: slot and new health, pair after pair, `count` pairs. Without it there is no such hook. */
  readonly next?: () => HealthChanges;
}

export interface HealthChanges {
  readonly pairs: Uint16Array;
  readonly count: number;
}

type W1Room = RoomOf<ReturnType<typeof w1Schema>>;

export function w1Game(size: W1Size, script: W1Script, turn?: number): Game {
  const playerIds: PlayerId[] = [];
  const { next } = script;
  return defineGame(w1Schema(size, turn), {
    options: { playersMax: size.players, entitiesMax: size.players, emptyCloseMs: 30_000 },
    onJoin(room, player) {
      const slot = player.slot;
      playerIds[slot] = player.id;
      room.place(player, script.places[slot] ?? { x: 0, y: 0 });
    },
    ...(next !== undefined && {
      onTick(room: W1Room) {
        const { pairs, count } = next();
        for (let at = 0; at < 2 * count; at += 2) {
          const player = room.player(playerIds[pairs[at] as number] as PlayerId);
          if (player !== undefined) player.health = pairs[at + 1] as number;
        }
      },
    }),
  }) as Game;
}
