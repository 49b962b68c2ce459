/** Each sentence of the plan about plugins, on the real core. */
import t from 'tap';
import type { PlayerViewOf } from '../../src/plugin/index.ts';
import { replay } from './bench.ts';
import type { LedgerRoom, ledger } from './games.ts';
import { ledgerBench as bench } from './ledger-bench.ts';

type Player = PlayerViewOf<typeof ledger>;

function first(room: LedgerRoom): Player {
  for (const p of room.players) return p;
  throw new Error('nobody is here');
}

t.test(
  'a write is a command with an absolute value, visible to all later reads of that tick',
  (t) => {
    const seen: unknown[] = [];
    const b = bench({
      onTick(room) {
        const p = first(room);
        if (room.tick === 2) {
          p.kills += 1;
          p.kills += 1;
          room.state.total += 5;
          room.state.total += 5;
          p.tag = 'abc';
          p.name = 'renamed';
          room.state.motto = 'hello';
          p.health = 40;
          p.weapon = 'bow';
          room.defer((later) => seen.push('next tick', first(later).kills, later.state.total));
        }
        seen.push(p.kills, room.state.total, p.tag, p.name, room.state.motto, p.health, p.weapon);
      },
    });
    b.tick(3);
    t.same(seen.slice(0, 7), [0, 0, '', 'p0', '', 100, 'rail']);
    t.same(
      seen.slice(7, 14),
      [2, 10, 'abc', 'renamed', 'hello', 40, 'bow'],
      'read back in the same tick, and twice += 1 adds 2',
    );
    t.same(seen.slice(14, 17), ['next tick', 2, 10]);
    t.same(
      seen.slice(17),
      [2, 10, 'abc', 'renamed', 'hello', 40, 'bow'],
      'and it is the state of the room in the next',
    );
    t.equal(b.stat('commandsRefused'), 0);
    t.same(b.errors, []);
    t.end();
  },
);

t.test('a write of one hook is read by another hook of the same tick', (t) => {
  const seen: number[] = [];
  const b = bench({
    onJoin(_room, p) {
      p.kills = 7;
    },
    onTick(room) {
      seen.push(first(room).kills);
    },
  });
  b.tick();
  t.same(seen, [7]);
  t.end();
});

t.test(
  'place and spawn are read back in the same tick, and the core makes the same of them',
  (t) => {
    const seen: unknown[][] = [];
    const b = bench({
      onTick(room) {
        const p = first(room);
        if (room.tick === 2) {
          room.place(p, { x: 3, y: 100 }, { aim: Math.PI, protectTicks: 9 });
          const crate = room.spawn('crate', { x: 1.5, y: -2, content: 3, open: true, note: 'hi' });
          room.spawn('target', { x: 5, y: 5, vx: 3, vz: 3 });
          crate.content += 1;
        }
        const row: unknown[] = [
          p.alive,
          p.x,
          p.y,
          room.tick === 2 && p.aim,
          p.protectedUntil,
          p.health,
        ];
        for (const c of room.entities('crate'))
          row.push(
            c.handle,
            c.x,
            c.y,
            c.content,
            c.open,
            c.note,
            c.alive,
            c.radius,
            c.health,
            c.kind,
          );
        for (const c of room.entities('target'))
          row.push(c.handle, c.worth, c.health, c.vz, c.team, c.owner);
        seen.push(row);
      },
    });
    b.tick(3);
    t.same(seen[0], [false, 0, 0, false, 0, 100]);
    t.match(seen[1], [true, 3, 30, Math.PI, 11, 100], 'the edge of the world is kept');
    t.match(seen[1]?.slice(7, 16), [1.5, -2, 4, true, 'hi', true, 0.5, 0, 'crate']);
    t.match(seen[1]?.slice(17), [7, 30, 0, 0, 0]);
    t.same(seen[2], seen[1]?.with(3, false), 'what was read ahead is what the core made');
    t.equal(b.stat('commandsRefused'), 0);
    t.same(b.errors, []);
    t.end();
  },
);

t.test('a removed entity is gone for the rest of the tick', (t) => {
  const counts: number[] = [];
  const b = bench({
    onCreate(room) {
      room.spawn('crate', { x: 0, y: 0 });
      room.spawn('crate', { x: 5, y: 0 });
    },
    onTick(room) {
      counts.push(room.entities('crate').count);
      for (const c of room.entities('crate')) {
        const { handle } = c;
        room.remove(c);
        counts.push(room.entities('crate').count, room.entity(handle) === undefined ? 1 : 0);
        break;
      }
    },
  });
  b.tick(2);
  t.same(counts, [2, 1, 1, 1, 0, 1]);
  t.end();
});

