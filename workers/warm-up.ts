/**
 * Plays a scratch room before a worker says that it is ready. V8 compiles the functions of the core, and those of the
 * host, when they are first called, and again and better when they have been called often. Without this the first players
 * of a process pay for it with slow ticks just when they join.
 *
 * The scratch room has the game's schema and sizes, runs in a shard of its own at its own time and goes the way of every
 * packet: order, inbox, ring, room, outbox, with a few clients that walk, shoot and acknowledge. Of the author's code it
 * runs nothing.
 */
import { ClientCore } from '../core-wasm/bindings/client.ts';
import { BUTTON, InputCommand, PACKET_BYTES_MAX } from '../protocol/gen/tables.ts';
import { createBell } from '../src/mailbox/bell.ts';
import {
  ANSWER,
  createLink,
  DATA,
  IoEnd,
  JOIN,
  JOINED,
  OPEN,
  ORDER,
} from '../src/mailbox/messages.ts';
import type { ErasedHooks } from '../src/plugin/game.ts';
import type { PlayerViewOf, RoomOf } from '../src/plugin/types.ts';
import type { Schema } from '../src/schema/define.ts';
import type { WorkerBoot } from './boot.ts';
import type { LoadedGame } from './open-room.ts';
import { roomFactory } from './open-room.ts';
import { Shard } from './shard.ts';
import { createTiming } from './timing.ts';

/** What was played. */
export interface WarmUp {
  readonly ticks: number;
  readonly snapshots: number;
}

/** Takes half a second at most, as `nowUs` goes, and leaves nothing behind but compiled code. */
export function warmUp(boot: WorkerBoot, loaded: LoadedGame, nowUs: () => number): WarmUp {
  const scratch = new ScratchShard(boot, loaded);
  const endUs = nowUs() + WARM_UP_MS_MAX * 1000;
  let ticks = 0;
  for (; ticks < TICKS_MAX && nowUs() < endUs; ticks += 1) scratch.tick(ticks);
  return { ticks, snapshots: scratch.snapshots };
}

class ScratchShard {
  snapshots = 0;
  readonly #io: IoEnd;
  readonly #shard: Shard;
  readonly #boot: WorkerBoot;
  readonly #config: Uint8Array;
  readonly #clients = new Map<number, ClientCore>();
  readonly #clientsMax: number;
  #nowUs = 0;

