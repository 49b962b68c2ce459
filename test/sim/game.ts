/**
 * The game that the simulation plays. It says what it saw to a `Witness` outside, which remembers nothing of a player's state: that
 * lies in fields, so that a room which is taken back by a recovery takes it back as well.
 */
import { defineGame } from '../../src/plugin/index.ts';
import {
  angle,
  axis2,
  bits,
  button,
  circle,
  defineSchema,
  hitscan,
  projectile,
  text,
  u16,
} from '../../src/schema/index.ts';

const declared = {
  name: 'sim',
  tickRateHz: 20 as number,
  world: { width: 40, depth: 40 },
  input: { move: axis2(), aim: angle(), fire: button(), swap: button() },
  weapons: {
    gun: projectile({ damage: 15, cooldownMs: 250, speed: 20, lifeMs: 1000, radius: 0.2 }),
    rail: hitscan({ damage: 25, cooldownMs: 500, range: 20 }),
  },
  room: { fields: { age: u16() } },
  /** They change all the time, so that a small snapshot has no place for all. */
  kinds: { drone: { shape: circle(0.2), fields: { heat: u16(), load: u16(), mark: u16() } } },
  player: {
    shape: circle(0.5),
    viewRadius: 15,
    fields: {
      kills: u16({ to: 'room' }),
      /** Which life of its page talks to it, and how many lines of it have come. */
      life: u16({ to: 'none' }),
      lines: u16({ to: 'none' }),
      /** How many notes it was sent. */
      notes: u16({ to: 'none' }),
      mark: bits(8, { to: 'owner' }),
    },
  },
  toServer: { say: { life: u16(), n: u16(), filler: text(900) } },
  toClient: { note: { n: u16(), tick: u16(), filler: text(600) }, all: { tick: u16() } },
  timers: { back: { who: u16() } },
} as const;

/** At the rate that clients' types are made from; all rates have the same ones. */
export const schema = defineSchema(declared);

/** What rooms saw. */
export interface Witness {
  /** Everybody goes: who is left is sent away, too. */
  readonly isEnding: boolean;
  trouble(text: string): void;
  joined(room: string, user: string): void;
  left(room: string, user: string): void;
  /** Nothing is heard of its client; it is heard again, with what it knew or as another page. */
  away(room: string, user: string): void;
  back(room: string, user: string, resumed: 'same' | 'fresh'): void;
  /** A line of a page; `due`: the one that the room expects. */
  line(
    user: string,
    line: { readonly life: number; readonly n: number; readonly due: number },
  ): void;
  /** The aim that a player had in a tick, u16. */
  aimed(room: string, user: string, tick: number, aim: number): void;
  /** What all are told of a player. */
  counted(room: string, user: string, tick: number, kills: number): void;
  ticked(room: string, tick: number, users: number): void;
}

let witness: Witness | null = null;

/** Whom the rooms of this process tell, from here on. */
export function watch(by: Witness | null): void {
  witness = by;
}

/** Users by room and place: who is told of at the join alone. */
const users = new Map<string, string>();

