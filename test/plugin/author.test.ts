import t from 'tap';
import type { RoomOf } from '../../src/plugin/index.ts';
import { Bench, replay } from './bench.ts';
import type { arena } from './games/schema.ts';
import game from './games/server.ts';

const CRATE_TICK = 5;
const DEATH_TICK = 10;
const RESPAWN_TICKS = 60;

t.test("the plan's example for authors type-checks and plays", (t) => {
  const seen: Record<string, unknown> = {};
  /** The example has neither crates nor weapons: this brings both about, and looks. */
  const onTick = (room: RoomOf<typeof arena>): void => {
    const [one, two] = [...room.players].filter((p) => !p.bot).map((p) => p.id);
    if (one === undefined || two === undefined) return;
    const [first, second] = [room.player(one), room.player(two)];
    if (first === undefined || second === undefined) return;
    if (room.tick === CRATE_TICK) room.spawn('crate', { x: first.x, y: first.y, ammo: 7 });
    if (room.tick === DEATH_TICK) room.damage(second, 1000, first);
    const { ammo, kills } = first;
    const crates = room.entities('crate').count;
    if (room.tick >= CRATE_TICK) seen[room.tick] = { ammo, kills, crates, alive: second.alive };
  };
  const hooks = { ...game.hooks, onTick: onTick as NonNullable<typeof game.hooks.onTick> };
  const b = new Bench({ ...game, hooks }, { bots: 5 });
  b.join(0);
  b.join(1);
  b.tick();
  const clients = [b.client(0), b.client(1)];
  clients[0]?.send('chat', { text: 'hello' });
  for (let n = 0; n < DEATH_TICK + RESPAWN_TICKS + 5; n += 1) {
    for (const client of clients) client.post();
    b.tick();
    for (const client of clients) client.takePacket();
  }
  t.match(clients[1]?.received, [{ name: 'chat', value: { text: 'hello' } }]);
  t.match(seen[CRATE_TICK], { ammo: 0, crates: 1 });
  t.match(seen[DEATH_TICK], { ammo: 7, crates: 0, kills: 0, alive: true });
  t.match(seen[DEATH_TICK + 1], { kills: 1, alive: false });
  t.match(seen[DEATH_TICK + RESPAWN_TICKS], { alive: false });
  t.match(seen[DEATH_TICK + RESPAWN_TICKS + 2], { alive: true });
  t.equal(b.stat('players'), 5, 'two people and the bots that they left');
  b.leave(1);
  b.tick();
  t.same(
    b.logs.map(({ text }) => text),
    ['created', 'left'],
  );
  t.same(b.errors, []);
  t.same(replay(b.journal), b.journal.hashes);
  t.end();
});
