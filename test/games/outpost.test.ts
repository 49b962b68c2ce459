/** The outpost's rules by `fray/testing`: its plan, its point, its rounds, its teams and its bots. */
import { testRoom } from 'fray/testing';
import t from 'tap';
import { blocks, clearPart, EYE_HEIGHT, lifts, POINT, spawnsOf } from '../../games/outpost/map.ts';
import { PAUSE_MS, POINTS_TO_WIN } from '../../games/outpost/rounds.ts';
import { HOLD_NOBODY, OVER, outpost, PLAYING } from '../../games/outpost/schema.ts';
import game from '../../games/outpost/server.ts';
import { next, places, stepsToPoint } from '../../games/outpost/ways.ts';
import type { GameHooks } from '../../src/plugin/game.ts';
import { defineGame, type PlayerViewOf, type RoomOf } from '../../src/plugin/index.ts';

type Hooks = Omit<GameHooks<typeof outpost, Record<never, never>>, 'options'>;
type Room = RoomOf<typeof outpost>;
type Player = PlayerViewOf<typeof outpost>;

const rules = game.hooks as unknown as Required<Hooks>;
const SECOND = 60;

/** A room of the game; `watch` is called in each tick after its rules. */
function open(
  watch: (room: Room) => void,
  options: { readonly bots?: number; readonly seed?: number } = {},
  hooks: Hooks = {},
) {
  const changed = defineGame(outpost, {
    ...rules,
    ...hooks,
    options: game.options as { readonly playersMax: number },
  });
  return testRoom(changed, { playersMax: 16, ...options, onTick: watch });
}

function sizes(room: Room): [number, number] {
  const all = [...room.players].map((p) => p.team);
  return [all.filter((team) => team === 1).length, all.filter((team) => team === 2).length];
}

t.test('the plan is fair, its bases are free, and bots find to the point', (t) => {
  for (const block of blocks) {
    if (block.paint === 'ember' || block.paint === 'tide') continue;
    const { x, y, z, width, height } = block;
    const twin = blocks.some(
      (b) =>
        Math.abs(b.x + x) + Math.abs(b.y + y) < 1e-9 &&
        b.z === z &&
        b.width === width &&
        b.height === height,
    );
    t.ok(twin, `(${x}, ${y}) has an opposite`);
  }
  for (const team of [1, 2]) {
    for (const { x, y } of spawnsOf(team)) {
      const inside = blocks.some(
        (b) => Math.abs(b.x - x) < b.width / 2 + 0.5 && Math.abs(b.y - y) < b.depth / 2 + 0.5,
      );
      t.notOk(inside, `spawn (${x}, ${y}) of team ${team}`);
      const seen = spawnsOf(3 - team).some(
        (other) => clearPart({ x, y, z: EYE_HEIGHT }, { ...other, z: EYE_HEIGHT }) === 1,
      );
      t.notOk(seen, `nobody in the other base sees (${x}, ${y})`);
    }
  }
  t.ok(stepsToPoint.every(Number.isFinite));
  for (const [at, around] of next.entries()) {
    for (const to of around) {
      const [a, b] = [places[at], places[to]] as const;
      if (!a || !b || Math.max(Math.abs(a.y), Math.abs(b.y)) > 14) continue;
      t.equal(clearPart({ ...a, z: 1 }, { ...b, z: 1 }), 1, `from place ${at} to ${to}`);
    }
  }
  t.end();
});

t.test('bots walk to the point, fight, take it and score', { timeout: 120_000 }, (t) => {
  let last: Room['state'] | undefined;
  const facts = { holders: new Set<number>(), points: 0, kills: 0, onDeck: 0, hits: 0 };
  const room = open(
    (room) => {
      last = room.state;
      facts.holders.add(last.holder);
      facts.points = last.points1 + last.points2;
      facts.kills = 0;
      for (const p of room.players) {
        facts.kills += p.kills;
        if (p.alive && Math.hypot(p.x, p.y) < POINT.radius && p.z > 0.8) facts.onDeck += 1;
      }
    },
    { bots: 13, seed: 5 },
    {
      onHit(room, hits) {
        rules.onHit(room, hits);
        for (const hit of hits) if (hit.target.kind === 'player') facts.hits += 1;
      },
    },
  );
  room.tick(25 * SECOND);
  t.ok(facts.onDeck > 2 * SECOND, `${facts.onDeck} ticks of bots on the deck`);
  t.ok(facts.kills >= 3, `${facts.kills} kills`);
  t.ok(facts.hits > facts.kills * 3, `${facts.hits} hits`);
  t.ok(facts.points > 0 && facts.holders.size > 1, `${facts.points} points`);
  t.end();
});

t.test('the point goes to who is there alone, and is contested by two', (t) => {
  const seen: { hold: number; holder: number; contested: boolean }[] = [];
  let where: (p: Player) => boolean = () => false;
  const room = open((room) => {
    const { hold, holder, contested } = room.state;
    seen.push({ hold, holder, contested });
    for (const p of room.players) {
      const at = where(p) ? { x: p.team === 1 ? -3 : 3, y: 0, z: 0.9 } : { x: 30, y: 20 };
      room.place(p, at, { protectTicks: 10 });
    }
  }, {});
  const now = () => seen.at(-1);
  room.join();
  room.join();
  room.tick(SECOND);
  t.match(now(), { hold: HOLD_NOBODY, holder: 0, contested: false });
  where = (p) => p.team === 1;
  room.tick(3 * SECOND);
  t.match(now(), { holder: 0 }, 'not yet');
  t.ok((now()?.hold ?? 0) < HOLD_NOBODY / 2);
  room.tick(3 * SECOND);
  t.match(now(), { hold: 0, holder: 1 });
  where = () => true;
  room.tick(SECOND);
  t.match(now(), { hold: 0, holder: 1, contested: true });
  where = (p) => p.team === 2;
  room.tick(6 * SECOND);
  t.match(now(), { holder: 0 }, 'driven out');
  room.tick(5 * SECOND);
  t.match(now(), { hold: 200, holder: 2 });
  where = () => false;
  room.tick(2 * SECOND);
  t.match(now(), { hold: 200, holder: 2, contested: false }, 'held without being there');
  t.end();
});

