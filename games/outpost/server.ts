/** The outpost's rules: two teams, one point, five minutes. */
import { defineGame, type PlayerViewOf, type ReceiptOf, type RoomOf } from 'fray/plugin';
import { botInput, think, wake } from './bots.ts';
import { POINT, type Spot, spawnsOf } from './map.ts';
import { beginRound, turnRound } from './rounds.ts';
import { clamps, OVER, outpost, results, weapons } from './schema.ts';

type Room = RoomOf<typeof outpost>;
type Player = PlayerViewOf<typeof outpost>;

/** ms from death to the next life. */
const RESPAWN_MS = 3000;
/** Ticks of protection after that: 1.5 s. */
const PROTECT_TICKS = 90;
/** One bot in so many carries the launcher. */
const LAUNCHER_ODDS = 5;

const botNames = [
  'Abel',
  'Birk',
  'Cleo',
  'Dara',
  'Eske',
  'Finn',
  'Gita',
  'Hale',
  'Ines',
  'Juno',
  'Kaja',
  'Leif',
  'Mira',
  'Nils',
  'Oona',
  'Pell',
  'Runa',
  'Sten',
  'Tove',
  'Vera',
];

export default defineGame(outpost, {
  options: { playersMax: 16, emptyCloseMs: 30_000, botsYield: true },

  onCreate(room) {
    room.spawn('point', { x: POINT.x, y: POINT.y, z: POINT.z });
    beginRound(room);
  },

  onJoin(room, p) {
    p.team = smallerTeam(room, p);
    if (p.bot) p.name = freeName(room);
    enter(room, p);
  },

  onTick(room) {
    if (turnRound(room)) {
      for (const p of room.players) {
        [p.kills, p.deaths, p.assists, p.held] = [0, 0, 0, 0];
        enter(room, p);
      }
    }
    think(room);
  },

  onZone(_room, { player, entered }) {
    player.onPoint = entered;
  },

  onHit(room, hits) {
    // The result stands: nobody is hurt any more.
    if (room.state.phase === OVER) for (const hit of hits) hit.cancel();
  },

  onReceipt(room, receipts) {
    for (const receipt of receipts) {
      if (receipt.shooter?.watches) tellReceipt(room, receipt.shooter, receipt);
    }
  },

  onDeath(room, { victim, attacker, assists }) {
    victim.deaths += 1;
    if (attacker && attacker.id !== victim.id) attacker.kills += 1;
    for (const p of assists) if (p.team !== victim.team) p.assists += 1;
    room.broadcast('kill', {
      attacker: attacker?.id ?? victim.id,
      victim: victim.id,
      weapon: attacker ? weapons.indexOf(attacker.weapon) : 0,
    });
    room.after(Math.round((RESPAWN_MS * room.tickRateHz) / 1000), 'respawn', { who: victim.id });
  },

  onTimer: {
    respawn(room, { who }) {
      const p = room.player(who);
      if (p && !p.alive) enter(room, p);
    },
  },

  onMessage: {
    arm(_room, from, { weapon }) {
      from.weapon = weapons[weapon] ?? 'rifle';
    },
    watch(_room, from, { on }) {
      from.watches = on;
    },
  },

  botInput,
});

/** Puts a player to its base. Who is in a team of two more than the other goes over to it. */
function enter(room: Room, p: Player): void {
  const { own, others } = sizes(room, p);
  if (own + 1 - others >= 2) p.team = 3 - p.team;
  const at = freeSpawn(room, p);
  room.place(p, { ...at, z: 0 }, { aim: at.x < 0 ? 0 : Math.PI, protectTicks: PROTECT_TICKS });
  if (!p.bot) return;
  p.weapon = room.randomInt(LAUNCHER_ODDS) === 0 ? 'launcher' : 'rifle';
  wake(room, p);
}

/** Players beside `p` in its team, and in the other. */
function sizes(room: Room, p: Player): { own: number; others: number } {
  let [own, others] = [0, 0];
  for (const other of room.players) {
    if (other.id === p.id) continue;
    if (other.team === p.team) own += 1;
    else others += 1;
  }
  return { own, others };
}

/** The team with fewer players; of two equal ones that with fewer people, then either. */
function smallerTeam(room: Room, p: Player): number {
  let [all, people] = [0, 0];
  for (const other of room.players) {
    if (other.id === p.id) continue;
    const sign = other.team === 1 ? 1 : -1;
    all += sign;
    if (!other.bot) people += sign;
  }
  const lead = all || people;
  if (lead === 0) return 1 + room.randomInt(2);
  return lead > 0 ? 2 : 1;
}

/** The place of its base that is farthest from everybody. */
function freeSpawn(room: Room, p: Player): Spot {
  const spawns = spawnsOf(p.team);
  const first = room.randomInt(spawns.length);
  let [best, most] = [spawns[first] as Spot, -1];
  for (let n = 0; n < spawns.length; n += 1) {
    const at = spawns[(first + n) % spawns.length] as Spot;
    let nearest = Number.POSITIVE_INFINITY;
    for (const other of room.players) {
      if (other.id !== p.id && other.alive)
        nearest = Math.min(nearest, Math.hypot(other.x - at.x, other.y - at.y));
    }
    if (nearest > most) [best, most] = [at, nearest];
  }
  return best;
}

/** To the shooter alone, and nothing but what its page had been sent. */
function tellReceipt(room: Room, to: Player, receipt: ReceiptOf<typeof outpost>): void {
  const { x, y, z, aim, pitch, distance } = receipt;
  const ms = (tick: number) =>
    Math.min(65_535, Math.max(0, Math.round(((room.tick - tick) * 1000) / room.tickRateHz)));
  room.send(to, 'receipt', {
    x,
    y,
    z,
    aim,
    pitch,
    distance,
    agoMs: ms(receipt.viewTick),
    statedMs: ms(receipt.statedTick),
    clamp: clamps.indexOf(receipt.clamp),
    result: results.indexOf(receipt.result),
  });
  for (const { x, y, z, radius, inWay } of receipt.shapes)
    room.send(to, 'shape', { x, y, z, radius, inWay });
}

/** A name that no other bot has. */
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
