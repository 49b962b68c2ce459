/** Drops, resumes and messages to one client, as a shard carries them out over a core that only counts. */
import { test } from 'tap';
import {
  COMMAND,
  Drop,
  ERROR,
  Leave,
  Packet,
  Resume,
  SEND_POOL_BYTES,
} from '../../protocol/gen/tables.ts';
import { ORDER, RESUME } from '../../src/mailbox/messages.ts';
import type { FakeCore, FakeGame } from './fake-core.ts';
import { Bench } from './shard-bench.ts';

function started(
  sessions: readonly number[],
  playersMax = 4,
): { bench: Bench; core: FakeCore; game: FakeGame } {
  const bench = new Bench({ playersMax });
  bench.open(3);
  for (const session of sessions) bench.join(session, 3);
  bench.run(sessions.length > 4 ? 4 : 2);
  bench.answers();
  const core = bench.cores.get(3) as FakeCore;
  core.ticks.length = 0;
  core.commands.length = 0;
  return { bench, core, game: bench.games.get(3) as FakeGame };
}

function records(core: FakeCore): [number, number, number][] {
  return core.ticks
    .splice(0)
    .flatMap((tick) =>
      tick.map(({ kind, slot, payload }): [number, number, number] => [
        kind,
        slot,
        payload[0] ?? -1,
      ]),
    );
}

test('a drop is a record and not answered; a resume is answered after its tick, with the place', (t) => {
  const { bench, core } = started([7, 8]);
  bench.order(0, ORDER.drop, 8, 0);
  bench.run(1);
  t.same(records(core), [[Drop.kind, 1, -1]]);
  t.same(bench.answers(), []);
  bench.order(0, ORDER.resume, 8, 0);
  bench.run(1);
  t.same(records(core), [[Resume.kind, 1, 0]]);
  t.same(
    bench.answers().map((answer) => answer.slice(0, 3)),
    [['resumed', 8, 0]],
  );
  bench.order(0, ORDER.resume, 7, RESUME.fresh | RESUME.verify);
  bench.run(1);
  t.same(records(core), [[Resume.kind, 0, 3]]);
  const { answers } = bench.ends[0] as Bench['ends'][number];
  t.ok(answers.next());
  const [playerId, , , epoch, walls] = answers.words.subarray(answers.offset >> 2);
  t.same([answers.id, answers.arg, playerId, epoch, walls], [7, RESUME.fresh, 1 << 16, 2, 77]);
  answers.release();
  t.same(
    (['drops', 'resumes', 'resumesFresh'] as const).map((name) => bench.counter(name)),
    [1, 1, 1],
  );
  bench.order(0, ORDER.drop, 99, 0);
  bench.order(0, ORDER.resume, 99, 1);
  bench.order(0, ORDER.tell, 99, 0, Uint8Array.of(0, 1));
  bench.run(2);
  t.same([records(core), bench.answers()], [[], []], 'of nobody it is nothing');
  t.end();
});

test('a fresh resume that the core puts off is answered when it is carried out', (t) => {
  const { bench, core } = started([7]);
  core.renewTicks = 3;
  bench.order(0, ORDER.resume, 7, RESUME.fresh);
  bench.run(3);
  t.same(bench.answers(), []);
  t.equal(records(core).length, 1, 'it is written once');
  bench.run(1);
  t.equal(bench.answers().length, 1);
  bench.run(5);
  t.equal(bench.answers().length, 0);
  t.end();
});

test('who leaves, is kicked, or whose room closes while it comes back gets its last answer and no other', (t) => {
  for (const end of ['leave', 'kick', 'close', 'trap']) {
    const { bench, core, game } = started([7]);
    core.renewTicks = 2;
    bench.order(0, ORDER.drop, 7, 0);
    bench.order(0, ORDER.resume, 7, RESUME.fresh);
    if (end === 'leave') bench.order(0, ORDER.leave, 7, ERROR.E_LEFT);
    bench.run(1);
    if (end === 'kick') game.kick = { slot: 0, code: ERROR.E_KICKED, reason: 'out' };
    if (end === 'close') bench.order(0, ORDER.close, 3, ERROR.E_ROOM_CLOSED);
    if (end === 'trap') core.trap = true;
    bench.run(3);
    t.same(
      bench.answers().map(([kind, id]) => `${kind} ${id}`),
      end === 'close' || end === 'trap' ? ['left 7', 'closed 3'] : ['left 7'],
      end,
    );
    if (end === 'leave')
      t.same(
        records(core).map(([kind]) => kind),
        [Drop.kind, Resume.kind, Leave.kind],
      );
  }
  t.end();
});

test('another who has the slot by then is not told of the return', (t) => {
  const { bench, core } = started([7]);
  core.renewTicks = 9;
  bench.order(0, ORDER.resume, 7, RESUME.fresh);
  bench.order(0, ORDER.leave, 7, ERROR.E_LEFT);
  bench.run(2);
  bench.join(8, 3);
  bench.run(12);
  t.same(
    bench.answers().map(([kind, id]) => `${kind} ${id}`),
    ['left 7', 'joined 8'],
  );
  t.end();
});

