/**
 * How the outpost's bots play. A bot has a mind of five fields: the place it walks to, a die, its skill, the enemy it looks
 * at and since when. `think` writes them a few times a second with the room's generator; `botInput` acts on them in each
 * tick. A bot turns no faster than a wrist, waits its reaction time, and misses more the farther the enemy is.
 */
import type { BotInputOf, BotRoomOf, BotViewOf, PlayerViewOf, RoomOf } from 'fray/plugin';
import { nobody } from 'fray/schema';
import { clearPart, EYE_HEIGHT, POINT, type Spot } from './map.ts';
import type { outpost } from './schema.ts';
import { nearestPlace, onward, POINT_PLACE, places } from './ways.ts';

type Room = RoomOf<typeof outpost>;
type Player = PlayerViewOf<typeof outpost>;
type BotRoom = BotRoomOf<typeof outpost>;
type Bot = BotViewOf<typeof outpost>;

/** Ticks between two thoughts. */
const THINK_TICKS = 10;
/** World units: farther enemies are let go. */
const SIGHT = 42;
/** Within this a bot hears who is behind it. */
const HEARING = 7;
/** Radians to each side that a bot sees. */
const FIELD_OF_VIEW = 1.2;
/** Ticks from seeing somebody to the first shot: 200 ms for the best, 450 ms for the worst. */
const REACTION_BEST = 12;
const REACTION_WORST = 27;
/** Radians that a bot turns in a tick. */
const TURN_MOST = 0.11;
/** Radians of aim error at no distance, and more per unit of distance, of the worst. */
const ERROR_NEAR = 0.02;
const ERROR_PER_UNIT = 0.0022;
/** Speed of what the launcher shoots, units per second. */
const ROCKET_SPEED = 30;

/** A fresh mind, when a bot comes to life. */
export function wake(room: Room, bot: Player): void {
  bot.skill = 64 + room.randomInt(192);
  bot.die = room.randomInt(0x1_0000);
  bot.place = nearestPlace(bot);
  bot.enemy = nobody;
}

/** Every bot in its turn; call once a tick. */
export function think(room: Room): void {
  for (const bot of room.players) {
    if (!bot.bot || !bot.alive || (room.tick + bot.slot) % THINK_TICKS !== 0) continue;
    look(room, bot);
    if (room.randomInt(4) === 0) bot.die = room.randomInt(0x1_0000);
    const place = places[bot.place] ?? POINT;
    if (bot.place !== POINT_PLACE && Math.hypot(place.x - bot.x, place.y - bot.y) < 1.6)
      bot.place = onward(bot.place, room.randomInt(0x1_0000));
    // Who was pushed off its way looks for it anew.
    else if (room.randomInt(64) === 0 && bot.place !== POINT_PLACE) bot.place = nearestPlace(bot);
  }
}

/** Chooses the nearest enemy that it can see. */
function look(room: Room, bot: Player): void {
  const eye = { x: bot.x, y: bot.y, z: bot.z + EYE_HEIGHT };
  let [seen, least] = [nobody, SIGHT];
  for (const other of room.players) {
    if (!other.alive || other.team === bot.team) continue;
    const distance = Math.hypot(other.x - bot.x, other.y - bot.y);
    if (distance >= least) continue;
    const off = Math.abs(turnTo(bot.aim, Math.atan2(other.y - bot.y, other.x - bot.x)));
    if (off > FIELD_OF_VIEW && distance > HEARING && other.id !== bot.enemy) continue;
    if (clearPart(eye, { x: other.x, y: other.y, z: other.z + EYE_HEIGHT * 0.8 }) < 1) continue;
    [seen, least] = [other.id, distance];
  }
  if (seen === bot.enemy) return;
  bot.enemy = seen;
  bot.since = room.tick;
}

