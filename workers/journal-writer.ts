/**
 * The thread that writes journals: every few milliseconds it empties the journal rings of all workers, and writes a block
 * per room. Nobody waits for it. Told by messages which rings there are, and when to end.
 */
import { rmSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { Ring } from '../src/mailbox/ring.ts';
import { HostLines } from './host-lines.ts';
import { ownerName } from './journal-owner.ts';
import { Signer } from './journal-seal.ts';
import type { JournalFigures, JournalStoreOptions } from './journal-store.ts';
import { JournalStore } from './journal-store.ts';

/** `workerData` of the thread. */
export interface JournalBoot
  extends Pick<
    JournalStoreOptions,
    'dir' | 'coreHash' | 'bytesMax' | 'ageMsMax' | 'checkpointMs' | 'held' | 'ledger' | 'sinceMs'
  > {
  /** At most so much is lost when the process is killed. */
  readonly flushMs: number;
  /** Who has the folder: the file that says so, and the name that has to stand in it. */
  readonly owner: { readonly path: string; readonly name: string };
  /** PEM of the key that signs summaries. */
  readonly key: string;
  /** The file of what the I/O thread knows. */
  readonly hostPath: string;
  /** What stands in it at the beginning: key and text. */
  readonly host: readonly (readonly [string, string])[];
}

export type JournalAsk =
  /** A worker has this ring from now on, its `number`th; what is in the one before is taken first. */
  | {
      readonly kind: 'attach';
      readonly worker: number;
      readonly number: number;
      readonly ring: SharedArrayBuffer;
    }
  /** A room of that worker is copied into this memory: checkpoints come from there. */
  | {
      readonly kind: 'shadow';
      readonly worker: number;
      readonly row: number;
      readonly room: string;
      readonly memory: SharedArrayBuffer;
    }
  /** What the I/O thread knows: under this key this holds; empty: nothing any more. */
  | { readonly kind: 'host'; readonly key: string; readonly value: string }
  /** Takes what is left, closes all files and ends. */
  | { readonly kind: 'stop' };

export type JournalSays =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly text: string }
  /** Another server has the folder: nothing more is written. The thread ends. */
  | { readonly kind: 'fenced' }
  | { readonly kind: 'figures'; readonly figures: JournalFigures }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn';
      readonly text: string;
      readonly fields: Record<string, string | number>;
    };

const boot = workerData as JournalBoot;
const say = (message: JournalSays): void => parentPort?.postMessage(message);
const rings = new Map<number, Ring>();
let saidMs = 0;
/** The newest lines of the host are on disk. */
let isKept = true;

function main(): void {
  let store: JournalStore;
  let host: HostLines;
  try {
    store = new JournalStore({
      ...boot,
      signer: new Signer(boot.key),
      unixMs: Date.now,
      log: (level, text, fields) => say({ kind: 'log', level, text, fields }),
    });
    host = new HostLines(boot.hostPath, new Map(boot.host));
    store.retain();
  } catch (cause) {
    say({ kind: 'failed', text: cause instanceof Error ? cause.message : String(cause) });
    return;
  }
  const timer = setInterval(() => {
    fence();
    turn(store);
    keep(host);
  }, boot.flushMs);
  parentPort?.on('message', (ask: JournalAsk) => {
    if (ask.kind === 'attach') attach(store, ask);
    else if (ask.kind === 'host') host.set(ask.key, ask.value);
    else if (ask.kind === 'shadow') {
      const ring = rings.get(ask.worker);
      if (ring !== undefined) store.take(ask.worker, ring);
      store.shadow(ask, ask.memory);
    } else {
      clearInterval(timer);
      fence();
      turn(store);
      store.close();
      host.close();
      // All rooms are closed: there is nothing to go on with.
      rmSync(boot.hostPath, { force: true });
      say({ kind: 'figures', figures: store.figures });
      parentPort?.close();
    }
  });
  say({ kind: 'ready' });
}

/**
 * A server that hung, on another machine or in another container than the next, may have lost its folder: what it wrote then would be in files
 * that another goes on with. One look each turn, some 20 us.
 */
function fence(): void {
  const name = ownerName(boot.owner.path);
  if (name === null || name === boot.owner.name) return;
  say({ kind: 'fenced' });
  process.exit();
}

function turn(store: JournalStore): void {
  takeAll(store);
  store.flush();
  store.checkpoint();
  store.learn();
  const nowMs = performance.now();
  if (nowMs - saidMs < FIGURES_MS) return;
  saidMs = nowMs;
  say({ kind: 'figures', figures: store.figures });
  store.retain();
}

/** Again and again where rooms came from workers whose rings were not read so far. */
function takeAll(store: JournalStore): void {
  for (const [worker, ring] of rings) store.take(worker, ring);
  for (let more = true; more; ) {
    more = false;
    for (const [worker, ring] of rings)
      if (store.waits(worker) && store.take(worker, ring)) more = true;
  }
}

/** A disk that refuses costs the sessions after a crash, and not the journals. It is said once. */
function keep(host: HostLines): void {
  try {
    host.flush();
    isKept = true;
  } catch (cause) {
    const fields = { error: String(cause) };
    if (isKept) say({ kind: 'log', level: 'warn', text: 'sessions are not kept', fields });
    isKept = false;
  }
}

function attach(
  store: JournalStore,
  { worker, number, ring }: Extract<JournalAsk, { kind: 'attach' }>,
): void {
  const before = rings.get(worker);
  if (before !== undefined) {
    store.take(worker, before);
    store.end(worker);
  }
  rings.set(worker, new Ring(ring, 'read'));
  store.attached(worker, number);
}

/** ms. */
const FIGURES_MS = 1000;

main();
