/**
 * The entry of a room worker: the tick loop. A turn is one phase slot: sleep until it is due, take what lies in the
 * mailboxes, tick its rooms, wake the I/O threads that sleep, copy a room into its shadow, let the event loop turn once so that
 * promises and timers of authors go on. See slots.ts for when, shard.ts for what, shard-room.ts for one room's tick.
 *
 * Packets wake nobody: they wait for the tick they belong to. Orders wake a worker only while nobody is in its rooms, or it has none.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../src/clock.ts';
import { Bell } from '../src/mailbox/bell.ts';
import type { ShadowMemory, WorkerBoot, WorkerReport } from './boot.ts';
import { Keeping } from './keeping.ts';
import { loadGame, roomFactory } from './open-room.ts';
import { Shard } from './shard.ts';
import { Timing } from './timing.ts';
import { warmUp } from './warm-up.ts';

const boot = workerData as WorkerBoot;
const report = (message: WorkerReport): void => parentPort?.postMessage(message);
const clock = systemClock();
const game = await loadGame(boot);
warmUp(boot, game, clock.nowUs);
const keeping = new Keeping({
  records: boot.records,
  facts: game.facts,
  timing: new Timing(boot.timing),
  nowUs: clock.nowUs,
  report,
});
const shard = new Shard({
  boot,
  openRoom: roomFactory(boot, game, { report, keeping }),
  nowUs: clock.nowUs,
  report,
});
const bell = new Bell(boot.bell);

function turn(): void {
  const slot = shard.nextSlot();
  const waitMs = slot === undefined ? REST_MS : (slot.dueUs - clock.nowUs()) / 1000;
  if (slot === undefined || slot.resting) rest(Math.min(waitMs, REST_MS));
  else bell.pause(waitMs);
  shard.takeOrders();
  shard.takePackets();
  if (slot !== undefined && slot.dueUs <= clock.nowUs()) shard.tickSlot(slot);
  shard.wake();
  keeping.shadows.turn(leftUs());
  if (shard.stopped) process.exit(0);
  setImmediate(turn);
}

/** Where nobody waits for a tick: until an order comes. */
function rest(ms: number): void {
  bell.sleeping();
  if (shard.ordersWait()) bell.awake();
  else if (ms > 0) bell.wait(ms);
  else bell.awake();
}

/** Until the next slot is due. */
function leftUs(): number {
  const slot = shard.nextSlot();
  return slot === undefined ? REST_MS * 1000 : slot.dueUs - clock.nowUs();
}

/** ms. Authors' timers wait no longer. */
const REST_MS = 50;

parentPort?.on('message', ({ row, memory }: ShadowMemory) => keeping.give(row, memory));
report({ kind: 'ready', facts: game.facts });
turn();
