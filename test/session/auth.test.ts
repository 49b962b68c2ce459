/** The author's own login: asked for every session that would be opened, with limits of time and of how many at once. */
import t from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { INTENT } from '../../src/session/datagrams.ts';
import type { SessionOptions } from '../../src/session/server/table.ts';
import { VERDICT } from '../../src/session/server/table.ts';
import { Bench, hello, join, packet, reply, token, words } from './bench.ts';

const LOGIN: Partial<SessionOptions> = { onAuth: true, dropMs: 1000, resumeMs: 30_000 };

t.test('the login hears what there is, and names the player', async (test) => {
  const bench = new Bench(LOGIN);
  const headers = { cookie: 'a=b' };
  const pipe = bench.open('1.1.1.1', { headers, permit: null });
  bench.handle(pipe, hello(undefined, 1, { text: 'a.b.c' }));
  bench.handle(pipe, join());
  const [asked, ...rest] = bench.poll();
  test.equal(rest.length, 0, 'nothing is said before the answer');
  test.match(asked, { kind: 'auth' });
  test.same(asked?.auth, { token: null, text: 'a.b.c', address: '1.1.1.1', headers });
  test.equal(bench.handle(pipe, packet()), VERDICT.dropped);
  bench.handle(pipe, hello(undefined, 1, { text: 'a.b.c' }));
  test.same(bench.poll(), [], 'a repeat asks nobody again');
  const id = asked?.sessionId ?? 0;
  const answer = { userId: 'zoe', userData: Uint8Array.of(9) };
  test.equal(bench.table.authorised(id, answer, bench.nowUs), true);
  test.equal(bench.table.authorised(id, answer, bench.nowUs), false, 'once');
  const said = bench.poll();
  test.same(words(said), [`send ${pipe} accept`, 'join'], 'the join that came early is not lost');
  test.match(said[1]?.join, { userId: 'zoe', name: 'Ann' });
  test.same([...(said[1]?.join?.userData ?? [])], [9]);
  test.equal(bench.table.facts.authorising, 0);
});

t.test(
  'of a token it hears no keys, and the token is used up only when it lets in',
  async (test) => {
    const bench = new Bench(LOGIN);
    const ann = token({ room: 'r1', userData: Uint8Array.of(1) });
    const pipe = bench.open();
    bench.handle(pipe, hello(ann));
    const [asked] = bench.poll();
    test.same(Object.keys(asked?.auth?.token ?? {}).sort(), [
      'expiresAtMs',
      'room',
      'userData',
      'userId',
    ]);
    bench.table.authorised(asked?.sessionId ?? 0, { text: 'not today' }, bench.nowUs);
    test.same(words(bench.poll()), [`send ${pipe} goodbye 49`, `close ${pipe} 49`]);
    test.equal(bench.table.refused.E_AUTH, 1);
    const again = bench.open();
    bench.handle(again, hello(ann));
    const [second] = bench.poll();
    test.equal(second?.kind, 'auth', 'it may be tried again');
    bench.table.authorised(second?.sessionId ?? 0, { userId: 'Ann 2' }, bench.nowUs);
    test.same(
      bench.poll().map((one) => one.kind),
      ['spend', 'send'],
    );
    bench.handle(again, join());
    bench.poll();
    bench.table.joined(second?.sessionId ?? 0, reply());
    const other = bench.open();
    bench.handle(other, hello(ann, 2, { intent: INTENT.attach }));
    const attached = words(bench.poll());
    test.ok(attached.includes(`send ${other} accept`), 'an attach asks nobody');
    test.equal(bench.table.packet(second?.sessionId ?? 0), other);
  },
);

t.test('a refusal has the code of the game, and its text', async (test) => {
  const bench = new Bench(LOGIN);
  const pipe = bench.open();
  bench.handle(pipe, hello());
  const [asked] = bench.poll();
  const no = { code: ERROR.E_KICKED, text: 'banned for a week' };
  bench.table.authorised(asked?.sessionId ?? 0, no, bench.nowUs);
  const said = bench.poll();
  test.same(words(said), [`send ${pipe} goodbye 20`, `close ${pipe} 20`]);
  test.equal(said[1]?.text, 'banned for a week');
});

t.test('an answer that names nobody who can be is a refusal', async (test) => {
  for (const answer of [
    { userId: '' },
    { userId: 'x'.repeat(65) },
    { userId: 'ok', userData: new Uint8Array(129) },
  ]) {
    const bench = new Bench(LOGIN);
    const pipe = bench.open();
    bench.handle(pipe, hello());
    bench.table.authorised(bench.poll()[0]?.sessionId ?? 0, answer, bench.nowUs);
    test.same(words(bench.poll()), [`send ${pipe} goodbye 49`, `close ${pipe} 49`]);
  }
});