t.test(
  'randomInt draws from the generator of the plugin, whose state is part of the region and changes by one command',
  (t) => {
    const drawn: number[] = [];
    const b = bench({
      onTick(room) {
        if (room.tick % 2 === 0) for (let n = 0; n < 3; n += 1) drawn.push(room.randomInt(1000));
      },
    });
    const states: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      b.tick();
      states.push([...b.core.random].join());
    }
    t.equal(states[1] === states[0], false);
    t.equal(states[2], states[1], 'a tick without a draw leaves it');
    t.equal(new Set(drawn).size, 6);
    t.ok(drawn.every((n) => Number.isInteger(n) && n >= 0 && n < 1000));
    const setRandom = b.journal.ticks.map(
      ({ end }) => kinds(end).filter((kind) => kind === 43).length,
    );
    t.same(setRandom, [0, 0, 1, 0, 1], 'one command in each tick that drew');
    t.same(replay(b.journal), b.journal.hashes);
    t.end();
  },
);

t.test('randomInt is fair to the edge of its range and refuses what is no range', (t) => {
  let errors = 0;
  const counts = [0, 0, 0];
  const b = bench({
    onTick(room) {
      for (let n = 0; n < 3000; n += 1) counts[room.randomInt(3)]! += 1;
      for (const n of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) {
        try {
          room.randomInt(n);
        } catch {
          errors += 1;
        }
      }
      t.ok(room.randomInt(2 ** 32) < 2 ** 32);
      t.equal(room.randomInt(1), 0);
    },
  });
  b.tick();
  t.equal(errors, 5);
  t.ok(
    counts.every((count) => count > 900 && count < 1100),
    String(counts),
  );
  t.end();
});

t.test('a range that does not divide 2^32 is drawn by rejection', (t) => {
  // Of 3 x 2^30, a plain remainder would give the lower third twice as often as the others.
  const thirds = [0, 0, 0];
  const b = bench({
    onTick(room) {
      for (let n = 0; n < 6000; n += 1)
        thirds[Math.floor(room.randomInt(3 * 2 ** 30) / 2 ** 30)]! += 1;
    },
  });
  b.tick();
  t.ok(
    thirds.every((count) => count > 1800 && count < 2200),
    String(thirds),
  );
  t.end();
});

t.test('hooks never touch the generator of the simulation', (t) => {
  const run = (draws: number): string => {
    const b = bench({
      onTick(room) {
        for (let n = 0; n < draws; n += 1) room.randomInt(9);
        for (const p of room.players) if (!p.alive) room.place(p, { x: p.slot, y: 0 });
      },
    });
    b.tick(5);
    return b.core.columns.join();
  };
  t.equal(run(0), run(3), 'the world is the same however much a plugin draws');
  t.end();
});

t.test('state that the schema declares lies in the region: the same bytes hold it', (t) => {
  const b = bench({
    onTick(room) {
      room.state.hidden = 77;
      first(room).secret = 99;
    },
  });
  b.tick();
  t.equal(b.core.roomFields[2], 77);
  t.ok(b.core.columns.includes(99));
  t.end();
});

t.test('a view is valid only inside its hook', (t) => {
  let kept: Player | undefined;
  let room: LedgerRoom | undefined;
  const errors: unknown[] = [];
  const attempt = (fn: () => unknown): void => {
    try {
      fn();
      errors.push('no error');
    } catch (error) {
      errors.push((error as { code?: string }).code);
    }
  };
  const b = bench({
    onJoin(r, p) {
      if (p.slot !== 0) return;
      kept = p;
      room = r;
    },
    onTick() {
      attempt(() => kept?.health);
      attempt(() => kept?.name);
      attempt(() => kept?.tag);
      attempt(() => kept?.id);
      attempt(() => kept && Object.assign(kept, { kills: 3 }));
    },
  });
  b.tick();
  t.same(errors.splice(0), new Array(5).fill('E_VIEW_STALE'), 'in another hook');
  attempt(() => kept?.x);
  attempt(() => room?.randomInt(3));
  attempt(() => room?.players.count);
  attempt(() => room?.state.total);
  attempt(() => room && Object.assign(room.state, { total: 3 }));
  attempt(() => room?.spawn('crate', { x: 0, y: 0 }));
  attempt(() => room?.broadcast('chat', { from: 0 as never, text: '' }));
  attempt(() => room?.after(3, 'ring', { who: 0 as never, n: 0, loud: false, dir: 0 }));
  attempt(() => room?.freePlace());
  attempt(() => room?.addBot());
  t.same(errors.splice(0), new Array(10).fill('E_VIEW_STALE'), 'and between hooks');
  t.equal(room?.tick, 1, 'facts of the room stay readable');
  t.equal(b.stat('commandsRefused'), 0);
  t.end();
});

