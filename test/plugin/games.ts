/** The two games of the plugin's tests. */

import type { GameHooks } from '../../src/plugin/game.ts';
import type { Game, RoomOf } from '../../src/plugin/index.ts';
import { defineGame } from '../../src/plugin/index.ts';
import {
  angle,
  axis2,
  bits,
  bool,
  box,
  button,
  circle,
  defineSchema,
  hitscan,
  i32,
  nobody,
  player,
  projectile,
  text,
  tick,
  u8,
  u16,
} from '../../src/schema/index.ts';

/** A quiet game: hooks do what a test asks for. */
export const ledger = defineSchema({
  name: 'ledger',
  world: { width: 60, depth: 60 },
  input: { move: axis2(), aim: angle(), fire: button() },
  room: { fields: { total: i32(), last: player(), hidden: u8({ to: 'none' }), motto: text(20) } },
  player: {
    viewRadius: 10,
    fields: {
      kills: u16({ to: 'room' }),
      ammo: u8({ to: 'owner', initial: 3 }),
      secret: u8({ to: 'none' }),
      tag: text(8),
    },
  },
  weapons: {
    rail: hitscan({ damage: 40, cooldownMs: 100, range: 30 }),
    bow: projectile({ damage: 9, cooldownMs: 99, speed: 9, lifeMs: 900 }),
  },
  kinds: {
    crate: {
      shape: box(1, 1),
      touch: true,
      fields: { content: bits(4), open: bool(), note: text(8) },
    },
    target: {
      shape: circle(1),
      health: 30,
      fields: { worth: u8({ initial: 7 }), owner2: u8({ to: 'none' }) },
    },
  },
  toServer: { chat: { text: text(40) } },
  toClient: { chat: { from: player(), text: text(40) }, big: { text: text(2000) } },
  timers: { ring: { who: player(), n: i32(), loud: bool(), dir: angle() } },
});

export type LedgerHooks = Omit<GameHooks<typeof ledger, Record<never, never>>, 'options'>;
export type LedgerRoom = RoomOf<typeof ledger>;

export function ledgerGame(hooks: LedgerHooks): Game {
  return defineGame(ledger, hooks);
}

const brawlSchema = defineSchema({
  name: 'brawl',
  tickRateHz: 30,
  world: { width: 30, depth: 30 },
  input: { move: axis2(), aim: angle(), fire: button(), dash: button() },
  weapons: {
    blaster: projectile({
      damage: 18,
      cooldownMs: 200,
      speed: 28,
      lifeMs: 900,
      radius: 0.18,
      knockback: 2,
    }),
    rail: hitscan({ damage: 55, cooldownMs: 900, range: 30 }),
  },
  room: { fields: { leader: player(), startedAt: tick(), bounty: u16({ to: 'none' }) } },
  player: {
    viewRadius: 15,
    movement: {
      topSpeed: 7,
      acceleration: 70,
      friction: 50,
      dash: { speed: 22, durationMs: 130, cooldownMs: 1500 },
    },
    fields: {
      kills: u16({ to: 'room' }),
      colour: bits(4, { to: 'room' }),
      streak: u8({ to: 'none' }),
    },
  },
  kinds: { crate: { shape: box(0.9, 0.9), touch: true, fields: { content: bits(2) } } },
  toServer: { chat: { text: text(40) } },
  toClient: { kill: { attacker: player(), victim: player() } },
  timers: { respawn: { who: player() }, crate: { spot: u8() } },
});

/** A busy game: bots fight, die, come back, take crates; everything the plugin can command is in it. */
export const brawl = defineGame(brawlSchema, {
  options: { playersMax: 8, room: { rounds: u8({ min: 1, max: 9, initial: 3 }), title: text(12) } },
  onCreate(room, { options }) {
    room.addWalls([
      { x: 5, y: 5, width: 4, depth: 1 },
      { x: -6, y: 2, width: 1, depth: 6 },
    ]);
    room.state.startedAt = room.tick;
    room.state.bounty = options.rounds;
    room.state.leader = nobody;
    for (let n = 0; n < 5; n += 1) crate(room, n);
    for (let n = 0; n < 6; n += 1) room.addBot({ name: `b${n}`, team: n % 2 });
  },
  onJoin(room, p) {
    p.colour = room.randomInt(16);
    p.weapon = p.slot % 2 === 0 ? 'blaster' : 'rail';
    room.place(p, room.freePlace(), { protectTicks: 10 });
  },
  onTouch(room, { player: p, other }) {
    if (other.kind !== 'crate') return;
    p.health += 10 * other.content;
    p.topSpeed = 7 + other.content / 2;
    room.after(30, 'crate', { spot: room.randomInt(5) });
    room.remove(other);
  },
  onHit(_room, hits) {
    for (const hit of hits) {
      if (hit.weapon === 'rail') hit.scale(0.5);
      if (hit.target.kind === 'player' && hit.target.streak > 3) hit.cancel();
    }
  },
  onDeath(room, { victim, attacker }) {
    victim.streak = 0;
    if (attacker) {
      attacker.kills += 1;
      attacker.streak = Math.min(255, attacker.streak + 1);
      room.state.leader = attacker.id;
      room.state.bounty = (room.state.bounty + 1) % 100;
      room.broadcast('kill', { attacker: attacker.id, victim: victim.id }, { except: victim });
      room.send(attacker, 'kill', { attacker: attacker.id, victim: victim.id });
    }
    room.after(15, 'respawn', { who: victim.id });
  },
  onTick(room) {
    if (room.tick % 50 === 0) {
      for (const p of room.players) room.impulse(p, { x: room.randomInt(5) - 2, y: 1 });
      for (const p of room.players) if (p.alive) room.damage(p, 5);
    }
    if (room.tick % 70 === 0) for (const p of room.players) p.name = `n${room.tick}`;
    if (room.tick === 150) room.removeBot();
  },
  onTimer: {
    respawn(room, { who }) {
      const p = room.player(who);
      if (p) room.place(p, room.freePlace(), { protectTicks: 20 });
    },
    crate(room, { spot }) {
      crate(room, spot);
    },
  },
  botInput(room, bot) {
    for (const other of room.players) {
      const aim = Math.atan2(other.y - bot.y, other.x - bot.x);
      return {
        move: { x: Math.cos(aim), y: Math.sin(aim) },
        aim,
        fire: true,
        dash: room.randomInt(50) === 0,
      };
    }
    return { move: { x: Math.sin(room.tick / 20), y: Math.cos(room.tick / 30 + bot.x) } };
  },
});

function crate(room: RoomOf<typeof brawlSchema>, spot: number): void {
  room.spawn('crate', { x: spot * 5 - 10, y: spot * 3 - 6, content: room.randomInt(4) });
}
