/** Players whose client is away: what the game hears, what it may decide, and that all of it lies in the journal. */
import t from 'tap';
import { COLUMN, ERROR } from '../../protocol/gen/tables.ts';
import type { AbsenceOf } from '../../src/plugin/index.ts';
import { Bench, replay } from './bench.ts';
import type { LedgerHooks, ledger } from './games.ts';
import { brawl, ledgerGame } from './games.ts';
import { ledgerBench as bench, codeOf } from './ledger-bench.ts';

/** Hooks that write down what they hear. */
function witness(seen: string[], more: LedgerHooks = {}): LedgerHooks {
  return {
    onJoin: (room, p) => void room.place(p, { x: 5 * p.slot, y: 0 }),
    onDrop: (room, p) => void seen.push(`${room.tick} drop ${p.name}`),
    onResume: (room, p, { resumed }) => void seen.push(`${room.tick} ${resumed} ${p.name}`),
    onLeave: (room, p, { code }) => void seen.push(`${room.tick} leave ${p.name} ${code}`),
    ...more,
  };
}

function place(b: Bench, slot: number): [x: number, y: number] {
  const { core } = b;
  const index = (core.players[slot] ?? 0) & 0xffff;
  const at = (column: number): number =>
    (core.columns[column * core.entitiesMax + index] ?? 0) / 65536;
  return [at(COLUMN.x), at(COLUMN.y)];
}

t.test('drop, return and leave reach their player, each once and in its tick', (t) => {
  const seen: string[] = [];
  const b = bench(witness(seen));
  b.tick();
  b.drop(1);
  b.tick(2);
  b.resume(1);
  b.tick();
  b.resume(0, 1);
  b.tick();
  b.drop(0);
  b.drop(1);
  b.tick();
  b.leave(1, ERROR.E_TIMEOUT);
  b.tick();
  b.drop(0);
  b.resume(0, 1);
  b.leave(0, ERROR.E_LEFT);
  b.tick(3);
  t.same(seen, [
    '2 drop p1',
    '4 same p1',
    '5 fresh p0',
    '6 drop p0',
    '6 drop p1',
    '7 leave p1 E_TIMEOUT',
    '8 leave p0 E_LEFT',
  ]);
  t.equal(b.stat('recordsRefused'), 0);
  t.same(replay(b.journal), b.journal.hashes);
  t.end();
});

t.test(
  'an input stands in for a client that is away, until it is back; the journal has it',
  (t) => {
    const b = bench(
      witness([], {
        onDrop: (_room, p, absence) => {
          absence.input({ move: { x: 1, y: 0 }, aim: 1 });
          if (p.slot === 0) absence.input({ move: { x: 0, y: 1 } });
        },
      }),
    );
    b.tick(2);
    const [[x0, y0], [x1, y1]] = [place(b, 0), place(b, 1)];
    b.drop(0);
    b.drop(1);
    b.tick(40);
    t.same([place(b, 0)[0], place(b, 1)[1]], [x0, y1], 'each goes its way and no other');
    t.ok(place(b, 0)[1] > y0 + 1, 'the last call counts');
    t.ok(place(b, 1)[0] > x1 + 1);
    b.resume(1);
    b.leave(0, ERROR.E_TIMEOUT);
    b.tick(20);
    b.join(0, 'next');
    b.tick(2);
    const still = [place(b, 0), place(b, 1)];
    b.tick(20);
    t.same([place(b, 0), place(b, 1)], still, 'nobody walks on, nor who has the slot after');
    t.equal(b.stat('recordsRefused'), 0);
    t.same(b.errors, []);
    t.same(replay(b.journal), b.journal.hashes);
    t.end();
  },
);

t.test('without a word the player stands still and looks where it looked', (t) => {
  for (const input of [false, true]) {
    const b = bench(
      witness([], {
        onDrop: (_room, p, absence) => {
          if (input) p.aim = 1.5;
          if (input) absence.input({});
        },
      }),
    );
    b.tick(2);
    const before = place(b, 0);
    b.drop(0);
    b.tick(30);
    t.same(place(b, 0), before);
    const index = (b.core.players[0] ?? 0) & 0xffff;
    const aim = b.core.columns[COLUMN.aim * b.core.entitiesMax + index] ?? 0;
    t.equal(Math.round((aim / 65536) * 2 * Math.PI * 10), input ? 15 : 0, `${aim}`);
  }
  t.end();
});

t.test(
  'the least wait counts and is told once per drop, also when the hook throws after it',
  (t) => {
    const b = bench(
      witness([], {
        onDrop: (room, p, absence) => {
          if (p.slot === 1) return;
          absence.waitMs(room.tick < 5 ? 900 : 0);
          absence.waitMs(5000.4);
          if (room.tick > 5) throw new Error('late');
        },
      }),
    );
    b.tick();
    b.drop(0);
    b.drop(1);
    b.tick(3);
    t.same(b.waits, [[0, 900]]);
    b.resume(0);
    b.tick(2);
    b.drop(0);
    b.tick(3);
    t.same(b.waits, [
      [0, 900],
      [0, 0],
    ]);
    t.same(b.errors, ['onDrop: Error: late']);
    t.end();
  },
);

