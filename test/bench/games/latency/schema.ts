/** The game of `fray bench latency`: everybody sees everybody; what a player's controls change first is where it looks. */
import { angle, axis2, circle, defineSchema } from 'fray/schema';

export const latency = defineSchema({
  name: 'latency',
  tickRateHz: Number(process.env['BENCH_TICK_RATE_HZ'] ?? 30),
  world: { width: 60, depth: 60 },
  // What is shown is the newest that has come: the bench wants to see that, and adds the delay of a page itself.
  net: { interpolationMs: 0, aimBits: 8 },
  input: { move: axis2(), aim: angle() },
  player: { shape: circle(0.5), solid: false, viewRadius: 60 },
});