test('how long a game waits is told for people, once per drop', (t) => {
  const { bench, game } = started([7]);
  game.wait = { slot: 0, ms: 250 };
  bench.run(1);
  game.wait = { slot: 2, ms: 250 };
  bench.run(1);
  t.same(bench.answers(), [['wait', 7, 250, '']]);
  t.end();
});

test('who is away keeps place, seat and room', (t) => {
  const { bench } = started([7, 8]);
  bench.order(0, ORDER.drop, 7, 0);
  bench.order(0, ORDER.drop, 8, 0);
  bench.run(40);
  t.same([bench.counter('people'), bench.answers()], [2, []], 'the room is not idle');
  bench.join(9, 3);
  bench.join(10, 3);
  bench.join(11, 3);
  bench.run(3);
  t.same(
    bench.answers().map(([kind, id]) => `${kind} ${id}`),
    ['refused 11', 'joined 9', 'joined 10'],
  );
  t.end();
});

test('orders find space in a tick that packets have filled', (t) => {
  // So many that what is kept for joins of a tick would not do.
  const sessions = Array.from({ length: 100 }, (_, k) => k + 1);
  const { bench, core } = started(sessions, 100);
  for (const bytes of [1000, 4]) {
    for (let round = 0; round < 4; round += 1) {
      for (let k = 0; k < 60; k += 1) bench.send(7, new Array(bytes).fill(1));
      bench.shard.takePackets();
    }
  }
  t.ok(bench.counter('inputRefused') > 60, 'no place for packets, not even small ones');
  for (const session of sessions) {
    bench.order(0, ORDER.drop, session, 0);
    bench.order(0, ORDER.resume, session, 1);
    bench.order(0, ORDER.leave, session, ERROR.E_LEFT);
  }
  bench.run(1);
  t.same(
    records(core)
      .map(([kind]) => kind)
      .filter((kind) => kind !== Packet.kind),
    sessions.flatMap(() => [Drop.kind, Resume.kind, Leave.kind]),
  );
  t.end();
});

function sends(core: FakeCore): [number, string][] {
  return core.commands.splice(0).flatMap((bytes) => {
    const view = new DataView(bytes.buffer);
    const found: [number, string][] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = view.getUint32(at + 4, true);
      if (view.getUint16(at, true) === COMMAND.send.kind)
        found.push([
          view.getUint16(at + 2, true),
          new TextDecoder().decode(bytes.slice(at + 12, at + 8 + length)),
        ]);
      at += 8 + ((length + 3) & ~3);
    }
    return found;
  });
}

const message = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

test('a message to one client is a command of its slot, in order, and waits while the pool has no room', (t) => {
  const { bench, core } = started([7, 8]);
  bench.order(0, ORDER.tell, 8, 0, message('\0one'));
  bench.order(0, ORDER.notice, 0, 0, message('\0all'));
  bench.order(0, ORDER.tell, 8, 0, message('\0two'));
  bench.run(1);
  t.same(sends(core), [
    [1, '\0one'],
    [0xffff, '\0all'],
    [1, '\0two'],
  ]);
  core.poolBytes = SEND_POOL_BYTES - 64;
  bench.order(0, ORDER.tell, 7, 0, message(`\0${'x'.repeat(64)}`));
  bench.order(0, ORDER.tell, 8, 0, message('\0gone'));
  bench.run(2);
  t.same(sends(core), [[1, '\0gone']], 'the one that fits does not wait for the one that does not');
  core.poolBytes -= 64;
  bench.run(1);
  t.same(
    sends(core).map(([slot]) => slot),
    [0],
  );
  core.poolBytes = SEND_POOL_BYTES;
  bench.order(0, ORDER.tell, 7, 0, message('\0late'));
  bench.run(1);
  bench.order(0, ORDER.leave, 7, ERROR.E_LEFT);
  bench.run(1);
  core.poolBytes = 0;
  bench.run(2);
  t.same(sends(core), [], 'nobody hears what was meant for one who has gone');
  t.equal(bench.counter('tellsDropped'), 0);
  t.end();
});

test('so many messages wait in a room and no more; the rest is counted', (t) => {
  const { bench, core } = started([7]);
  core.poolBytes = SEND_POOL_BYTES;
  for (let k = 0; k < 100; k += 1) {
    bench.order(0, ORDER.tell, 7, 0, message(`\0${k}`));
    if (k % 10 === 9) bench.run(1);
  }
  t.equal(bench.counter('tellsDropped'), 100 - 64 - 2 * 4);
  core.poolBytes = 0;
  core.commands.length = 0;
  bench.run(1);
  t.equal(sends(core).length, 72);
  core.poolBytes = SEND_POOL_BYTES;
  for (let k = 0; k < 72; k += 1) {
    bench.order(0, ORDER.tell, 7, 0, message(`\0${k}`));
    if (k % 10 === 9) bench.run(1);
  }
  bench.order(0, ORDER.leave, 7, ERROR.E_LEFT);
  bench.join(8, 3);
  bench.run(3);
  bench.order(0, ORDER.tell, 8, 0, message('\0place'));
  bench.run(1);
  t.equal(bench.counter('tellsDropped'), 28, 'what was for one who has gone takes no place');
  t.end();
});
