/** What it costs that walls hide: the second half of a tick of bots in a town, with `hideBehindWalls` and without. */
import type { BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { ratioRow } from '../src/cli/bench-report.ts';
import { circle, defineSchema, type Wall } from '../src/schema/index.ts';
import { BotRoom, metres } from './bot-room.ts';
import { random, worldEdge } from './w1.ts';
import { PLAYERS, pairOf } from './walled.ts';

/** Tick by tick in turns; the ratio is without / with: 0.8 says that a fourth is added. */
export function hidingRow(module: WebAssembly.Module, options: BenchOptions): BenchRow {
  const { warmTicks, rounds, roundTicks } = options.quick ? QUICK : FULL;
  const rooms = [town(module, true, options.seed), town(module, false, options.seed)] as const;
  const round = pairOf(rooms, 'end', options.seed + 1);
  round(warmTicks);
  const [hiding, open] = rooms.map(seen) as [number, number];
  options.progress(
    `interest/${PLAYERS} among walls: ${open.toFixed(1)} others within ${RADIUS} m, ${hiding.toFixed(1)} of them not hidden`,
  );
  return ratioRow({
    name: `interest/${PLAYERS} among walls, whole second half, hiding`,
    unit: 'ns per player and tick',
    rounds: Array.from({ length: rounds }, () => round(roundTicks)),
    peerName: 'ours, hiding nobody',
  });
}

/** Others that a player is told of. */
function seen({ core }: BotRoom): number {
  let sum = 0;
  for (const word of core.visible) for (let left = word; left !== 0; left &= left - 1) sum += 1;
  return sum / PLAYERS;
}

/** W1's ground, with a wall of 8 m for each player. */
function town(module: WebAssembly.Module, hides: boolean, seed: number): BotRoom {
  const draw = random(seed);
  const edge = worldEdge(PLAYERS);
  const across = (): number => (draw() - 0.5) * edge;
  const walls: Wall[] = Array.from({ length: PLAYERS }, () => {
    const lies = draw() < 0.5;
    return { x: across(), y: across(), width: lies ? 8 : 0.5, depth: lies ? 0.5 : 8 };
  });
  const schema = defineSchema({
    name: 'town',
    world: { width: edge, depth: edge, walls },
    net: { hideBehindWalls: hides },
    input: {},
    player: { shape: circle(0.5), viewRadius: RADIUS, solid: false, movement: { topSpeed: 6 } },
  });
  const bots = Array.from({ length: PLAYERS }, () => ({
    x: metres(across()),
    y: metres(across()),
  }));
  return new BotRoom(module, { config: schema.config({ playersMax: PLAYERS }), bots });
}

/** Metres; some 20 others. */
const RADIUS = 26;
const FULL = { warmTicks: 300, rounds: 10, roundTicks: 200 };
const QUICK = { warmTicks: 60, rounds: 3, roundTicks: 60 };
