/**
 * The arena with its own hooks, played once by client cores that run, aim at whom they see, fire and dash; what they sent is kept, so
 * that the same play can be run again without them. Not a workload of the sheet: it tells what an author's hooks add.
 */
import { ClientCore } from '../core-wasm/bindings/client.ts';
import arena from '../games/arena/server.ts';
import { BUTTON, COLUMN, InputCommand, RoomStats } from '../protocol/gen/tables.ts';
import type { Game } from '../src/plugin/game.ts';
import { PacketLog } from './packet-log.ts';
import { EPOCH, ShardHost } from './shard-host.ts';
import { random } from './w1.ts';

export const ARENA_PLAYERS = 50;
export const ARENA_ENTITIES = 256;
export const arenaGame = arena as unknown as Game;

export interface ArenaPlay {
  readonly seed: number;
  readonly inputs: PacketLog;
  /** What happened in it. */
  readonly inputsAccepted: number;
  readonly hits: number;
  readonly deaths: number;
}

/** Everybody is in after the first tick. */
export function recordArena(
  module: WebAssembly.Module,
  options: { readonly seed: number; readonly ticks: number },
): ArenaPlay {
  const { seed, ticks } = options;
  const host = arenaHost(module, seed);
  const inputs = new PacketLog();
  const chance = random(seed);
  const pilots: Pilot[] = [];
  for (let tick = 0; tick < ticks; tick += 1) {
    for (const pilot of pilots) {
      const packet = pilot.packet(chance);
      if (packet !== undefined) inputs.add(pilot.session, Math.floor(host.nowUs) >>> 0, packet);
    }
    inputs.endTick();
    inputs.write(tick, host.io.inbox);
    host.turn();
    for (const { session, handle, playerId, tick: at } of host.answers()) {
      const client = ClientCore.create(module, configOf());
      client.join({ playerId, handle, epoch: EPOCH, tick: at, verify: false });
      pilots[session - 1] = new Pilot(client, { session, handle, tick: at });
    }
    const { outbox } = host.io;
    while (outbox.next()) {
      const bytes = outbox.bytes.slice(outbox.offset, outbox.offset + outbox.length);
      pilots[outbox.id - 1]?.take(bytes);
    }
    outbox.release();
  }
  host.assertQuiet();
  const core = host.core(0);
  return {
    seed,
    inputs,
    inputsAccepted: core.stat(RoomStats.inputsAccepted),
    hits: core.stat(RoomStats.hits),
    deaths: core.stat(RoomStats.deaths),
  };
}

/** A shard with one arena that everybody is about to join. */
export function arenaHost(module: WebAssembly.Module, seed: number): ShardHost {
  const host = new ShardHost(module, arenaGame, {
    playersMax: ARENA_PLAYERS,
    entitiesMax: ARENA_ENTITIES,
  });
  host.open(0, { seed });
  host.turn();
  for (let session = 1; session <= ARENA_PLAYERS; session += 1) host.join(session, 0);
  return host;
}

class Pilot {
  readonly session: number;
  readonly #client: ClientCore;
  readonly #own: number;
  readonly #ticks = new Float64Array(2);
  #tick: number;
  #moveX = 0;
  #moveY = 0;

  constructor(client: ClientCore, place: { session: number; handle: number; tick: number }) {
    this.session = place.session;
    this.#client = client;
    this.#own = place.handle & 0xffff;
    this.#tick = place.tick + 1;
  }

  take(packet: Uint8Array): void {
    this.#client.receive(packet);
    while (this.#client.message() >= 0);
    while (this.#client.event());
  }

  /** A command for the tick after the next; undefined where there is nothing to send. */
  packet(chance: () => number): Uint8Array | undefined {
    const { command } = this.#client;
    this.#tick += 1;
    if (chance() < TURN_CHANCE) {
      const heading = chance() * 2 * Math.PI;
      this.#moveX = Math.round(Math.cos(heading) * 127);
      this.#moveY = Math.round(Math.sin(heading) * 127);
    }
    command.setUint32(InputCommand.tick, this.#tick, true);
    command.setInt8(InputCommand.moveX, this.#moveX);
    command.setInt8(InputCommand.moveY, this.#moveY);
    command.setUint16(InputCommand.aim, this.#aim(), true);
    const fire = chance() < FIRE_CHANCE ? BUTTON.fire : 0;
    const dash = chance() < DASH_CHANCE ? BUTTON.dash : 0;
    command.setUint16(InputCommand.buttons, fire | dash, true);
    this.#client.sample();
    const length = this.#client.packet(this.#tick);
    return length > 0 ? this.#client.packetBytes.slice(0, length) : undefined;
  }

  /** At the nearest of those it shows, in 1/65536 turn. */
  #aim(): number {
    this.#ticks.fill(this.#tick);
    const count = this.#client.view(this.#ticks);
    const { cells, rows } = this.#client.matrix;
    const at = (index: number, column: number): number => cells[column * rows + index] as number;
    let [best, aim] = [Number.POSITIVE_INFINITY, 0];
    for (let shown = 1; shown <= count; shown += 1) {
      const index = this.#client.viewList[shown] as number;
      if (index === this.#own) continue;
      const dx = at(index, COLUMN.x) - at(this.#own, COLUMN.x);
      const dy = at(index, COLUMN.y) - at(this.#own, COLUMN.y);
      if (dx * dx + dy * dy >= best) continue;
      best = dx * dx + dy * dy;
      aim = Math.round((Math.atan2(dy, dx) / (2 * Math.PI)) * 65536) & 0xffff;
    }
    return aim;
  }
}

function configOf(): Uint8Array {
  return arenaGame.schema.config({ playersMax: ARENA_PLAYERS, entitiesMax: ARENA_ENTITIES });
}

const TURN_CHANCE = 0.06;
const FIRE_CHANCE = 0.5;
const DASH_CHANCE = 0.02;
