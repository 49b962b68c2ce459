/**
 * What a plugin may rely on, sentence by sentence, in two games: a quiet one that does nothing by itself, and a busy one
 * whose own hooks write, draw, spawn and time things in the same ticks. semantics.test.ts has the corners of each.
 */
import { type Test, test } from 'tap';
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import { COMMAND, RecordHeader } from '../../protocol/gen/tables.ts';
import type { ErasedHooks, Game, Hook } from '../../src/plugin/game.ts';
import { GameRuntime } from '../../src/plugin/runtime.ts';
import { Bench, core, replay } from './bench.ts';
import { brawl, ledgerGame } from './games.ts';
import { codeOf } from './ledger-bench.ts';

/** As much of a room as the sentences need, whatever its schema. */
interface AnyRoom {
  readonly tick: number;
  readonly players: Iterable<AnyPlayer>;
  readonly state: Record<string, number>;
  randomInt(below: number): number;
  player(id: number): AnyPlayer | undefined;
  defer(fn: (room: AnyRoom) => void): void;
  after(ticks: number, timer: string, args: Record<string, unknown>): unknown;
}
interface AnyPlayer extends Record<string, unknown> {
  readonly id: number;
}

/** A game of the tests, and the names of its own that the sentences use. */
interface Subject {
  readonly name: string;
  readonly game: Game;
  /** A field of players and one of the room that its hooks leave alone; who sees them does not matter. */
  readonly field: string;
  readonly roomField: string;
  readonly timer: { readonly name: string; readonly args: (id: number) => Record<string, unknown> };
}

const SUBJECTS: readonly Subject[] = [
  {
    name: 'ledger',
    game: ledgerGame({ onTimer: { ring() {} } }),
    field: 'secret',
    roomField: 'hidden',
    timer: { name: 'ring', args: (who) => ({ who, n: 4, loud: false, dir: 0 }) },
  },
  {
    name: 'brawl',
    game: brawl as unknown as Game,
    field: 'colour',
    roomField: 'startedAt',
    timer: { name: 'crate', args: () => ({ spot: 2 }) },
  },
];

/** The game with more to do at the end of its ticks, two people in it. */
function run({ game, timer }: Subject, more: (room: AnyRoom) => void, onTimer?: Hook): Bench {
  const { hooks } = game;
  const changed: ErasedHooks = {
    ...hooks,
    onTick(room) {
      hooks.onTick?.(room);
      more(room as AnyRoom);
    },
    ...(onTimer ? { onTimer: { ...hooks.onTimer, [timer.name]: onTimer } } : {}),
  };
  const bench = new Bench({ ...game, hooks: changed });
  bench.join(0);
  bench.join(1);
  return bench;
}

function first(room: AnyRoom): AnyPlayer {
  for (const player of room.players) return player;
  throw new Error('nobody is in the room');
}

/** Commands of that kind in each tick of the journal. */
function commandsOf(bench: Bench, kind: number): number[] {
  return bench.journal.ticks.map(({ end }) => {
    const view = new DataView(end.buffer, end.byteOffset, end.length);
    let found = 0;
    for (let at = 0; at < end.length; ) {
      if (view.getUint16(at + RecordHeader.kind, true) === kind) found += 1;
      at += RecordHeader.bytes + ((view.getUint32(at + RecordHeader.length, true) + 3) & ~3);
    }
    return found;
  });
}

const TICK = 20;