t.test('the view of an entity that is gone never becomes the view of its successor', (t) => {
  const handles: number[] = [];
  let old: { readonly handle: number } | undefined;
  let stale = 0;
  const b = bench(
    {
      onTick(room) {
        for (const c of room.entities('crate')) {
          if (old !== undefined && old !== c) {
            try {
              handles.push(old.handle);
            } catch {
              stale += 1;
            }
          }
          old = c;
          room.remove(c);
        }
        if (room.tick % 70 === 1) room.spawn('crate', { x: 0, y: 0 });
      },
    },
    0,
  );
  b.tick(300);
  t.ok(stale >= 3, `${stale} successors`);
  t.same(handles, []);
  t.end();
});

t.test(
  'work after an await comes back through room.defer, as a hook of a later tick',
  async (t) => {
    const seen: unknown[] = [];
    const b = bench(
      {
        async onJoin(room, p) {
          const { id } = p;
          await Promise.resolve();
          try {
            seen.push(p.health);
          } catch (error) {
            seen.push((error as { code: string }).code);
          }
          room.defer((later) => {
            const again = later.player(id);
            if (again) again.kills = 5;
            seen.push(later.tick, again?.kills);
          });
        },
      },
      1,
    );
    b.tick();
    await new Promise((resolve) => setImmediate(resolve));
    t.same(seen, ['E_VIEW_STALE']);
    b.tick();
    t.same(seen, ['E_VIEW_STALE', 2, 5]);
    t.same(b.errors, []);
    t.same(replay(b.journal), b.journal.hashes);
    t.end();
  },
);

t.test('a hook that rejects is reported like one that throws', async (t) => {
  const b = bench({
    async onTick() {
      await Promise.resolve();
      throw new Error('late');
    },
  });
  b.tick();
  await new Promise((resolve) => setImmediate(resolve));
  t.same(b.errors, ['onTick: Error: late']);
  t.end();
});

t.test(
  'timers are named data: they fire in their tick with their arguments, unless cancelled',
  (t) => {
    const fired: unknown[] = [];
    const b = bench({
      onJoin(room, p) {
        if (p.slot !== 0) return;
        room.after(3, 'ring', { who: p.id, n: -7, loud: true, dir: Math.PI });
        room.after(2, 'ring', { who: p.id, n: 1, loud: false, dir: 0 });
        room.cancel(room.after(2, 'ring', { who: p.id, n: 2, loud: false, dir: 0 }));
      },
      onTimer: {
        ring(room, { who, n, loud, dir }) {
          fired.push([room.tick, room.player(who)?.name, n, loud, dir]);
        },
      },
    });
    b.tick(6);
    t.same(fired, [
      [3, 'p0', 1, false, 0],
      [4, 'p0', -7, true, Math.PI],
    ]);
    t.same(b.errors, []);
    t.end();
  },
);

t.test('hooks run in the order: deferred, events, hits, onTick', (t) => {
  const order: string[] = [];
  const b = bench({
    onCreate() {
      order.push('create');
    },
    onJoin(room, p) {
      order.push(`join ${p.slot}`);
      room.defer(() => order.push('defer'));
      room.after(1, 'ring', { who: p.id, n: 0, loud: false, dir: 0 });
    },
    onTimer: {
      ring() {
        order.push('timer');
      },
    },
    onTick(room) {
      order.push(`tick ${room.tick}`);
    },
    onLeave(_room, p, { code }) {
      order.push(`leave ${p.name} ${code}`);
    },
    onClose(room) {
      order.push(`close ${room.players.count}`);
    },
  });
  b.tick();
  b.leave(0);
  b.tick();
  b.runtime.close();
  t.same(order, [
    'create',
    'join 0',
    'join 1',
    'tick 1',
    'defer',
    'defer',
    'leave p0 E_LEFT',
    'timer',
    'timer',
    'tick 2',
    'close 1',
  ]);
  t.end();
});

function kinds(commands: Uint8Array): number[] {
  const view = new DataView(commands.buffer, commands.byteOffset, commands.length);
  const found: number[] = [];
  for (let at = 0; at < commands.length; at += 8 + ((view.getUint32(at + 4, true) + 3) & ~3))
    found.push(view.getUint16(at, true));
  return found;
}
