/** Plays with a real server over WebSocket; FRAY_TEST_SECONDS says how long (10). */
import { type Test, test } from 'tap';
import { startServer } from '../browser/chromium.ts';
import type { Client } from './client.ts';
import { ARENA } from './game.ts';
import { FIRE } from './input.ts';
import type { Taken } from './link.ts';
import { ALIVE } from './own.ts';
import { ARENA_HASH, ARENA_RATE_HZ, controls, lossy, STRANGER } from './pilot.ts';
import { play } from './play.ts';
import { HEALTH, kindOf, X } from './row.ts';
import type { Snapshot, World } from './snapshot.ts';
import { wallsHash } from './walls.ts';

const SECONDS = Number(process.env['FRAY_TEST_SECONDS'] ?? 10);
/** Quanta: half the arena, and how far a player sees with something to spare. */
const HALF = 36 * 128;
const SIGHT = 25 * 128;
const SAID = 'Hello from a stranger: åäö';
const PLAYER = 1;
const PROJECTILE = 2;

test('a client made from the SPEC alone plays with a real server', async (t) => {
  const server = await startServer(['--bots', '10', '--logLevel', 'error']);
  t.teardown(() => server.stop());
  const diary = new Diary();
  const client = await play(ARENA, {
    ...STRANGER,
    url: server.url,
    seconds: SECONDS,
    tickRateHz: ARENA_RATE_HZ,
    step: (playing, elapsedMs) => diary.step(playing, elapsedMs),
    observe: (_, taken) => diary.note(taken),
  });
  t.ok(client.accepted);
  t.equal(client.over, undefined, 'the server said no goodbye');
  const { fresh, ...others } = client.counts;
  const undecoded = { late: 0, stale: 0, dropped: 0, mismatches: 0 };
  t.same(others, undecoded, client.reasons.slice(0, 5).join());
  const least = SECONDS * ARENA_RATE_HZ * 0.7;
  t.ok(fresh > least, `${fresh} snapshots, of which ${least} are enough`);
  t.ok(diary.ticksRise, 'ticks rise');
  t.same(diary.odd, [], 'what is visible is plausible');
  t.ok(diary.kinds.has(PLAYER) && diary.kinds.has(PROJECTILE), 'others and bolts were seen');
  t.ok(diary.travelled > SECONDS, `moved ${diary.travelled.toFixed(1)} units`);
  t.ok(diary.ownShots > SECONDS / 5, `${diary.ownShots} own shots`);
  t.same(diary.strangeShots, [], 'own shots are at ticks when fire was held');
  checkHeard(t, client);
});

test('the same over a link that loses and swaps packets', async (t) => {
  const server = await startServer(['--bots', '10', '--logLevel', 'error']);
  t.teardown(() => server.stop());
  const client = await play(ARENA, {
    ...STRANGER,
    url: server.url,
    seconds: Math.min(SECONDS / 2, 15),
    tickRateHz: ARENA_RATE_HZ,
    deliver: lossy(1),
  });
  const { late, dropped, mismatches } = client.counts;
  t.ok(late > 3, `${late} late packets`);
  t.same([dropped, mismatches], [0, 0], client.reasons.slice(0, 5).join());
  t.equal(client.heard.roster.size, 10, 'the roster came');
});

test('a client of another schema is sent away', async (t) => {
  const server = await startServer(['--logLevel', 'error']);
  t.teardown(() => server.stop());
  const client = await play(ARENA, {
    ...STRANGER,
    schemaHash: ARENA_HASH ^ 1n,
    url: server.url,
    seconds: 5,
    tickRateHz: ARENA_RATE_HZ,
  });
  t.match(client.over?.text, /schema/);
});

function checkHeard(t: Test, { joined, heard, link }: Client): void {
  t.equal(heard.roster.size, 10, 'one of ten bots gave its place to the stranger');
  const own = [...heard.roster.values()].find(({ id }) => id === joined?.playerId);
  t.match(own, { name: 'Stranger', handle: joined?.handle, bot: false });
  t.equal([...heard.roster.values()].filter(({ bot }) => bot).length, 9);
  t.equal(heard.roomFields.size, 2, 'room fields');
  t.ok(heard.walls.length > 0 && heard.walls.length === heard.wallsTotal, 'all walls');
  t.equal(wallsHash(heard.walls), joined?.wallsHash, 'the hash of the walls');
  const chats = heard.game.filter(({ index }) => index === 0).map(({ values }) => values);
  t.same(chats, [[joined?.playerId, SAID]], 'the own words came back, once');
  t.equal(link?.undelivered, 0, 'the server acknowledged the message');
}

/** What a client saw, packet by packet. */
class Diary {
  readonly odd: string[] = [];
  readonly kinds = new Set<number>();
  readonly strangeShots: number[] = [];
  ticksRise = true;
  travelled = 0;
  ownShots = 0;
  #client: Client | undefined;
  #former: Snapshot | undefined;

  step(client: Client, elapsedMs: number): void {
    if (elapsedMs > 1000 && !this.#client) client.send(0, [SAID]);
    if (elapsedMs > 1000) this.#client = client;
  }

  note(taken: Taken): void {
    if (taken.as !== 'fresh') return;
    const { snapshot } = taken;
    if (this.#former) this.#compare(this.#former, snapshot);
    this.#former = snapshot;
    for (const event of taken.events) {
      if (event.kind !== 'shot' || event.subject !== 'own') continue;
      this.ownShots += 1;
      if ((controls(event.commandTick).buttons & FIRE) === 0) {
        this.strangeShots.push(event.commandTick);
      }
    }
    const client = this.#client;
    if (client?.link) this.#look(client, client.link.world, snapshot);
  }

  #compare(former: Snapshot, now: Snapshot): void {
    if (now.tick <= former.tick) this.ticksRise = false;
    if ((now.own.flags & former.own.flags & ALIVE) === 0) return;
    const [x, y] = now.own.position;
    const step = Math.hypot(x - former.own.position[0], y - former.own.position[1]) / 65536;
    // A respawn is no walk.
    if (step < 2) this.travelled += step;
  }

  #look({ heard }: Client, world: World, snapshot: Snapshot): void {
    const handles = new Set([...heard.roster.values()].map(({ handle }) => handle));
    const [ownX, ownY] = snapshot.own.position.map((p) => p >> world.game.positionShift);
    for (const [index, { generation }] of snapshot.members) {
      const row = world.row(snapshot, index);
      const kind = kindOf(row);
      this.kinds.add(kind);
      const [x, y] = [row[X]!, row[X + 1]!];
      const inside = Math.abs(x) <= HALF && Math.abs(y) <= HALF;
      const near = Math.hypot(x - ownX!, y - ownY!) < SIGHT;
      const sound = row[HEALTH]! <= 100 && (row[0]! & 255) === (generation & 255);
      const known = kind !== PLAYER || handles.has(generation * 65536 + index);
      if (inside && near && sound && known) continue;
      this.odd.push(
        `${index} at ${snapshot.tick}: ${JSON.stringify({ inside, near, sound, known })}`,
      );
    }
  }
}