t.test('a login that does not answer in time is cancelled and refused', async (test) => {
  const bench = new Bench(LOGIN);
  const pipe = bench.open();
  bench.handle(pipe, hello());
  const [asked] = bench.poll();
  test.same(bench.wait(5000), []);
  test.same(words(bench.wait(100)), ['cancel', `send ${pipe} goodbye 50`, `close ${pipe} 50`]);
  test.equal(bench.table.authorised(asked?.sessionId ?? 0, { userId: 'x' }, bench.nowUs), false);
  test.match(bench.table.counters, { authTimeouts: 1, accepted: 0 });
  test.match(bench.table.facts, { authorising: 0, held: 0 });
});

t.test(
  'a client that goes while it is asked for is cancelled; one not asked for is not',
  async (test) => {
    const bench = new Bench(LOGIN);
    const [pipe, early] = [bench.open(), bench.open()];
    bench.handle(pipe, hello());
    bench.poll();
    bench.handle(early, hello());
    bench.table.closed(pipe, bench.nowUs);
    bench.table.closed(early, bench.nowUs);
    test.same(words(bench.poll()), ['cancel']);
    test.equal(bench.table.facts.held, 0);
  },
);

t.test('so many logins at once, and one more is refused', async (test) => {
  const bench = new Bench({ ...LOGIN, authsMax: 2 });
  const pipes = [bench.open(), bench.open(), bench.open()];
  for (const pipe of pipes) bench.handle(pipe, hello());
  const late = pipes[2] ?? 0;
  test.same(words(bench.poll()), ['auth', 'auth', `send ${late} goodbye 51`, `close ${late} 51`]);
  test.equal(bench.table.refused.E_AUTH_BUSY, 1);
});

t.test('a login that nobody waits for holds its place until it has ended', async (test) => {
  const bench = new Bench({ ...LOGIN, authsMax: 1 });
  const gone = bench.open();
  bench.handle(gone, hello());
  const [asked] = bench.poll();
  bench.table.closed(gone, bench.nowUs);
  test.same(words(bench.poll()), ['cancel']);
  const early = bench.open();
  bench.handle(early, hello());
  test.same(words(bench.poll()), [`send ${early} goodbye 51`, `close ${early} 51`]);
  test.equal(bench.table.authorised(asked?.sessionId ?? 0, { userId: 'zoe' }, bench.nowUs), false);
  test.equal(bench.table.facts.abandoned, 1);
  bench.table.loginEnded('1.1.1.1');
  bench.handle(bench.open(), hello());
  test.same(words(bench.poll()), ['auth']);
});

t.test('one network has half of the places, 16 at least; others come in', async (test) => {
  const bench = new Bench({ ...LOGIN, authsMax: 40 });
  const ask = (address: string): number => {
    const pipe = bench.open(address);
    bench.handle(pipe, hello());
    return pipe;
  };
  const crowd = Array.from({ length: 30 }, (_, k) => ask(`10.9.8.${k}`));
  const said = words(bench.poll());
  test.equal(said.filter((word) => word === 'auth').length, 20);
  test.equal(said.filter((word) => word.includes('goodbye 51')).length, 10);
  test.match(bench.table.counters, { busyPrefix: 10 });
  test.equal(bench.table.refused.E_AUTH_BUSY, 10);
  ask('10.9.9.1');
  test.same(words(bench.poll()), ['auth'], 'the network next door has places');
  // Cancelled ones count as long as they run, and where their clients came from.
  for (const pipe of crowd) bench.table.closed(pipe, bench.nowUs);
  const cancelled = bench.poll();
  test.equal(cancelled.length, 20);
  test.match(bench.table.facts, { authorising: 1, abandoned: 20 });
  const late = ask('10.9.8.77');
  test.same(words(bench.poll()), [`send ${late} goodbye 51`, `close ${late} 51`]);
  for (const { kind, address } of cancelled) {
    test.equal(kind, 'cancel');
    bench.table.loginEnded(address);
  }
  test.match(bench.table.facts, { authorising: 1, abandoned: 0 });
  ask('10.9.8.77');
  const [asked] = bench.poll();
  test.equal(asked?.kind, 'auth');
  // One that was never asked for gives its place back at once; and so does an answer.
  bench.table.closed(ask('10.9.8.78'), bench.nowUs);
  bench.table.authorised(asked?.sessionId ?? 0, { userId: 'zoe' }, bench.nowUs);
  bench.poll();
  for (let k = 0; k < 21; k += 1) ask(`10.9.8.${100 + k}`);
  test.equal(words(bench.poll()).filter((word) => word === 'auth').length, 20);
});

t.test('of one player two logins at once end in one session', async (test) => {
  const bench = new Bench(LOGIN);
  const pipes = [bench.open(), bench.open()];
  for (const pipe of pipes) bench.handle(pipe, hello());
  for (const { sessionId } of bench.poll())
    bench.table.authorised(sessionId, { userId: 'zoe' }, bench.nowUs);
  test.same(words(bench.poll()), [
    `send ${pipes[0]} goodbye 21`,
    `close ${pipes[0]} 21`,
    `send ${pipes[1]} accept`,
  ]);
});
