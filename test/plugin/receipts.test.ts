/** Receipts as a game gets them, and as `fray replay --events` prints them. */
import t from 'tap';
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import type { arena as arenaSchema } from '../../games/arena/schema.ts';
import arena from '../../games/arena/server.ts';
import { BUTTON, ClientStats, InputCommand } from '../../protocol/gen/tables.ts';
import { defineGame } from '../../src/plugin/index.ts';
import { eventLine, type ReplayEvent, replayEvents } from '../../src/room/replay-events.ts';
import { Bench, core, type Journal, type TestClient } from './bench.ts';
import { type LedgerHooks, ledgerGame } from './games.ts';

interface Told {
  readonly shooter: number | undefined;
  readonly target: number | undefined;
  readonly facts: string;
  readonly places: readonly number[];
  readonly shapes: readonly { handle: number | undefined; x: number; y: number; inWay: boolean }[];
}

/** Two players; the one in slot 0 shoots at the other, who stands at (5, 0), and looks `back` ticks further back than it may. */
function shoot(back: number, hooks: LedgerHooks = {}): { bench: Bench; told: Told[] } {
  const told: Told[] = [];
  const bench = new Bench(
    ledgerGame({
      onJoin: (room, p) => room.place(p, { x: p.slot === 0 ? -3 : 5, y: 0 }),
      onReceipt(_room, receipts) {
        for (const r of receipts) {
          const facts = `${r.weapon} ${r.clamp} ${r.result} ${r.pitch}`;
          const places = [r.x, r.y, r.aim, r.distance, r.statedTick, r.viewTick, r.command];
          const shapes = [...r.shapes].map(({ entity, x, y, inWay }) => ({
            handle: entity?.handle,
            x,
            y,
            inWay,
          }));
          told.push({ shooter: r.shooter?.id, target: r.target?.handle, facts, places, shapes });
        }
      },
      ...hooks,
    }),
  );
  play(bench, () => {}, back);
  return { bench, told };
}

/** Both join; the client in slot 0 plays 40 ticks and fires from the 22nd on. */
function play(
  bench: Bench,
  before: (client: TestClient, n: number) => void,
  back = 0,
): { client: TestClient } {
  bench.join(0);
  bench.join(1);
  bench.tick();
  const client = bench.client(0);
  const { command, stats } = client.core;
  for (let n = 0; n < 40; n += 1) {
    client.takePacket();
    before(client, n);
    const newest = stats.getUint32(ClientStats.snapshotTick, true);
    command.setUint32(InputCommand.tick, bench.core.tick + 1, true);
    command.setUint16(InputCommand.buttons, n > 20 ? BUTTON.fire : 0, true);
    command.setUint32(InputCommand.viewTick, Math.max(1, newest - 3 - back), true);
    command.setUint16(InputCommand.viewFraction, 0x8000, true);
    client.core.sample();
    client.post();
    bench.tick();
  }
  return { client };
}

t.test('a game is told what its shots were judged by', (t) => {
  const { bench, told } = shoot(0);
  t.same(bench.errors, []);
  t.ok(told.length > 4, `${told.length} receipts`);
  const [first] = told as [Told];
  t.equal(first.facts, 'rail none hit 0');
  const [shooter, target] = bench.core.players as unknown as [number, number];
  t.equal(bench.core.players[(first.shooter ?? 9) & 0xffff], shooter);
  t.equal(first.target, target);
  const [x, y, aim, distance = 0, stated = 0, view, command = 0] = first.places;
  t.same([x, y, aim], [-3, 0, 0]);
  t.ok(Math.abs(distance - 7.5) < 0.01, String(distance));
  t.equal(stated, view);
  t.equal(command - stated, 3.5);
  t.same(first.shapes, [{ handle: target, x: 5, y: 0, inWay: true }]);
  t.end();
});

t.test('a view that does not count is told beside the one that does', (t) => {
  const { told } = shoot(12);
  const [first] = told as [Told];
  t.equal(first.facts, 'rail delay hit 0');
  const [stated = 0, view = 0, command = 0] = first.places.slice(4);
  t.equal(command - stated, 12 + 3.5);
  t.ok(view > stated + 8 && view < command - 2, `${stated} ${view}`);
  t.end();
});

t.test('a receipt is good for its hook alone', (t) => {
  let kept: { readonly distance: number } | undefined;
  let shapes: Iterable<{ readonly x: number }> | undefined;
  const onReceipt: LedgerHooks['onReceipt'] = (_room, receipts) => {
    for (const receipt of receipts) {
      kept = receipt;
      shapes = receipt.shapes;
    }
  };
  shoot(0, {
    onReceipt,
    onHit(_room, hits) {
      for (const hit of hits) hit.cancel();
    },
  });
  t.throws(() => kept?.distance, { code: 'E_VIEW_STALE' });
  t.throws(() => [...(shapes ?? [])].map(({ x }) => x), {
    code: 'E_VIEW_STALE',
  });
  t.end();
});

t.test('a replay tells the same, whether or not the game listened', (t) => {
  const heard = shoot(12);
  const deaf = shoot(12, { onReceipt: () => {} });
  t.same(deaf.bench.journal.hashes, heard.bench.journal.hashes);
  const events = eventsOf(deaf.bench.journal);
  const receipts = events.filter(({ event }) => event === 'receipt');
  t.equal(receipts.length, heard.told.length);
  const [first] = receipts as [ReplayEvent];
  const [, y, , , , , command] = heard.told[0]?.places ?? [];
  t.match(first, { index: 0, command, clamp: 'delay', result: 'hit', x: -3, y, weapon: 0 });
  t.match(first['seenShapes'], [{ x: 5, y: 0, radius: 0.5, marks: ['inWay'] }]);
  t.match(eventLine(first), /^tick \d+ receipt 0 shooter=\d+ .*clamp=delay result=hit .*"inWay"/);
  const names = new Set(events.map(({ event }) => event));
  t.ok(names.has('joined') && names.has('hit'), [...names].join());
  t.end();
});

/** Everything a room told its game, from its journal. */
function eventsOf(journal: Journal): ReplayEvent[] {
  const room = new RoomCore(core, journal.config);
  return journal.ticks.flatMap(({ begin, end }) => {
    let events: ReplayEvent[] = [];
    if (begin !== null) {
      room.u8.set(begin, room.input);
      events = replayEvents(room, room.begin(begin.length));
    }
    room.u8.set(end, room.input);
    room.end(end.length);
    return events;
  });
}

t.test('the arena tells a page that watches, and no other', (t) => {
  // Its rules without its walls, and everybody has what lies in crates.
  const open = defineGame(arena.schema as typeof arenaSchema, {
    ...(arena.hooks as object),
    onCreate: () => {},
    onJoin(room, p) {
      p.weapon = 'rail';
      room.place(p, { x: p.slot === 0 ? -3 : 5, y: 0.25 });
    },
  });
  const run = (watches: boolean): TestClient['received'] => {
    const { client } = play(new Bench(open), (client, n) => {
      if (n === 3 && watches) client.send('watch', { on: true });
    });
    return client.received.filter(({ name }) => name === 'receipt' || name === 'shape');
  };
  const [receipt, shape] = run(true);
  t.match(receipt?.value, { x: -3, y: 0.25, distance: 7.5, agoMs: 117, statedMs: 117, result: 2 });
  t.match(shape, { name: 'shape', value: { x: 5, y: 0.25, radius: 0.5, inWay: true } });
  t.same(run(false), []);
  t.end();
});
