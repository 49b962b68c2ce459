/**
 * `fray bench tick`: W1 at 100, 300 and 1,000 entities. CPU time of a tick per player, from inbox to outbox, beside the same world in
 * @colyseus/schema in the same run, and the bytes of a snapshot's body. Every stream of both is decoded and compared before
 * anything is timed. Rounds of both take turns; a ratio is of one round, and median, least and most of them are printed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import type { Bench, BenchChart, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { ownRow, ratioRow } from '../src/cli/bench-report.ts';
import { packageRoot } from '../src/cli/games.ts';
import { collector } from './gc.ts';
import type { ColyseusSchema, Peer } from './peers.ts';
import { loadPeer } from './peers.ts';
import type { W1Size } from './w1.ts';
import { TICK_RATE_HZ, TURN_SOFTLY, W1_SIZES } from './w1.ts';
import type { Recording } from './w1-recording.ts';
import { record } from './w1-recording.ts';
import { Replay } from './w1-replay.ts';
import { SchemaPeer, verifyPeer } from './w1-schema-peer.ts';

export const bench: Bench = {
  name: 'tick',
  async run(options) {
    const core = readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm'));
    const module = await compileCore(core);
    const peer = await loadPeer<ColyseusSchema>('@colyseus/schema');
    if (typeof peer === 'string') options.progress(peer);
    const lengths = options.quick ? QUICK : FULL;
    const parts = { module, options, lengths, peer: typeof peer === 'string' ? undefined : peer };
    const rows: BenchRow[] = [];
    const sizes = options.quick ? W1_SIZES.slice(0, 2) : W1_SIZES;
    for (const size of sizes) rows.push(...runSize(size, parts));
    rows.push(softTurns(parts), ...growth(rows));
    for (const chart of chartsOf(rows, sizes)) options.chart(chart);
    return rows;
  },
};

interface Parts {
  readonly module: WebAssembly.Module;
  readonly options: BenchOptions;
  readonly lengths: typeof FULL;
  readonly peer: Peer<ColyseusSchema> | undefined;
}

/** CPU ns per player and tick of a round. */
interface Round {
  readonly ours: number;
  readonly peer: number | null;
}

function runSize(size: W1Size, parts: Parts): BenchRow[] {
  const name = nameOf(size);
  const { module, options, lengths } = parts;
  const { warmTicks, rounds, roundTicks } = lengths;
  const timedTicks = rounds * roundTicks;
  const recording = record(module, {
    size,
    seed: options.seed,
    warmTicks,
    timedTicks,
    world: true,
  });
  options.progress(describe(name, recording));
  const race = new Race(recording, parts);
  const times: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const time = race.round(round, roundTicks);
    times.push(time);
    const beside = time.peer === null ? '' : `, peer ${time.peer.toFixed(0)} ns`;
    options.progress(`${name}: round ${round + 1}, ${time.ours.toFixed(0)} ns${beside}`);
  }
  const isGoal = size === W1_SIZES[0];
  const peerName = parts.peer?.name ?? null;
  return [
    ratioRow({
      name,
      unit: 'CPU ns per player and tick',
      rounds: times,
      peerName,
      ...(isGoal && { goal: { text: `>= ${RATIO_AT_100}x`, ratioMin: RATIO_AT_100, id: 'P1' } }),
      ...(name === 'tick/1000x10' && {
        goal: { text: `>= ${RATIO_AT_1000}x`, ratioMin: RATIO_AT_1000, id: 'P1' },
      }),
      more: MORE,
    }),
    ratioRow({
      name: `${name}/bytes`,
      unit: 'bytes per client and tick, header included',
      rounds: [{ ours: recording.packetBytesMean, peer: race.peerBytesMean }],
      peerName,
      more: MORE,
    }),
    ownRow({
      name: `${name}/body`,
      unit: 'bytes per snapshot, first to last bit',
      ours: recording.bodyBytesMean,
      ...(isGoal
        ? {
            goal: `<= ${BODY_BYTES_MAX} B`,
            goalId: 'P3',
            met: recording.bodyBytesMean <= BODY_BYTES_MAX,
          }
        : {}),
    }),
    ownRow({
      name: `${name}/header`,
      unit: 'bytes per packet',
      ours: recording.packetBytesMean - recording.bodyBytesMean,
    }),
  ];
}

/** Ours and the peer on the same recording, turn by turn. */
class Race {
  /** Bytes per client and tick; null without a peer. */
  readonly peerBytesMean: number | null;
  readonly #ours: Replay;
  readonly #peer: SchemaPeer | undefined;
  readonly #players: number;
  readonly #collect = collector();
  #left: number;
  readonly #wanted: { readonly bytes: number; readonly hash: number } | undefined;