t.test('what cannot be is an error with a code, and an absence ends with its hook', (t) => {
  const codes: string[] = [];
  const kept: AbsenceOf<typeof ledger>[] = [];
  const b = bench(
    witness([], {
      onDrop: (_room, _p, absence) => {
        for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])
          codes.push(codeOf(() => absence.waitMs(ms)));
        for (const input of [null, undefined, 7])
          codes.push(codeOf(() => absence.input(input as never)));
        const [before] = kept;
        if (before !== undefined) {
          codes.push(codeOf(() => before.waitMs(1)));
          codes.push(codeOf(() => before.input({ move: { x: 1, y: 1 } })));
        }
        kept.push(absence);
      },
    }),
  );
  b.tick();
  b.drop(0);
  b.tick();
  t.same(codes, new Array(7).fill('E_VALUE'));
  t.equal(
    codeOf(() => kept[0]?.waitMs(5)),
    'E_VIEW_STALE',
  );
  codes.length = 0;
  b.drop(1);
  b.tick();
  t.same(codes.slice(7), ['E_VIEW_STALE', 'E_VIEW_STALE'], 'nor does it act on another player');
  t.same(b.waits, []);
  t.same(b.errors, []);
  t.end();
});

t.test('a write in onDrop is a command like any other: shield, and remove', (t) => {
  const seen: string[] = [];
  const b = bench(
    witness(seen, {
      onDrop: (room, p) => {
        p.protectedUntil = room.tick + 300;
        p.kills += 2;
        room.state.total += 1;
        seen.push(`${p.protectedUntil - room.tick} ${p.kills} ${room.state.total}`);
        if (p.slot === 1) room.kick(p, 'no sleepers');
      },
    }),
  );
  b.tick();
  b.drop(0);
  b.drop(1);
  b.tick(2);
  t.same(seen, ['300 2 1', '300 2 2', '3 leave p1 E_KICKED']);
  t.same(b.removed, [{ slot: 1, code: ERROR.E_KICKED, reason: 'no sleepers' }]);
  t.equal(b.core.roomFields[0], 2);
  t.same(replay(b.journal), b.journal.hashes);
  t.end();
});

t.test(
  'a page loaded again hears what the one before had not acknowledged; its own messages come once',
  (t) => {
    const seen: string[] = [];
    const b = new Bench(
      ledgerGame(
        witness(seen, {
          onResume: (room, p, { resumed }) => {
            seen.push(`${resumed} ${p.name}`);
            room.send(p, 'chat', { from: p.id, text: 'welcome back' });
          },
          onMessage: { chat: (_room, p, { text }) => void seen.push(`${p.name}: ${text}`) },
          onTick: (room) => {
            if (room.tick === 6)
              for (const p of room.players) room.send(p, 'chat', { from: p.id, text: 'missed' });
          },
        }),
      ),
    );
    b.join(0);
    b.tick();
    const before = b.client(0);
    before.send('chat', { text: 'one' });
    for (let n = 0; n < 4; n += 1) {
      before.post();
      b.tick();
      before.takePacket();
    }
    b.tick(4);
    const old = before.core.packet(b.core.tick + 1);
    const late = before.core.packetBytes.slice(0, old);
    b.resume(0, 1);
    b.tick();
    const after = b.client(0);
    after.send('chat', { text: 'two' });
    const malformed = b.stat('packetsMalformed');
    for (let n = 0; n < 5; n += 1) {
      after.takePacket();
      if (n === 1) b.packet(0, late);
      after.post();
      b.tick();
    }
    t.equal(b.stat('packetsMalformed'), malformed + 1, 'the page before is heard no more');
    t.same(
      after.received.map(({ value }) => (value as { text: string }).text),
      ['missed', 'welcome back'],
    );
    t.same(seen, ['p0: one', 'fresh p0', 'p0: two']);
    t.same(replay(b.journal), b.journal.hashes);
    t.end();
  },
);

t.test('a busy run in which people drop and return is replayed without the game', (t) => {
  let state = 77;
  const random = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
  const game = { ...brawl, hooks: { ...brawl.hooks, onDrop: goOn } };
  const b = new Bench(game, { seed: 5n });
  for (const slot of [6, 7]) b.join(slot);
  for (let n = 0; n < 300; n += 1) {
    b.tick();
    const [slot, what] = [6 + random(2), random(8)];
    if (what === 0) b.drop(slot);
    if (what === 1) b.resume(slot, random(4));
  }
  t.same(b.errors, []);
  t.equal(b.stat('recordsRefused'), 0);
  t.ok(b.core.epochs.some((epoch) => epoch !== 1));
  t.same(replay(b.journal), b.journal.hashes);
  t.end();
});

function goOn(_room: unknown, _player: unknown, absence: unknown): void {
  (absence as AbsenceOf<typeof ledger>).input({ move: { x: 1, y: 0.5 }, fire: true });
}