const game = defineGame(schema, {
  // So few entities that their places are given again soon.
  options: { playersMax: 4, entitiesMax: 32, emptyCloseMs: 2000 },

  onCreate(room) {
    room.addWalls([
      { x: 0, y: 0, width: 6, depth: 1 },
      { x: -8, y: 5, width: 1, depth: 7 },
    ]);
    if (room.tickRateHz !== SMALL_HZ) return;
    for (let k = 0; k < DRONES; k += 1) room.spawn('drone', room.freePlace());
  },

  onJoin(room, player, { userId }) {
    users.set(`${room.id} ${player.id}`, userId);
    witness?.joined(room.id, userId);
    room.place(player, room.freePlace());
  },

  onLeave(room, player) {
    witness?.left(room.id, users.get(`${room.id} ${player.id}`) ?? '');
    // An author need not know that who is sent away goes by itself.
    if ((room.tick & 1) === 0) room.kick(player);
    // Those who go in the next tick go twice.
    if (witness?.isEnding === true)
      for (const other of room.players) if (other.id !== player.id) room.kick(other);
  },

  onDrop(room, player, absence) {
    witness?.away(room.id, users.get(`${room.id} ${player.id}`) ?? '');
    if ((player.slot & 1) === 1) absence.input({ move: { x: 1, y: 0 }, fire: true });
  },

  onResume(room, player, { resumed }) {
    witness?.back(room.id, users.get(`${room.id} ${player.id}`) ?? '', resumed);
  },

  onTick(room) {
    room.state.age = room.tick & 0xffff;
    for (const drone of room.entities('drone')) {
      drone.heat = (drone.heat + 251) & 0xffff;
      drone.load = room.tick & 0xffff;
      if ((room.tick & 3) === 0) drone.mark = (drone.mark + 7919) & 0xffff;
    }
    let count = 0;
    for (const player of room.players) {
      if (player.bot) continue;
      count += 1;
      const user = users.get(`${room.id} ${player.id}`) ?? '';
      witness?.aimed(room.id, user, room.tick, Math.round(player.aim / AIM_STEP) & 0xffff);
      witness?.counted(room.id, user, room.tick, player.kills);
      if (room.tick % MARK_TICKS === 0) player.mark = (room.tick / MARK_TICKS) & 0xff;
      if ((room.tick + player.slot) % NOTE_TICKS !== 0) continue;
      // Now and then so many that they wait for their turn.
      const isMuch = room.tick % (MUCH_S * room.tickRateHz) < NOTE_TICKS;
      try {
        for (let more = isMuch ? MUCH_NOTES : 1; more > 0; more -= 1) {
          const filler = FILLERS[(room.tick + more) & 3] ?? '';
          room.send(player, 'note', { n: player.notes, tick: room.tick & 0xffff, filler });
          player.notes += 1;
        }
      } catch {
        // The pool is full: one who hears nothing for long. It is not counted, so it is not missed.
      }
    }
    if (room.tick % ALL_TICKS === 0) {
      try {
        room.broadcast('all', { tick: room.tick & 0xffff });
      } catch {
        // As above.
      }
    }
    witness?.ticked(room.id, room.tick, count);
  },

  onDeath(room, { victim, attacker }) {
    if (attacker !== undefined && attacker.kind === 'player') attacker.kills += 1;
    room.after(20, 'back', { who: victim.slot });
  },

  onTimer: {
    back(room, { who }) {
      for (const player of room.players)
        if (player.slot === who && !player.alive) room.place(player, room.freePlace());
    },
  },

  onMessage: {
    say(room, player, { life, n, filler }) {
      const user = users.get(`${room.id} ${player.id}`) ?? '';
      if (life !== player.life) {
        // A page that came back without its memory begins at 0; one that was left says nothing any more.
        if (life < player.life)
          witness?.trouble(`${user} heard of its life ${life} after ${player.life}`);
        player.life = life;
        player.lines = 0;
      }
      if (filler !== fillerOf(n) && filler !== shortOf(n))
        witness?.trouble(`I4: line ${n} of ${user} is another than was sent`);
      witness?.line(user, { life, n, due: player.lines });
      player.lines = n + 1;
    },
  },

  botInput: (room) => ({
    move: { x: (room.tick & 32) === 0 ? 1 : -1, y: 0 },
    fire: room.tick % 20 === 0,
  }),
});

const games = new Map([[schema.layout.tickRateHz, game]]);

/** The game at a rate of its own; made once. At 30 Hz snapshots are as small as they may be, so that states wait for their turn. */
export function gameAt(tickRateHz: number): typeof game {
  const made = games.get(tickRateHz) ?? {
    ...game,
    schema: defineSchema({
      ...declared,
      tickRateHz,
      net: {
        snapshotBytesMax: tickRateHz === SMALL_HZ ? 224 : 1000,
        halfRateFrom: 0.4,
        quarterRateFrom: 0.7,
      },
    }),
  };
  games.set(tickRateHz, made);
  return made;
}

/** What a page says as its line `n`: now and then so long that it travels in pieces. */
export function fillerOf(n: number): string {
  return n % 7 === 3 ? shortOf(n).repeat(850) : shortOf(n);
}

/** The same of a page that never says much in one line. */
export function shortOf(n: number): string {
  return String(n % 10);
}

/** The rate at which snapshots are small. */
const SMALL_HZ = 30;
/** Steps of an angle: radians of a 65,536th turn. */
const AIM_STEP = (2 * Math.PI) / 65_536;
const DRONES = 18;
const NOTE_TICKS = 5;
const MUCH_NOTES = 55;
/** s between two times of that. */
const MUCH_S = 5;
const MARK_TICKS = 16;
const ALL_TICKS = 20;
export const FILLERS = ['', 'x', 'y'.repeat(60), 'z'.repeat(500)];