t.test('a round ends by its clock or by points, and the next begins at the bases', (t) => {
  for (const early of [false, true]) {
    let write: ((room: Room) => void) | undefined;
    const seen: { phase: number; round: number; winner: number; points2: number }[] = [];
    let homes: boolean[] = [];
    const room = open(
      (room) => {
        write?.(room);
        write = undefined;
        const { phase, round, winner, points2 } = room.state;
        seen.push({ phase, round, winner, points2 });
        homes = [...room.players].map(
          (p) => p.alive && p.kills === 0 && (p.team === 1 ? p.x < -28 : p.x > 28),
        );
      },
      { bots: 5 },
    );
    room.tick(2 * SECOND);
    t.match(seen.at(-1), { phase: PLAYING, round: 1, points2: 0 });
    write = ({ state, tick }) => {
      state.points1 = 3;
      state.points2 = early ? POINTS_TO_WIN : 4;
      if (!early) state.endsAt = tick + 1;
    };
    room.tick(3);
    t.match(seen.at(-1), { phase: OVER, round: 1, winner: 2 });
    room.tick((PAUSE_MS * SECOND) / 1000 - 10);
    t.match(seen.at(-1), { phase: OVER });
    room.tick(12);
    t.match(seen.at(-1), { phase: PLAYING, round: 2, winner: 0, points2: 0 });
    t.ok(homes.length >= 4 && homes.every(Boolean), `${homes}`);
  }
  t.end();
});

t.test('teams stay even as people come and go', (t) => {
  let now: [number, number] = [0, 0];
  let teams: number[] = [];
  let write: ((room: Room) => void) | undefined;
  const room = open(
    (room) => {
      write?.(room);
      write = undefined;
      now = sizes(room);
      teams = [];
      for (const p of room.players) teams[p.slot] = p.team;
    },
    { seed: 3 },
  );
  for (let slot = 0; slot < 7; slot += 1) {
    room.join();
    room.tick();
    t.ok(Math.abs(now[0] - now[1]) <= 1, `${now}`);
  }
  for (let slot = 0; slot < 7; slot += 1) if (teams[slot] === 1) room.players[slot]?.leave();
  room.tick(2);
  t.ok(Math.abs(now[0] - now[1]) >= 3, `one team has gone: ${now}`);
  write = (room) => {
    for (const p of room.players) room.damage(p, 500);
  };
  room.tick(5 * SECOND);
  t.ok(Math.abs(now[0] - now[1]) <= 1, `who comes back to life evens them: ${now}`);
  t.end();
});

t.test('a friend takes no harm, a head more than a body', (t) => {
  // Bots that shoot from (-6, 19) to (0, 19), where nothing stands; the pitch goes to the body, or to the head.
  const harm = (sameTeam: boolean, pitch: number): number => {
    let least = 100;
    const room = open(
      (room) => {
        for (const p of room.players) if (p.slot === 1) least = Math.min(least, p.health);
        if (room.tick === 30) for (const p of room.players) p.health = 100;
      },
      { bots: 3 },
      {
        onCreate: (room) => {
          room.state.endsAt = 1_000_000;
        },
        onJoin(room, p) {
          p.team = sameTeam || p.slot === 0 ? 1 : 2;
          room.place(p, { x: p.slot * 6 - 6, y: p.slot > 1 ? -19 : 19 }, { aim: 0 });
        },
        botInput: (_room, bot) => ({ aim: 0, pitch, fire: bot.x < -3 }),
      },
    );
    room.tick(13);
    return 100 - least;
  };
  t.equal(harm(true, 0), 0);
  const body = harm(false, -0.1);
  const head = harm(false, 0.03);
  t.ok(body > 0 && head === 2 * body, `body ${body}, head ${head}`);
  t.end();
});

t.test('a lift takes up to the high ground, the other one is down then', (t) => {
  const heights: number[][] = [[], []];
  const room = open((room) => {
    for (const p of room.players) {
      const { x, y } = p.slot === 0 ? lifts.lift1 : lifts.lift2;
      if (room.tick === 2) room.place(p, { x, y, z: 0.4 + p.slot * lifts.lift1.way.z });
      if (room.tick > 20) heights[p.slot]?.push(Math.round(p.z * 100) / 100);
    }
  }, {});
  room.join();
  room.join();
  room.tick(10 * SECOND);
  const [deck] = blocks.filter((block) => block.paint === 'deck' && block.height > 2);
  for (const ridden of heights) {
    t.equal(Math.max(...ridden), deck?.height, 'as high as the deck');
    t.equal(Math.min(...ridden), lifts.lift1.height);
  }
  const sums = heights[0]?.map((z, at) => z + (heights[1]?.[at] ?? 0)) ?? [];
  t.ok(sums.every((sum) => Math.abs(sum - 2.7) < 0.03));
  t.end();
});
