/**
 * Where the bits of W1's snapshots go, counted by the decoder that was written from SPEC.md alone (test/independent): which of its
 * functions asked for them.
 */
import { BitReader } from '../test/independent/bits.ts';
import type { Game } from '../test/independent/game.ts';
import { ARENA } from '../test/independent/game.ts';
import { HEADER_BYTES, readFragments, readHeader } from '../test/independent/packet.ts';
import { World } from '../test/independent/snapshot.ts';
import { EPOCH } from './shard-host.ts';
import { record } from './w1-recording.ts';

export interface SnapshotParts {
  /** Mean bits per snapshot by part. */
  readonly bits: ReadonlyMap<string, number>;
  readonly snapshots: number;
  readonly visibleMean: number;
  /** Of all clients, as the core counts. */
  readonly bodyBytesMean: number;
}

/** Plays W1 and decodes the snapshots of some of its clients. */
export function snapshotParts(
  module: WebAssembly.Module,
  {
    players,
    visible,
    seed,
    ticks,
  }: { players: number; visible: number; seed: number; ticks: number },
): SnapshotParts {
  const bits = new Map<string, number>(SECTIONS.map(([, name]) => [name, 0]));
  /** W1 as SPEC section 2 wants a game told. */
  const game: Game = {
    ...ARENA,
    healthBits: 8,
    entitiesMax: players,
    movement: { topSpeed: 17476, acceleration: 34953, friction: 34953, relativeToAim: false },
    kinds: ARENA.kinds.slice(0, 2).map((kind) => ({ ...kind, health: 255 })),
    ownFields: 0,
    rosterFields: 0,
  };
  const worlds = Array.from({ length: CLIENTS }, () => new World(game, false));
  let snapshots = 0;
  const { visibleMean, bodyBytesMean } = record(module, {
    size: { players, visible },
    seed,
    warmTicks: WARM_TICKS,
    timedTicks: ticks,
    hear({ slot, bytes, counted }) {
      const world = worlds[slot];
      if (world === undefined) return;
      const { sequence } = readHeader(bytes, EPOCH);
      const reader = new MeteredReader(bytes, HEADER_BYTES);
      readFragments(reader);
      if (counted) reader.meter(bits);
      world.keep(world.read(reader, sequence));
      if (counted) snapshots += 1;
    },
  });
  for (const [name, count] of bits) bits.set(name, count / snapshots);
  return { bits, snapshots, visibleMean, bodyBytesMean };
}

class MeteredReader extends BitReader {
  #bits: Map<string, number> | undefined;

  /** Counts from now on. */
  meter(bits: Map<string, number>): void {
    this.#bits = bits;
  }

  override u(count: number): number {
    if (this.#bits !== undefined && count > 0) {
      const frames = ` ${new Error().stack?.replaceAll('\n', ' ')} `;
      const section = SECTIONS.find(([pattern]) => pattern.test(frames))?.[1];
      if (section !== undefined) this.#bits.set(section, (this.#bits.get(section) ?? 0) + count);
    }
    return super.u(count);
  }
}

/** Functions of the decoder, innermost first where one calls another, and what their bits are for. */
const SECTIONS: readonly (readonly [RegExp, string])[] = [
  [/ readOwn /, 'own player'],
  [/ readEvents /, 'events'],
  [/ readWhole /, 'enters'],
  [/ nearMiss /, 'others: position off by a quantum'],
  [/ readAim /, 'others: heading'],
  [/ readSpeed /, 'others: new velocities'],
  [/ readOthers /, 'others: health'],
  [/ readTurn /, 'others: when they turned'],
  [/\.signed .* readDifference /, 'others: larger corrections'],
  [/ readDifference /, 'others: what has changed'],
  [/readMember/, 'order: who left, baselines, whether any enter'],
  [/#head/, 'head: reference, tick, command, timing'],
];
/** Whose snapshots are decoded. */
const CLIENTS = 10;
const WARM_TICKS = 300;
