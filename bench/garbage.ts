/**
 * `fray bench garbage`: bytes of JavaScript heap that a tick leaves behind, from the drain of the inbox to the last write of the outbox, in
 * steady state: 50 players whose inputs change, hooks that do nothing, one collection before and none after. Beside it the same with
 * one `{}` planted per tick, which must show; a turn of the event loop, which a worker takes after each slot; and the arena's hooks.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import type { Bench, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { median, ownRow } from '../src/cli/bench-report.ts';
import { packageRoot } from '../src/cli/games.ts';
import { arenaHost, recordArena } from './arena-play.ts';
import { collector } from './gc.ts';
import type { HeapUse } from './heap-windows.ts';
import { heapUse } from './heap-windows.ts';
import type { ShardHost } from './shard-host.ts';
import { udpGarbage } from './udp-garbage.ts';
import type { Recording } from './w1-recording.ts';
import { record, w1Host } from './w1-recording.ts';

export const bench: Bench = {
  name: 'garbage',
  async run(options) {
    const core = readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm'));
    const module = await compileCore(core);
    const lengths = options.quick ? QUICK : FULL;
    const recording = record(module, {
      size: { players: PLAYERS, visible: VISIBLE },
      seed: options.seed,
      warmTicks: lengths.warmTicks,
      timedTicks: lengths.windows * lengths.calls,
      hooks: false,
    });
    options.progress(`garbage: ${recording.compared} snapshots decoded and equal`);
    const parts = { module, recording, lengths, options };
    return [
      await tickRow(parts),
      await plantedRow(parts),
      await timedRow(parts),
      await turnRow(parts),
      await arenaRow(parts),
      await udpGarbage({ quick: options.quick, planted: false }),
      await udpGarbage({ quick: options.quick, planted: true }),
    ];
  },
};

interface Parts {
  readonly module: WebAssembly.Module;
  readonly recording: Recording;
  readonly lengths: typeof FULL;
  readonly options: BenchOptions;
}

/** Rooms that run before the one that is measured: a worker has many, and V8 has then seen more than one. */
async function tickRow(parts: Parts): Promise<BenchRow> {
  for (let room = 0; room < ROOMS_BEFORE; room += 1) await measure(parts, 'empty');
  const use = await measure(parts, 'empty');
  tell(parts, 'tick', use);
  if (use.collected > 0) throw new Error('A collection ran inside a window: nothing was measured');
  return ownRow({
    name: 'garbage/tick',
    unit: 'bytes per tick of 50 players',
    ours: use.bytes,
    goal: '0',
    goalId: 'P14',
    met: use.bytes < BYTES_NONE,
  });
}

/** The measurement has to see one object per tick. */
async function plantedRow(parts: Parts): Promise<BenchRow> {
  const use = await measure(parts, 'planted');
  tell(parts, 'planted', use);
  return ownRow({
    name: 'garbage/planted',
    unit: 'bytes per tick with one {} planted',
    ours: use.bytes,
    goal: `>= ${OBJECT_BYTES_MIN}: it is seen`,
    met: use.bytes >= OBJECT_BYTES_MIN,
  });
}

/** A turn of the event loop without a tick. */
async function turnRow(parts: Parts): Promise<BenchRow> {
  const { windows } = parts.lengths;
  const collect = collector();
  const bytes: number[] = [];
  for (let window = 0; window <= windows; window += 1) {
    collect();
    bytes.push(await turns(TURNS));
  }
  return ownRow({
    name: 'garbage/event loop',
    unit: 'bytes per turn without a tick; stated apart',
    ours: median(bytes.slice(1)),
  });
}

/** Bytes per turn of so many turns that do nothing. Few enough that none is collected. */
function turns(count: number): Promise<number> {
  const before = process.memoryUsage().heapUsed;
  return new Promise((resolve) => {
    let left = count;
    const turn = (): void => {
      left -= 1;
      if (left > 0) setImmediate(turn);
      else resolve((process.memoryUsage().heapUsed - before) / count);
    };
    setImmediate(turn);
  });
}