  constructor(recording: Recording, { module, options, peer }: Parts) {
    const { players } = recording.size;
    this.#players = players;
    this.#left = recording.ticks.length - recording.warmTicks;
    this.#ours = new Replay(module, recording);
    this.#ours.warm();
    if (peer === undefined) {
      this.peerBytesMean = null;
      return;
    }
    const clients = Math.min(players, PEER_CLIENTS_MAX);
    const wanted = verifyPeer(peer.module, recording, clients);
    options.progress(
      `${nameOf(recording.size)}: ${wanted.compared} patches of ${peer.name} decoded and equal (${clients} of ${players} clients)`,
    );
    this.#wanted = wanted;
    this.#peer = new SchemaPeer(peer.module, recording);
    const ticks = this.#peer.left;
    while (this.#peer.left > this.#left) this.#peer.run();
    this.peerBytesMean = wanted.bytes / (ticks * players);
  }

  /** Who goes first changes. All garbage is collected before each, so that nobody pays for the other's. */
  round(index: number, ticks: number): Round {
    this.#left -= ticks;
    let [ours, peer] = [0, null as number | null];
    const turns = [
      () => {
        ours = this.#ours.time(ticks);
      },
      () => {
        peer = this.#timePeer(ticks);
      },
    ];
    if (index % 2 === 1) turns.reverse();
    for (const turn of turns) {
      this.#collect();
      turn();
    }
    return { ours, peer };
  }

  #timePeer(ticks: number): number | null {
    const peer = this.#peer;
    if (peer === undefined) return null;
    const before = process.cpuUsage();
    for (let tick = 0; tick < ticks; tick += 1) peer.run();
    const used = process.cpuUsage(before);
    const { bytes, hash } = this.#wanted ?? { bytes: 0, hash: 0 };
    if (this.#left === 0 && (peer.sent.bytes !== bytes || peer.sent.hash !== hash))
      throw new Error('The peer sent other patches than those that were decoded');
    return ((used.user + used.system) * 1000) / (ticks * this.#players);
  }
}

/** The bytes where players turn over several ticks: what W1 would cost if it were read so. */
function softTurns({ module, options, lengths }: Parts): BenchRow {
  const [size] = W1_SIZES as readonly [W1Size];
  const { warmTicks, rounds, roundTicks } = lengths;
  const recording = record(module, {
    size,
    seed: options.seed,
    warmTicks,
    timedTicks: rounds * roundTicks,
    turn: TURN_SOFTLY,
  });
  const name = `${nameOf(size)}/body, turns at ${TURN_SOFTLY} m/s2`;
  options.progress(describe(name, recording));
  return ownRow({
    name,
    unit: 'bytes per snapshot, not W1',
    ours: recording.bodyBytesMean,
  });
}

/** Cost against players, and bytes against those in sight. */
function chartsOf(rows: readonly BenchRow[], sizes: readonly W1Size[]): BenchChart[] {
  const pictured = sizes.filter(({ visible }, index) => index === 0 || visible !== VISIBLE_FIRST);
  const series = (ending: string): BenchChart['series'] => {
    const found = pictured.map((size) =>
      rows.find(({ name }) => name === `${nameOf(size)}${ending}`),
    );
    const peer = found.find((row) => row?.peerName)?.peerName;
    return [
      { label: 'ours', values: found.map((row) => row?.ours ?? null) },
      ...(peer ? [{ label: peer, values: found.map((row) => row?.peer ?? null) }] : []),
    ];
  };
  return [
    {
      title: 'Cost against players (10, 20, 40 others in sight)',
      kind: 'points',
      x: { label: 'players', values: pictured.map(({ players }) => players) },
      y: { label: 'CPU ns per player and tick' },
      series: series(''),
    },
    {
      title: 'Bytes against others in sight',
      kind: 'points',
      x: { label: 'others in sight', values: pictured.map(({ visible }) => visible) },
      y: { label: 'bytes per client and tick' },
      series: series('/bytes'),
    },
  ];
}

/** P1b: what ten times the entities cost at the same number of visible ones. */
function growth(rows: readonly BenchRow[]): BenchRow[] {
  const at = (name: string): number | undefined => rows.find((row) => row.name === name)?.ours;
  const [small, large] = [at('tick/100x10'), at('tick/1000x10')];
  if (small === undefined || large === undefined) return [];
  const ours = large / small;
  return [
    ownRow({
      name: 'tick/1000x10 to 100x10',
      unit: 'times the CPU per player and tick',
      ours,
      goal: `<= ${GROWTH_MAX}`,
      goalId: 'P1b',
      met: ours <= GROWTH_MAX,
    }),
  ];
}

function describe(name: string, recording: Recording): string {
  const { compared, visibleMean, ackAge, deferredMean } = recording;
  return (
    `${name}: ${compared} snapshots decoded and equal, ${visibleMean.toFixed(1)} others visible, ` +
    `acks ${ackAge.min} to ${ackAge.max} ticks old (mean ${ackAge.mean.toFixed(1)}), ` +
    `${deferredMean.toFixed(3)} others deferred per snapshot, ${TICK_RATE_HZ} Hz`
  );
}

function nameOf(size: W1Size): string {
  return `tick/${size.players}x${size.visible}`;
}

/** Of W1_SIZES: the last is the first with more players. */
const VISIBLE_FIRST = 10;
const MORE = {
  settings:
    'narrow types (uint16 centimetres, uint8), a StateView per client, the shared part encoded once, changes discarded each tick: patch rate = tick rate (https://docs.colyseus.io/state/schema, https://docs.colyseus.io/state/view)',
  peer: 'tracks changes in objects that an author writes to freely; its schema nests and holds collections',
  ours: 'decodes inputs, moves everybody, finds who sees whom (the peer is handed it), runs hooks, keeps what lost packets need, copies to another thread',
};
/** The sheet's 300 and 3,000 ticks. V8 has compiled both by the end of the warm-up. */
const FULL = { warmTicks: 300, rounds: 10, roundTicks: 300 };
const QUICK = { warmTicks: 120, rounds: 3, roundTicks: 64 };
/** Clients of the peer whose patches are decoded. At 100 players all; more would take minutes. */
const PEER_CLIENTS_MAX = 100;
/** Bytes. */
const BODY_BYTES_MAX = 22;
const RATIO_AT_100 = 15;
const RATIO_AT_1000 = 35;
const GROWTH_MAX = 1.3;
