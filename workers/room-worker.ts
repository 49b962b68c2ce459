/**
 * The entry of a room worker: the tick loop. A turn is one phase slot: sleep until it is due, take what lies in the
 * mailboxes, tick its rooms, wake the I/O threads that sleep, copy a room into its shadow, let the event loop turn once so that
 * promises and timers of authors go on. See slots.ts for when, shard.ts for what, shard-room.ts for one room's tick.
 *
 * A thread loads the game first and then waits for its post: to be worker k, with the rooms that another has left, if any. Until then
 * it is a spare.
 *
 * Packets wake nobody: they wait for the tick they belong to. Orders wake a worker only while nobody is in its rooms, or it has none.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../src/clock.ts';
import { Bell } from '../src/mailbox/bell.ts';
import type {
  HostSays,
  RoomLook,
  RoomTakeover,
  WorkerBoot,
  WorkerPost,
  WorkerReport,
} from './boot.ts';
import { inspectRoom } from './inspect.ts';
import { Keeping } from './keeping.ts';
import { loadGame, outliveAuthors, roomFactory, roomRestorer, stockOf } from './open-room.ts';
import { Pulse } from './pulse.ts';
import { Shard } from './shard.ts';
import { AS_OF_NOW, COUNTER, Timing } from './timing.ts';
import { warmUp } from './warm-up.ts';

const boot = workerData as WorkerBoot;
const report = (message: WorkerReport): void => parentPort?.postMessage(message);
const clock = systemClock();
// Errors in a bundle name the author's own lines; where no module has a map it does nothing.
process.setSourceMapsEnabled(true);
const game = await loadGame(boot);
if (boot.development === true) outliveAuthors(report);
else warmUp(boot, game, clock.nowUs);
const stock = stockOf(boot, game);

/** A post that has been taken up. */
class Worker {
  readonly keeping: Keeping;
  readonly #shard: Shard;
  readonly #bell: Bell;
  readonly #pulse: Pulse;
  readonly #timing: Timing;

  constructor(post: WorkerPost) {
    this.#bell = new Bell(post.bell);
    this.#pulse = new Pulse(post.pulse);
    this.#timing = new Timing(post.timing);
    for (const counter of AS_OF_NOW) this.#timing.set(counter, 0);
    this.keeping = new Keeping({
      records: post.records,
      facts: game.facts,
      timing: this.#timing,
      nowUs: clock.nowUs,
      unixMs: Date.now,
      report,
    });
    const parts = { report, keeping: this.keeping };
    this.#shard = new Shard({
      boot: { ...boot, ...post },
      openRoom: roomFactory(boot, game, parts),
      restoreRoom: roomRestorer(boot, game, { ...parts, stock }),
      handOver: (room) => this.keeping.shadows.handOver(room),
      onLost: (row, tick, code) => this.keeping.lost(row, tick, code),
      pulse: this.#pulse,
      nowUs: clock.nowUs,
      report,
    });
    for (const room of post.rooms)
      this.#takeOver(room, { detectedUs: post.detectedUs, hurries: room !== post.rooms.at(-1) });
    this.keeping.shadows.settled();
    stock.clear();
    report({ kind: 'ready' });
  }

  readonly turn = (): void => {
    this.#pulse.beat();
    const shard = this.#shard;
    const slot = shard.nextSlot();
    const waitMs = slot === undefined ? REST_MS : (slot.dueUs - clock.nowUs()) / 1000;
    if (slot === undefined || slot.resting) this.#rest(Math.min(waitMs, REST_MS));
    else this.#bell.pause(waitMs);
    shard.takeOrders();
    shard.takePackets();
    if (slot !== undefined && slot.dueUs <= clock.nowUs()) shard.tickSlot(slot);
    shard.wake();
    this.keeping.shadows.turn(this.#leftUs());
    if (shard.stopped) process.exit(0);
    setImmediate(this.turn);
  };

  /** A room that another worker has given. */
  take(room: RoomTakeover): void {
    this.#shard.takeOver(room);
    this.#shard.wake();
  }

  /** Somebody looks into a room. */
  inspect({ row, room: id }: RoomLook): void {
    const room = this.#shard.roomAt(row);
    const found = room?.id === id ? inspectRoom(room.core, game.game.schema.layout) : null;
    report({ kind: 'inspected', room: id, found });
  }

  /** `hurries`: others wait behind it. */
  #takeOver(room: RoomTakeover, of: { detectedUs: number; hurries: boolean }): void {
    const { taken } = stock;
    const recovery = this.#shard.takeOver(room, of.hurries);
    this.#shard.wake();
    if (typeof recovery === 'string') {
      report({ kind: 'missed', row: room.order.row, what: recovery });
      return;
    }
    const us = clock.nowUs() - of.detectedUs;
    const { ticks, last } = recovery;
    const ticksLost = Math.max(0, room.tick - (last?.tick ?? recovery.tick));
    this.#timing.add(COUNTER.roomsRecovered, 1);
    this.#timing.add(COUNTER.recoveryUs, us);
    const tick = last?.tick ?? recovery.tick;
    const stocked = stock.taken > taken;
    report({ kind: 'recovered', row: room.order.row, us, tick, ticks, ticksLost, stocked });
  }

  /** Where nobody waits for a tick: until an order comes. */
  #rest(ms: number): void {
    this.#bell.sleeping();
    if (this.#shard.ordersWait()) this.#bell.awake();
    else if (ms > 0) this.#bell.wait(ms);
    else this.#bell.awake();
  }

  /** Until the next slot is due. */
  #leftUs(): number {
    const slot = this.#shard.nextSlot();
    return slot === undefined ? REST_MS * 1000 : slot.dueUs - clock.nowUs();
  }
}

function die(how: 'exit' | 'hang'): void {
  if (how === 'exit') process.exit(EXIT_DEBUG);
  for (;;);
}

/** ms. Authors' timers wait no longer. */
const REST_MS = 50;
/** Exit code of a worker that was told to die. */
const EXIT_DEBUG = 9;

let worker: Worker | undefined;
parentPort?.on('message', (said: HostSays) => {
  if (said.kind === 'shadow') worker?.keeping.give(said);
  else if (said.kind === 'die') die(said.how);
  else if (said.kind === 'take') worker?.take(said.room);
  else if (said.kind === 'inspect') worker?.inspect(said);
  else if (said.kind === 'stock') stock.want(worker === undefined ? said.rooms : 0);
  else if (worker === undefined) {
    worker = new Worker(said);
    worker.turn();
  }
});
report({ kind: 'loaded', facts: game.facts });