/** Controls of one bot for one tick. */
export function botInput(room: BotRoom, bot: Bot): BotInputOf<typeof outpost> {
  const goal = goalOf(bot);
  const way = Math.atan2(goal.y - bot.y, goal.x - bot.x);
  const far = Math.hypot(goal.x - bot.x, goal.y - bot.y);
  const jump = stuck(room, bot, far);
  for (const other of room.players) {
    if (other.id === bot.enemy && other.team !== bot.team)
      return { ...fight(room, bot, other), ...walk(bot, far > 0.7 ? way : undefined, room), jump };
  }
  const look = far > 0.7 ? way : ((bot.die & 0xff) / 256) * 2 * Math.PI;
  const aim = bot.aim + limit(turnTo(bot.aim, look), TURN_MOST * 0.6);
  return {
    move: far > 0.7 ? along(aim, way, 1) : { x: 0, y: 0 },
    aim,
    pitch: bot.pitch * 0.9,
    fire: false,
    jump,
  };
}

type Seen = Readonly<Record<'x' | 'y' | 'z' | 'vx' | 'vy', number>>;

/** Aim and trigger against an enemy. */
function fight(
  room: BotRoom,
  bot: Bot,
  enemy: Seen,
): { aim: number; pitch: number; fire: boolean } {
  const rocket = bot.weapon === 'launcher';
  const [dx, dy] = [enemy.x - bot.x, enemy.y - bot.y];
  const distance = Math.hypot(dx, dy) || 1;
  const lead = rocket ? distance / ROCKET_SPEED : 0;
  const error = (ERROR_NEAR + ERROR_PER_UNIT * distance) * (1.3 - bot.skill / 255);
  // The die is drawn anew about twice a second, and the hand trembles between.
  const sway = Math.sin(room.tick / 11 + bot.id * 3) * 0.6;
  const wantAim =
    Math.atan2(dy + enemy.vy * lead, dx + enemy.vx * lead) + error * (bell(bot.die) + sway);
  const height = enemy.z + (rocket ? 0.5 : 1.15) - (bot.z + EYE_HEIGHT);
  const wantPitch = Math.atan2(height, distance) + 0.6 * error * (bell(bot.die >> 8) - sway);
  const off = turnTo(bot.aim, wantAim);
  const reaction = REACTION_WORST - ((REACTION_WORST - REACTION_BEST) * bot.skill) / 255;
  const ready = room.tick - bot.since > reaction && Math.abs(off) < 0.12;
  // Bursts, with a breath between them; longer ones from near.
  const breath = (room.tick + bot.id * 17) % 54 < (distance < 12 ? 44 : 26);
  return {
    aim: bot.aim + limit(off, TURN_MOST),
    pitch: bot.pitch + limit(wantPitch - bot.pitch, TURN_MOST / 2),
    fire: ready && (rocket || breath),
  };
}

/** Goes on while it fights, and to a side. */
function walk(bot: Bot, way: number | undefined, room: BotRoom): { move: Spot } {
  const side = ((room.tick >> 5) + bot.die) & 1 ? 1 : -1;
  const forward = way === undefined ? { x: 0, y: 0 } : along(bot.aim, way, 0.75);
  return { move: { x: forward.x + 0.6 * side, y: forward.y } };
}

/** Where it walks; on the point each stands somewhere else. */
function goalOf(bot: Bot): Spot {
  const place = places[bot.place] ?? POINT;
  if (bot.place !== POINT_PLACE) return place;
  const turn = ((bot.die & 0xff) / 256) * 2 * Math.PI;
  const out = 1.4 + (bot.die >> 14) * 0.5;
  return { x: place.x + Math.cos(turn) * out, y: place.y + Math.sin(turn) * out };
}

/** It wants to go and does not: it hops, now and then. */
function stuck(room: BotRoom, bot: Bot, far: number): boolean {
  return far > 1.5 && Math.hypot(bot.vx, bot.vy) < 1.5 && (room.tick + bot.id * 7) % 50 < 5;
}

/** The stick, which is relative to the aim, for a way in the world. */
function along(aim: number, way: number, length: number): Spot {
  return { x: -Math.sin(way - aim) * length, y: Math.cos(way - aim) * length };
}

/** Radians from one direction to another, -π..π. */
function turnTo(from: number, to: number): number {
  const off = (to - from) % (2 * Math.PI);
  return off > Math.PI ? off - 2 * Math.PI : off < -Math.PI ? off + 2 * Math.PI : off;
}

function limit(value: number, most: number): number {
  return Math.max(-most, Math.min(most, value));
}

/** -1..1, near 0 more often: the mean of two parts of a die. */
function bell(die: number): number {
  return ((die & 15) + ((die >> 4) & 15)) / 15 - 1;
}
