/**
 * Where the bits of W1's snapshots go, counted by the decoder that was written from SPEC.md alone (test/independent): which of its
 * functions asked for them. `node --import=tsx --conditions=fray-source bench/snapshot-bits.ts [PLAYERS VISIBLE TICKS]`, default 100
 * 10 300. Ten clients are decoded.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import { packageRoot } from '../src/cli/games.ts';
import { BitReader } from '../test/independent/bits.ts';
import type { Game } from '../test/independent/game.ts';
import { ARENA } from '../test/independent/game.ts';
import { HEADER_BYTES, readFragments, readHeader } from '../test/independent/packet.ts';
import { World } from '../test/independent/snapshot.ts';
import { EPOCH } from './shard-host.ts';
import { record } from './w1-recording.ts';

const CLIENTS = 10;
/** Functions of the decoder, innermost first where one calls another, and what their bits are for. */
const SECTIONS: readonly (readonly [RegExp, string])[] = [
  [/ readOwn /, 'own player'],
  [/ readEvents /, 'events'],
  [/ readWhole /, 'enters'],
  [/ nearMiss /, 'others: position off by a quantum'],
  [/ readAim /, 'others: heading'],
  [/ readVelocity /, 'others: new velocities'],
  [/ readOthers /, 'others: health'],
  [/ readTurn /, 'others: when they turned'],
  [/\.signed .* readDifference /, 'others: larger corrections'],
  [/ readDifference /, 'others: what has changed'],
  [/readMember/, 'order: who left, baselines, whether any enter'],
  [/#head/, 'head: reference, tick, command, timing'],
];
const [players = 100, visible = 10, ticks = 300] = process.argv.slice(2).map(Number);
const bits = new Map<string, number>(SECTIONS.map(([, name]) => [name, 0]));
let snapshots = 0;

class MeteredReader extends BitReader {
  counting = false;

  override u(count: number): number {
    if (this.counting && count > 0) {
      const frames = ` ${new Error().stack?.replaceAll('\n', ' ')} `;
      const section = SECTIONS.find(([pattern]) => pattern.test(frames))?.[1];
      if (section !== undefined) bits.set(section, (bits.get(section) ?? 0) + count);
    }
    return super.u(count);
  }
}

/** W1 as SPEC section 2 wants a game told. */
const game: Game = {
  ...ARENA,
  healthBits: 8,
  entitiesMax: players,
  kinds: ARENA.kinds.slice(0, 2).map((kind) => ({ ...kind, health: 255 })),
  ownFields: 0,
  rosterFields: 0,
};
const worlds = Array.from({ length: CLIENTS }, () => new World(game, false));
const core = readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm'));
const recording = record(await compileCore(core), {
  size: { players, visible },
  seed: 1,
  warmTicks: 300,
  timedTicks: ticks,
  hear({ slot, bytes, counted }) {
    const world = worlds[slot];
    if (world === undefined) return;
    const { sequence } = readHeader(bytes, EPOCH);
    const reader = new MeteredReader(bytes, HEADER_BYTES);
    readFragments(reader);
    reader.counting = counted;
    world.keep(world.read(reader, sequence));
    if (counted) snapshots += 1;
  },
});
const all = [...bits.values()].reduce((sum, count) => sum + count, 0);
console.log(
  `${snapshots} snapshots of ${CLIENTS} of ${players} clients, ${recording.visibleMean.toFixed(1)} others visible on average`,
);
for (const [name, count] of bits) {
  const each = (count / snapshots).toFixed(1).padStart(7);
  console.log(`${each} bits ${((100 * count) / all).toFixed(1).padStart(5)} %  ${name}`);
}
console.log(
  `${(all / snapshots).toFixed(1).padStart(7)} bits, ${(all / snapshots / 8).toFixed(2)} bytes; all clients: ${recording.bodyBytesMean.toFixed(2)}`,
);
