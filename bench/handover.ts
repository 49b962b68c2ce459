/**
 * `fray bench handover` (P13): the way of a message from an I/O thread to a room. Time of a message: one thread writes a batch of datagrams into an
 * inbox ring, another reads it, on processors of their own where there are two; the clock runs on both sides, not while they
 * wait. Beside it the same datagrams by `postMessage`. Wakes: a real worker whose rooms' clients send a packet per tick, counted by the worker.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, type Worker, workerData } from 'node:worker_threads';
import type { Bench, BenchOptions, BenchRow, Round } from '../src/cli/bench-report.ts';
import { ownRow, ratioRow } from '../src/cli/bench-report.ts';
import { createRing, Ring } from '../src/mailbox/ring.ts';
import { PHASE_SLOTS } from '../workers/slots.ts';
import { Crowd } from './crowd.ts';
import { startBenchThread } from './threads.ts';
import { pause, WorkerHost } from './worker-host.ts';

export const bench: Bench = {
  name: 'handover',
  async run(options) {
    return [...(await messageRows(options)), ...(await wakeRows(options))];
  },
};

/** What the reader says of a batch. */
interface Taken {
  readonly us: number;
  readonly count: number;
  /** Of the first four bytes of all, which count up. */
  readonly sum: number;
}

/** Count and order of messages, or every byte of them too, which is not timed. */
type How = 'read' | 'check';

interface ReaderParts {
  readonly ring: SharedArrayBuffer;
  readonly kind: 'ring' | 'post';
}

async function messageRows(options: BenchOptions): Promise<BenchRow[]> {
  const { rounds, batches } = options.quick ? QUICK : FULL;
  const memory = createRing(BATCH * (MESSAGE_BYTES + 16), MESSAGE_BYTES);
  const reader = (kind: ReaderParts['kind']): Worker =>
    startBenchThread(import.meta.url, { ring: memory, kind });
  const [ours, peer] = [reader('ring'), reader('post')];
  try {
    await Promise.all([once(ours, 'message'), once(peer, 'message')]);
    const ring = new Ring(memory, 'write');
    const viaRing = (how: How): Promise<number> =>
      batch(ours, (bytes) => writeAll(ring, bytes), how);
    const viaPost = (how: How): Promise<number> =>
      batch(
        peer,
        (bytes) => {
          for (let index = 0; index < BATCH; index += 1) {
            new DataView(bytes.buffer).setUint32(0, index, true);
            peer.postMessage(bytes);
          }
        },
        how,
      );
    for (let warm = 0; warm < WARM; warm += 1) await viaRing('check');
    for (let warm = 0; warm < WARM / 4; warm += 1) await viaPost('check');
    const found: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const side = async (one: (how: How) => Promise<number>, count: number): Promise<number> => {
        let sum = 0;
        for (let index = 0; index < count; index += 1) sum += await one('read');
        return (sum * 1000) / (count * BATCH);
      };
      const turns = [() => side(viaRing, batches), () => side(viaPost, Math.ceil(batches / 4))];
      if (round % 2 === 1) turns.reverse();
      const both = [await turns[0]?.(), await turns[1]?.()] as number[];
      if (round % 2 === 1) both.reverse();
      found.push({ ours: both[0] as number, peer: both[1] as number });
    }
    const row = ratioRow({
      name: 'handover/message',
      unit: `ns per message of ${MESSAGE_BYTES} bytes, written and read`,
      rounds: found,
      peerName: 'postMessage',
      more: {
        ours: 'refuses what does not fit, counts, and keeps order with the other side at work',
        peer: 'copies any structure, and wakes the other side for each message',
        settings:
          'one Uint8Array a message, copied; handing its memory over would cost a new one for each (https://nodejs.org/api/worker_threads.html#portpostmessagevalue-transferlist)',
      },
    });
    options.progress(
      `handover: ${rounds * batches * BATCH} messages read by another thread in their order, ${WARM * BATCH} of them byte by byte`,
    );
    return [
      {
        ...row,
        goal: `<= ${NS_MAX} ns`,
        goalId: 'P13',
        met: row.ours <= NS_MAX,
        ratio: null,
        ratioMin: null,
        ratioMax: null,
        peer: null,
        peerName: null,
        more: null,
      },
      { ...row, name: 'handover/message beside postMessage', rounds: [] },
    ];
  } finally {
    await Promise.all([ours.terminate(), peer.terminate()]);
  }
}