for (const subject of SUBJECTS) {
  const { name, field, roomField, timer } = subject;
  const sentence = (text: string, fn: (t: Test) => void | Promise<void>) =>
    test(`${name}: ${text}`, async (t) => fn(t));

  sentence('a write is read back in its tick, adds up, and is in the world after it', (t) => {
    const seen: unknown[] = [];
    let id = 0;
    const bench = run(subject, (room) => {
      const p = room.player(id) ?? first(room);
      id = p.id;
      if (room.tick === TICK) {
        p[field] = 3;
        p[field] = Number(p[field]) + 1;
        p[field] = Number(p[field]) + 1;
        room.state[roomField] = 7;
        seen.push(first(room)[field], room.player(id)?.[field], room.state[roomField]);
        seen.push(bench.core.columns.join() === world);
      }
      if (room.tick > TICK) seen.push(p[field], room.state[roomField]);
    });
    let world = '';
    bench.tick(TICK - 1);
    // The world moves in `begin`: what hooks see of it is taken there.
    const { begin } = bench.core;
    bench.core.begin = (length: number) => {
      const answer = begin.call(bench.core, length);
      world = bench.core.columns.join();
      return answer;
    };
    bench.tick(2);
    t.same(
      seen,
      [5, 5, 7, true, 5, 7],
      'and the world itself did not change before the tick ended',
    );
    t.same(bench.errors, []);
  });

  sentence(
    "draws come from the plugin's own generator, one command says so, and the same again",
    (t) => {
      const drawn: number[][] = [[], []];
      const play = (into: number[]) =>
        run(subject, (room) => {
          if (room.tick === TICK) for (let n = 0; n < 50; n += 1) into.push(room.randomInt(1000));
        }).tick(TICK);
      const [one, two] = [play(drawn[0] ?? []), play(drawn[1] ?? [])];
      t.same(drawn[1], drawn[0]);
      t.ok(new Set(drawn[0]).size > 40);
      t.equal(commandsOf(one, COMMAND.setRandom.kind).at(-1), 1);
      t.same([...one.core.random], [...two.core.random], 'its state is in the region');
      const none = run(subject, () => undefined).tick(TICK);
      t.equal(none.core.columns.join(), one.core.columns.join(), 'the world is the same without');
      const other = none.core.region();
      const changed = one.core
        .region()
        .reduce((sum, byte, at) => sum + (byte === other[at] ? 0 : 1), 0);
      t.ok(
        changed <= 28,
        `${changed} bytes differ: 16 of the generator, 8 of the hash, 4 of a counter`,
      );
      t.same(replay(one.journal), one.journal.hashes);
    },
  );

  sentence('what a plugin keeps lies in the region and comes there by commands alone', (t) => {
    const bench = run(subject, (room) => {
      if (room.tick !== TICK) return;
      room.state[roomField] = 9;
      first(room)[field] = 9;
    }).tick(TICK + 5);
    t.equal(commandsOf(bench, COMMAND.setRoomField.kind)[TICK], 1);
    t.ok((commandsOf(bench, COMMAND.setField.kind)[TICK] ?? 0) >= 1);
    t.same(replay(bench.journal), bench.journal.hashes, 'the commands alone make the same');
  });

  sentence('a replay calls no hook', (t) => {
    let calls = 0;
    const bench = run(subject, (room) => {
      calls += 1;
      room.state[roomField] = room.tick % 100;
    }).tick(60);
    const before = calls;
    t.same(replay(bench.journal), bench.journal.hashes);
    t.equal(new Set(bench.journal.hashes).size, 61);
    t.equal(calls, before);
    t.equal(before, 60);
  });

  sentence('a view is valid in its hook alone', (t) => {
    let kept: AnyPlayer | undefined;
    let room: AnyRoom | undefined;
    const codes: string[] = [];
    const bench = run(subject, (r) => {
      if (kept) codes.push(codeOf(() => kept?.['health']));
      kept = first(r);
      room = r;
      codes.push(codeOf(() => kept?.['health']));
    });
    bench.tick(2);
    codes.push(codeOf(() => kept?.['x']));
    codes.push(codeOf(() => kept && Object.assign(kept, { [field]: 1 })));
    codes.push(codeOf(() => room?.randomInt(4)));
    t.same(codes, [
      'no error',
      'E_VIEW_STALE',
      'no error',
      'E_VIEW_STALE',
      'E_VIEW_STALE',
      'E_VIEW_STALE',
    ]);
  });

  sentence('work after an await comes back by defer, as a hook of a later tick', async (t) => {
    const seen: unknown[] = [];
    const bench = run(subject, (room) => {
      if (room.tick !== TICK) return;
      const { id } = first(room);
      Promise.resolve().then(() =>
        room.defer((later) => {
          const p = later.player(id);
          if (p) p[field] = 6;
          seen.push(later.tick, p?.[field]);
        }),
      );
    });
    bench.tick(TICK);
    await new Promise((resolve) => setImmediate(resolve));
    t.same(seen, []);
    bench.tick(1);
    t.same(seen, [TICK + 1, 6]);
    t.same(replay(bench.journal), bench.journal.hashes);
  });

  sentence('a timer is data: it fires in a runtime that did not set it', (t) => {
    const fired: number[] = [];
    const onTimer: Hook = (room) => void fired.push((room as AnyRoom).tick);
    const set = (room: AnyRoom) => {
      if (room.tick === TICK) room.after(10, timer.name, timer.args(first(room).id));
    };
    const bench = run(subject, set, onTimer).tick(TICK + 4);
    const room = new RoomCore(core, bench.journal.config);
    room.restore(bench.core.region());
    const hooks = { onTimer: { [timer.name]: onTimer } };
    const game = { ...subject.game, hooks };
    const host = { hookFailed: () => t.fail('a hook threw'), log: () => {} };
    const fresh = new GameRuntime(game, room, { host, options: { roomId: 'r1', seed: 1n } });
    for (let n = 0; n < 10; n += 1) room.end(fresh.hooks(room.begin(fresh.records(0))));
    t.ok(fired.includes(TICK + 10), fired.join());
    t.equal(fired.filter((tick) => tick === TICK + 10).length, 1);
  });

  sentence('commands of a tick are bounded, and those before the limit count', (t) => {
    let written = 0;
    const bench = run(subject, (room) => {
      if (room.tick !== TICK) return;
      for (;;) {
        room.state[roomField] = (written + 1) % 200;
        written += 1;
      }
    }).tick(TICK);
    t.same(bench.errors, ['onTick: E_COMMAND_LIMIT']);
    t.ok(written > 1000, `${written} writes`);
    t.equal(bench.stat('commandsRefused'), 0);
    t.same(replay(bench.journal), bench.journal.hashes);
  });
}
