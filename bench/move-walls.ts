/** What walls far away cost a move: the same players among a hundred boxes of a schema, and among ten thousand, as dense as those. */
import type { BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { ratioRow } from '../src/cli/bench-report.ts';
import { circle, defineSchema, type Wall } from '../src/schema/index.ts';
import { BotRoom, metres } from './bot-room.ts';
import { random } from './w1.ts';
import { PLAYERS, pairOf } from './walled.ts';

/** Tick by tick in turns; the ratio is few / many: 1 says that the number does not matter. */
export function wallRow(module: WebAssembly.Module, options: BenchOptions): BenchRow {
  const { warmTicks, rounds, roundTicks } = options.quick ? QUICK : FULL;
  const rooms = [town(module, MANY, options.seed), town(module, FEW, options.seed)] as const;
  const round = pairOf(rooms, 'begin', options.seed + 1);
  round(warmTicks);
  return ratioRow({
    name: `move/${PLAYERS}, ${MANY} boxes beside ${FEW}`,
    unit: 'ns per player and tick',
    rounds: Array.from({ length: rounds }, () => round(roundTicks)),
    peerName: `ours, ${FEW} boxes`,
    goal: { text: '>= 0.8x', ratioMin: 0.8 },
  });
}

/** A square of ground with a box on every 25 m2, and players in its middle. */
function town(module: WebAssembly.Module, count: number, seed: number): BotRoom {
  const draw = random(seed);
  const edge = Math.sqrt(count * M2_PER_BOX);
  const across = (): number => (draw() - 0.5) * edge;
  const walls: Wall[] = Array.from({ length: count }, () => ({
    x: across(),
    y: across(),
    width: 0.5 + draw(),
    depth: 0.5 + draw(),
  }));
  const schema = defineSchema({
    name: 'town',
    world: { width: edge, depth: edge, walls },
    input: {},
    player: { shape: circle(0.5), viewRadius: 10, solid: false },
  });
  const bots = Array.from({ length: PLAYERS }, () => ({
    x: metres((draw() - 0.5) * SQUARE),
    y: metres((draw() - 0.5) * SQUARE),
  }));
  const config = schema.config({ playersMax: PLAYERS, entitiesMax: PLAYERS });
  return new BotRoom(module, { config, bots });
}

const FEW = 100;
const MANY = 10_000;
const M2_PER_BOX = 25;
/** Metres: all of the smaller town. */
const SQUARE = 48;
const FULL = { warmTicks: 200, rounds: 10, roundTicks: 100 };
const QUICK = { warmTicks: 60, rounds: 3, roundTicks: 30 };