/** The arena: hooks of an author, with shots, hits, deaths and crates. */
async function arenaRow(parts: Parts): Promise<BenchRow> {
  const { module, options, lengths } = parts;
  const { windows, calls, warmTicks } = lengths;
  const perWindow = Math.ceil(calls / ARENA_WINDOW_PARTS);
  const play = recordArena(module, {
    seed: options.seed,
    ticks: warmTicks + windows * perWindow,
  });
  options.progress(
    `garbage/arena: ${play.inputsAccepted} inputs, ${play.hits} hits, ${play.deaths} deaths in ${play.inputs.ticks} ticks`,
  );
  const host = arenaHost(module, options.seed);
  const step = stepper(host, play.inputs);
  for (let tick = 0; tick < warmTicks; tick += 1) step();
  host.answers();
  const use = await heapUse({ windows, calls: perWindow, body: step, fresh: true });
  host.assertQuiet();
  tell(parts, 'arena', use);
  return ownRow({
    name: 'garbage/arena',
    unit: "bytes per tick with the arena's hooks; stated apart",
    ours: use.bytes,
  });
}

/** One tick of each second is timed stage by stage, in code that runs too seldom to be optimised. */
async function timedRow(parts: Parts): Promise<BenchRow> {
  const use = await measure(parts, 'timed');
  return ownRow({
    name: 'garbage/timed',
    unit: 'bytes per tick where one in 30 is timed by stages; stated apart',
    ours: use.bytes,
  });
}

async function measure(parts: Parts, hook: 'empty' | 'planted' | 'timed'): Promise<HeapUse> {
  const { module, recording, lengths } = parts;
  const { windows, calls } = lengths;
  const { places } = recording;
  const sampling = hook === 'timed' ? {} : { sampleUs: Number.POSITIVE_INFINITY };
  const host = w1Host(
    module,
    { ...recording.options, ...sampling },
    {
      places,
      ...(hook === 'planted' && { next: plant }),
    },
  );
  const step = stepper(host, recording.inputs);
  for (let tick = 0; tick < recording.warmTicks; tick += 1) {
    for (const session of recording.ticks[tick]?.joins ?? []) host.join(session, 0);
    step();
  }
  host.answers();
  const use = await heapUse({ windows, calls, body: step });
  host.assertQuiet();
  return use;
}

/** One tick after the other: packets into the inbox, a turn of the worker, packets out of the outbox. */
function stepper(host: ShardHost, inputs: Recording['inputs']): () => void {
  const { inbox, outbox } = host.io;
  let tick = 0;
  return () => {
    inputs.write(tick, inbox);
    host.turn();
    while (outbox.next());
    outbox.release();
    tick += 1;
  };
}

function tell({ options }: Parts, name: string, use: HeapUse): void {
  options.progress(
    `garbage/${name}: ${use.bytes.toFixed(2)} bytes per tick, worst window ${use.bytesMax.toFixed(1)}; ` +
      `${use.total.toFixed(0)} bytes in all, and ${use.code} of compiled code; windows left out: ${use.collected}`,
  );
}

/** One object per tick, held until the next so that V8 cannot leave it out. */
function plant(): typeof NO_CHANGES {
  planted = {};
  return planted === undefined ? NO_CHANGES : NO_CHANGES;
}

let planted: object | undefined;
const NO_CHANGES = { pairs: new Uint16Array(0), count: 0 };
const PLAYERS = 50;
const VISIBLE = 10;
/** The 10,000 ticks, in ten windows. */
const FULL = { warmTicks: 3000, windows: 10, calls: 1000 };
const QUICK = { warmTicks: 1000, windows: 5, calls: 300 };
const ROOMS_BEFORE = 3;
/** 400 KB at 400 bytes each; the young generation begins with a megabyte. */
const TURNS = 1000;
/** Bytes. The least object is 16, so this is less than one in 160 ticks. */
const BYTES_NONE = 0.1;
/** Bytes. An empty object with its header. */
const OBJECT_BYTES_MIN = 16;
/** A window of the arena's is so much shorter: its hooks fill the young generation. */
const ARENA_WINDOW_PARTS = 10;
