/** The arena's rules: everybody against everybody, crates with medkits and better guns. */
import { defineGame, type PlayerViewOf, type ReceiptOf, type RoomOf } from 'fray/plugin';
import { botInput } from './bots.ts';
import { crateSpots, walls } from './map.ts';
import { arena, clamps, contents, results } from './schema.ts';

type Room = RoomOf<typeof arena>;
type Player = PlayerViewOf<typeof arena>;

/** Ticks from death to the next life: 2 s. */
const RESPAWN_TICKS = 60;
/** Ticks a found gun lasts: 9 s. */
const GUN_TICKS = 270;
/** Ticks until a taken crate lies there again: 10 s. */
const CRATE_TICKS = 300;
/** Ticks of protection after a respawn: 1.5 s. */
const PROTECT_TICKS = 45;
/** Points that a medkit gives back. */
const MEDKIT = 50;

const botNames = [
  'Ada',
  'Brix',
  'Comet',
  'Dune',
  'Echo',
  'Flint',
  'Gale',
  'Hex',
  'Iris',
  'Jolt',
  'Kite',
  'Lumen',
  'Moss',
  'Nova',
  'Onyx',
  'Pike',
  'Quill',
  'Rook',
  'Sable',
  'Tarn',
  'Umber',
  'Vale',
  'Wisp',
  'Xeno',
  'Yarrow',
  'Zephyr',
];

export default defineGame(arena, {
  options: { playersMax: 50, emptyCloseMs: 30_000, botsYield: true },

  onCreate(room) {
    room.addWalls(walls);
    room.state.startedAt = room.tick;
    for (let spot = 0; spot < crateSpots.length; spot += 1) layCrate(room, spot);
  },

  onJoin(room, p) {
    p.colour = room.randomInt(16);
    p.weapon = 'blaster';
    if (p.bot) p.name = freeName(room);
    room.place(p, room.freePlace(), { protectTicks: PROTECT_TICKS });
  },

  onTouch(room, { player, other }) {
    if (other.kind !== 'crate') return;
    const content = contents[other.content];
    if (content === 'medkit') {
      if (player.health >= 100) return;
      player.health = Math.min(100, player.health + MEDKIT);
    } else {
      player.weapon = content === 'rail' ? 'rail' : 'rapid';
      room.after(GUN_TICKS, 'calm', { who: player.id });
    }
    room.after(CRATE_TICKS, 'crate', { spot: nearestSpot(other.x, other.y) });
    room.remove(other);
  },

  onReceipt(room, receipts) {
    for (const receipt of receipts) {
      if (receipt.shooter?.watches) tellReceipt(room, receipt.shooter, receipt);
    }
  },

  onDeath(room, { victim, attacker }) {
    victim.deaths += 1;
    victim.streak = 0;
    victim.weapon = 'blaster';
    if (attacker && attacker.id !== victim.id) reward(room, attacker);
    room.broadcast('kill', {
      attacker: attacker?.id ?? victim.id,
      victim: victim.id,
      streak: attacker?.streak ?? 0,
    });
    room.after(RESPAWN_TICKS, 'respawn', { who: victim.id });
  },

  onTimer: {
    respawn(room, { who }) {
      const p = room.player(who);
      if (p) room.place(p, room.freePlace(), { protectTicks: PROTECT_TICKS });
    },
    calm(room, { who }) {
      const p = room.player(who);
      if (p) p.weapon = 'blaster';
    },
    crate(room, { spot }) {
      layCrate(room, spot);
    },
  },

  onMessage: {
    chat(room, from, { text }) {
      room.broadcast('chat', { from: from.id, text });
    },
    watch(_room, from, { on }) {
      from.watches = on;
    },
  },

  botInput,
});

/** To the shooter alone, and nothing but what its page had been sent. */
function tellReceipt(room: Room, to: Player, receipt: ReceiptOf<typeof arena>): void {
  const { x, y, aim, distance } = receipt;
  const ms = (tick: number) => Math.round(((room.tick - tick) * 1000) / room.tickRateHz);
  room.send(to, 'receipt', {
    x,
    y,
    aim,
    distance,
    agoMs: Math.min(65_535, ms(receipt.viewTick)),
    statedMs: Math.min(65_535, ms(receipt.statedTick)),
    clamp: clamps.indexOf(receipt.clamp),
    result: results.indexOf(receipt.result),
  });
  for (const { x, y, radius, inWay } of receipt.shapes)
    room.send(to, 'shape', { x, y, radius, inWay });
}

/** A name that no other bot has; the numbers go on where the names end. */
function freeName(room: Room): string {
  const taken = new Set<string>();
  for (const player of room.players) taken.add(player.name);
  const start = room.randomInt(botNames.length);
  for (let step = 0; step < botNames.length; step += 1) {
    const name = botNames[(start + step) % botNames.length];
    if (name && !taken.has(name)) return name;
  }
  return `Bot ${taken.size}`;
}

function reward(room: Room, attacker: Player): void {
  attacker.kills += 1;
  attacker.streak = Math.min(255, attacker.streak + 1);
  if (attacker.streak > attacker.best) attacker.best = attacker.streak;
  const leader = room.player(room.state.leader);
  if (!leader || attacker.kills > leader.kills) room.state.leader = attacker.id;
}

function layCrate(room: Room, spot: number): void {
  const at = crateSpots[spot];
  if (!at) return;
  room.spawn('crate', { x: at.x, y: at.y, content: room.randomInt(contents.length) });
}

function nearestSpot(x: number, y: number): number {
  let best = 0;
  let bestSquared = Number.POSITIVE_INFINITY;
  crateSpots.forEach((spot, index) => {
    const squared = (spot.x - x) ** 2 + (spot.y - y) ** 2;
    if (squared < bestSquared) {
      best = index;
      bestSquared = squared;
    }
  });
  return best;
}