  constructor(boot: WorkerBoot, loaded: LoadedGame) {
    const { playersMax, entitiesMax } = loaded.facts;
    const sizes = { roomsMax: 1, sessionsMax: 64, packetBytesMax: PACKET_BYTES_MAX };
    const link = createLink({ ...sizes, inboxBytes: RING_BYTES, outboxBytes: RING_BYTES });
    const alone = { index: 0, workers: 1, links: [link], bells: [createBell()] };
    const quiet = { ...boot, ...alone, timing: createTiming(1) };
    const game = { ...loaded.game, hooks: HOOKS, options: { ...loaded.game.options, room: {} } };
    this.#boot = boot;
    this.#io = new IoEnd(link);
    this.#config = loaded.game.schema.config({ playersMax, entitiesMax });
    this.#clientsMax = Math.min(CLIENTS_MAX, Math.max(1, playersMax >> 1));
    this.#shard = new Shard({
      boot: quiet,
      openRoom: roomFactory(quiet, { ...loaded, game }, { report: () => {}, keeping: null }),
      nowUs: () => this.#nowUs,
      report: () => {},
    });
    this.#open(Math.min(PLAYERS_MAX, playersMax));
  }

  tick(count: number): void {
    if (count % JOIN_EVERY_TICKS === 0 && this.#clients.size < this.#clientsMax)
      this.#join(1 + count / JOIN_EVERY_TICKS);
    for (const [session, client] of this.#clients) this.#play(session, client);
    const slot = this.#shard.nextSlot();
    if (slot !== undefined) this.#nowUs = slot.dueUs;
    this.#shard.takeOrders();
    this.#shard.takePackets();
    if (slot !== undefined) this.#shard.tickSlot(slot);
    this.#shard.wake();
    this.#hear();
  }

  #open(bots: number): void {
    const order = new Uint8Array(OPEN.tail + 1);
    const view = new DataView(order.buffer);
    view.setUint32(OPEN.epoch, EPOCH, true);
    view.setUint32(OPEN.bots, bots, true);
    view.setUint32(OPEN.roomIdBytes, 1, true);
    order[OPEN.tail] = 0x2d;
    this.#io.orders.tryWrite(ORDER.open, 0, 0, order, 0, order.length);
  }

  #join(session: number): void {
    const { identity: bytes } = JOIN;
    this.#io.orders.tryWrite(ORDER.join, session, 0, new Uint8Array(bytes), 0, bytes);
  }

  /** A command for the tick after the next, and the packet that carries it. */
  #play(session: number, client: ClientCore): void {
    const { command } = client;
    const tick = command.getUint32(InputCommand.tick, true) + 1;
    command.setUint32(InputCommand.tick, tick, true);
    command.setInt8(InputCommand.moveX, (session * 50) % 128);
    command.setInt8(InputCommand.moveY, (tick & 64) === 0 ? 90 : -90);
    command.setUint16(InputCommand.aim, (tick * 999) & 0xffff, true);
    command.setUint16(InputCommand.buttons, tick % 8 === 0 ? BUTTON.fire : 0, true);
    client.sample();
    const length = client.packet(tick);
    if (length <= 0) return;
    this.#io.inbox.tryWrite(DATA.packet, session, this.#nowUs, client.packetBytes, 0, length);
  }

  /** Places that were given, and packets. */
  #hear(): void {
    const { answers, outbox } = this.#io;
    while (answers.next()) {
      if (answers.kind !== ANSWER.joined) continue;
      const word = (offset: number): number =>
        (answers.words[(answers.offset + offset) >> 2] as number) >>> 0;
      const client = ClientCore.create(this.#boot.core, this.#config);
      const [playerId, handle] = [word(JOINED.playerId), word(JOINED.handle)];
      const tick = word(JOINED.tick);
      client.join({ playerId, handle, epoch: EPOCH, tick, verify: false });
      client.command.setUint32(InputCommand.tick, tick + 1, true);
      this.#clients.set(answers.id, client);
    }
    answers.release();
    while (outbox.next()) {
      const { offset, length } = outbox;
      const heard = this.#clients
        .get(outbox.id)
        ?.receive(outbox.bytes.subarray(offset, offset + length));
      if (heard !== undefined && heard > 0) this.snapshots += 1;
    }
    outbox.release();
  }
}

type AnyRoom = RoomOf<Schema>;

/** What stands in for the author's rules: everybody lives, walks and shoots, and views are read and written. */
const HOOKS: ErasedHooks = {
  onJoin(room, player) {
    const at = room as AnyRoom;
    at.place(player as PlayerViewOf<Schema>, at.freePlace());
  },
  onTick(room) {
    for (const p of (room as AnyRoom).players) if (p.health < HEALTH_LEAST) p.health = HEALTH_LEAST;
  },
  botInput(room, bot) {
    const { tick } = room as AnyRoom;
    const { x } = bot as PlayerViewOf<Schema>;
    return { move: { x: Math.cos(tick / 20 + x), y: Math.sin(tick / 30) }, fire: tick % 8 === 0 };
  },
};

/** ms. */
const WARM_UP_MS_MAX = 500;
/** The arena: 560 ms of CPU the first time, 70 to 180 ms when played again; ticks over 5 ms 35 and then 7 to 24 on a busy machine. */
const TICKS_MAX = 300;
const CLIENTS_MAX = 10;
const JOIN_EVERY_TICKS = 4;
const PLAYERS_MAX = 50;
/** Points; who falls below is healed, so that all stay alive. */
const HEALTH_LEAST = 10;
const EPOCH = 1;
/** Bytes. */
const RING_BYTES = 1 << 17;
