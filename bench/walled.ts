/** Two rooms of the same bots that differ in their walls alone, tick by tick in turns. */
import { median } from '../src/cli/bench-report.ts';
import type { BotRoom, Moves } from './bot-room.ts';
import { random } from './w1.ts';

/** Bots of each room. */
export const PLAYERS = 200;

/** Half of a tick that is measured. */
export type Half = 'begin' | 'end';

/**
 * Runs ticks of both rooms, in which 6 % of the bots turn. Answers what a half of a tick costs, ns per player: `ours` in the first room, `peer` in the other.
 */
export function pairOf(rooms: readonly [BotRoom, BotRoom], half: Half, seed: number) {
  const draw = random(seed);
  const moves: Moves = { x: new Int8Array(PLAYERS), y: new Int8Array(PLAYERS) };
  return (ticks: number): { ours: number; peer: number } => {
    const times: [number[], number[]] = [[], []];
    for (let tick = 0; tick < ticks; tick += 1) {
      for (let slot = 0; slot < PLAYERS; slot += 1) {
        if (draw() >= 0.06) continue;
        moves.x[slot] = Math.trunc(254 * draw() - 127);
        moves.y[slot] = Math.trunc(254 * draw() - 127);
      }
      rooms.forEach((room, index) => {
        room.steer(moves);
        const took = { begin: room.begin(), end: room.end() };
        times[index]?.push(took[half]);
      });
    }
    const [ours, peer] = times.map((all) => median(all) / PLAYERS) as [number, number];
    return { ours, peer };
  };
}
