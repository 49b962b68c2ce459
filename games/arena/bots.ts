/** How the arena's bots play: they wander, pick the nearest enemy in sight, lead their shots and miss like people. */
import type { BotInputOf, BotRoomOf, BotViewOf } from 'fray/plugin';
import { ARENA_SIZE, walls } from './map.ts';
import type { arena } from './schema.ts';

type Room = BotRoomOf<typeof arena>;
type Bot = BotViewOf<typeof arena>;

interface Spot {
  readonly x: number;
  readonly y: number;
}

/** World units: farther enemies are let go. */
const FIGHT_REACH = 15;
/** World units a bot likes to keep from its enemy. */
const KEEP = 7;
/** Speed of the bolts they lead with, units per second. */
const BOLT_SPEED = 28;
/** Ticks for which a bot keeps its mind. */
const MOOD_TICKS = 40;
/** World units ahead at which a wall turns a bot. */
const FEELER = 1.7;

/** Controls of one bot for one tick. Depends on what it sees, its id and the tick only. */
export function botInput(room: Room, bot: Bot): BotInputOf<typeof arena> {
  const mood = hash(bot.id, Math.floor((room.tick + bot.id * 13) / MOOD_TICKS));
  const enemy = nearest(room, bot);
  if (!enemy) return wander(room, bot, mood);
  const dx = enemy.x - bot.x;
  const dy = enemy.y - bot.y;
  const distance = Math.hypot(dx, dy) || 1;
  const lead = (distance / BOLT_SPEED) * ((mood & 7) / 7);
  const aimX = dx + enemy.vx * lead;
  const aimY = dy + enemy.vy * lead;
  const miss = 0.13 * Math.sin(room.tick / 9 + bot.id) + (((mood >> 3) & 15) - 7.5) * 0.012;
  const side = mood & 256 ? 1 : -1;
  const pull = distance > KEEP ? 0.8 : -0.7;
  const clear = !blocked(bot, enemy);
  return {
    move: free(bot, {
      x: (dx * pull - dy * side * 0.8) / distance,
      y: (dy * pull + dx * side * 0.8) / distance,
    }),
    aim: Math.atan2(aimY, aimX) + miss,
    fire: clear && (room.tick + bot.id * 7) % 40 < 22,
    dash: (mood & 0x3e00) === 0 && distance < KEEP,
  };
}

function wander(room: Room, bot: Bot, mood: number): BotInputOf<typeof arena> {
  let angle = (mood / 0x1_0000) * Math.PI * 2;
  for (const crate of room.entities('crate')) {
    const wanted = crate.content !== 0 || bot.health < 70;
    if (wanted && !blocked(bot, crate)) angle = Math.atan2(crate.y - bot.y, crate.x - bot.x);
  }
  const home = Math.hypot(bot.x, bot.y) > ARENA_SIZE * 0.42 ? Math.atan2(-bot.y, -bot.x) : angle;
  return {
    move: free(bot, { x: Math.cos(home), y: Math.sin(home) }),
    aim: home,
    fire: false,
    dash: false,
  };
}

function nearest(room: Room, bot: Bot) {
  let found: { x: number; y: number; vx: number; vy: number } | undefined;
  let best = FIGHT_REACH;
  for (const other of room.players) {
    const distance = Math.hypot(other.x - bot.x, other.y - bot.y);
    if (other.alive && distance < best) {
      best = distance;
      found = other;
    }
  }
  return found;
}

/** Turns a direction away from walls: as it is, else to a side, else back. */
function free(bot: Spot, wish: Spot): Spot {
  for (const turn of [wish, { x: -wish.y, y: wish.x }, { x: wish.y, y: -wish.x }]) {
    const x = bot.x + turn.x * FEELER;
    const y = bot.y + turn.y * FEELER;
    if (
      Math.max(Math.abs(x), Math.abs(y)) < ARENA_SIZE / 2 - 0.6 &&
      !walls.some((wall) => inside(wall, x, y))
    ) {
      return turn;
    }
  }
  return { x: -wish.x, y: -wish.y };
}

function inside(wall: (typeof walls)[number], x: number, y: number): boolean {
  return Math.abs(x - wall.x) < wall.width / 2 + 0.5 && Math.abs(y - wall.y) < wall.depth / 2 + 0.5;
}

/** A wall stands between two places (looked at once per unit). */
function blocked(from: Spot, to: Spot): boolean {
  const steps = Math.ceil(Math.hypot(to.x - from.x, to.y - from.y));
  for (let step = 1; step < steps; step += 1) {
    const x = from.x + ((to.x - from.x) * step) / steps;
    const y = from.y + ((to.y - from.y) * step) / steps;
    const hit = walls.some(
      (wall) =>
        Math.abs(x - wall.x) < wall.width / 2 + 0.1 && Math.abs(y - wall.y) < wall.depth / 2 + 0.1,
    );
    if (hit) return true;
  }
  return false;
}

/** 16 bits that look random. */
function hash(a: number, b: number): number {
  let value = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35);
  value ^= value >>> 15;
  value = Math.imul(value, 0x2c1b3c6d);
  return (value ^ (value >>> 13)) & 0xffff;
}