/** us of both sides for one batch. Throws where the other side read something else. */
async function batch(
  worker: Worker,
  write: (bytes: Uint8Array) => void,
  how: How,
): Promise<number> {
  const bytes = new Uint8Array(MESSAGE_BYTES).fill(0x5a);
  const startMs = performance.now();
  write(bytes);
  const wroteUs = (performance.now() - startMs) * 1000;
  worker.postMessage(how);
  const [taken] = (await once(worker, 'message')) as [Taken];
  if (taken.count !== BATCH || taken.sum !== (BATCH * (BATCH - 1)) / 2)
    throw new Error(`Of ${BATCH} messages ${taken.count} were read, or others: ${taken.sum}`);
  return wroteUs + taken.us;
}

function writeAll(ring: Ring, bytes: Uint8Array): void {
  for (let index = 0; index < BATCH; index += 1) {
    bytes[0] = index & 0xff;
    bytes[1] = (index >> 8) & 0xff;
    if (!ring.tryWrite(1, index + 1, 0, bytes, 0, MESSAGE_BYTES))
      throw new Error('Cannot write: the ring of the bench is full');
  }
}

/** The other thread. */
function read({ ring: memory, kind }: ReaderParts): void {
  const ring = new Ring(memory, 'read');
  let count = 0;
  let sum = 0;
  let us = 0;
  let checks = true;
  const take = (bytes: Uint8Array, at: number): void => {
    count += 1;
    sum += (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    if (!checks) return;
    for (let index = at + 4; index < at + MESSAGE_BYTES; index += 1)
      if (bytes[index] !== 0x5a) sum = Number.NaN;
  };
  parentPort?.on('message', (said: How | Uint8Array) => {
    const startMs = performance.now();
    if (typeof said !== 'string') {
      take(said, 0);
      us += (performance.now() - startMs) * 1000;
      return;
    }
    if (kind === 'ring') {
      checks = said === 'check';
      while (ring.next()) take(ring.bytes, ring.offset);
      ring.release();
      us += (performance.now() - startMs) * 1000;
    }
    parentPort?.postMessage({ us, count, sum } satisfies Taken);
    count = sum = us = 0;
    checks = said === 'check';
  });
  parentPort?.postMessage('ready');
}

/** A worker with rooms in all phase slots. */
async function wakeRows(options: BenchOptions): Promise<BenchRow[]> {
  const host = await WorkerHost.start({ emptyCloseMs: 1000 });
  try {
    const crowd = await Crowd.join(host, { clients: CLIENTS, rooms: PHASE_SLOTS });
    await pause(SETTLE_MS);
    const names = ['wakes', 'slots', 'packetsIn', 'packetsOut'] as const;
    const before = names.map((name) => host.counter(name));
    await pause(options.quick ? 2000 : 10_000);
    const [wakes = 0, slots = 0, taken = 0, sent = 0] = names.map(
      (name, index) => host.counter(name) - (before[index] as number),
    );
    crowd.stop();
    crowd.check();
    const accepted = host.worker.timing.sum('inputsAccepted');
    if (accepted === 0) throw new Error('No input was accepted');
    options.progress(
      `handover: ${CLIENTS} clients, ${taken} packets in, ${sent} out, ${slots} slots run, ${wakes} wakes, ${accepted} inputs accepted`,
    );
    const each = wakes / slots;
    return [
      ownRow({
        name: 'handover/wakes of the I/O thread',
        unit: 'per worker and phase slot',
        ours: each,
        goal: '<= 1',
        goalId: 'P13',
        met: each <= 1 && slots > 0,
      }),
      ownRow({ name: 'handover/packets a wake', unit: 'packets out per wake', ours: sent / wakes }),
    ];
  } finally {
    await host.stop();
  }
}

const NS_MAX = 60;
/** Messages that are written before the other side reads: what a slot's clients send. */
const BATCH = 1000;
const MESSAGE_BYTES = 40;
const WARM = 100;
const CLIENTS = 160;
const SETTLE_MS = 1500;
const FULL = { rounds: 10, batches: 200 };
const QUICK = { rounds: 4, batches: 60 };
if (!isMainThread && (workerData as ReaderParts | null)?.ring !== undefined)
  read(workerData as ReaderParts);
