/** Sessions that are over: no token of theirs, used or not, opens anything until the server starts again. */
import t from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { encodeGoodbye, INTENT } from '../../src/session/datagrams.ts';
import type { SessionOptions } from '../../src/session/server/table.ts';
import type { OpenedToken } from '../../src/session/token.ts';
import { openTokenRequest } from '../../src/session/token.ts';
import type { Held } from './bench.ts';
import { Bench, hello, join, KEY, sessionToken, token, UNIX_MS, words } from './bench.ts';

const OPTIONS: Partial<SessionOptions> = {
  guests: false,
  dropMs: 1000,
  resumeMs: 30_000,
  sessionTokenMs: 300_000,
};
const ATTACH = { intent: INTENT.attach };

/** Someone who is in, and a token of the session that has not been shown. */
function inside(bench: Bench, own?: Held): { pipe: number; sessionId: number; unused: Held } {
  const { pipe, sessionId } = bench.join('1.1.1.1', own);
  const told = bench.wait(200).find((one) => one.kind === 'tell');
  return { pipe, sessionId, unused: sessionToken(told).held };
}

/** What the server says to a hello on a pipe of its own, and to a join after it. */
function answer(bench: Bench, bytes: Uint8Array, permit?: OpenedToken): string[] {
  const pipe = bench.open('1.1.1.1', permit && { headers: null, permit });
  bench.handle(pipe, bytes);
  bench.handle(pipe, join());
  return words(bench.poll()).map((word) => word.replace(` ${pipe} `, ' '));
}

function openedOf(held: Held): OpenedToken {
  const opened = openTokenRequest(held.request, [KEY], UNIX_MS);
  if (typeof opened === 'number') throw new Error(`The token does not open: ${opened}`);
  return opened;
}

const REUSED = ['send goodbye 5', 'close 5'];
const OVER = ['send goodbye 48', 'close 48'];

const ENDS: Readonly<Record<string, (bench: Bench, at: ReturnType<typeof inside>) => void>> = {
  'was kicked': (bench, { sessionId }) => bench.table.refuse(sessionId, ERROR.E_KICKED),
  'was ended by the operator': (bench, { sessionId }) => bench.table.end(sessionId, ERROR.E_KICKED),
  left: (bench, { pipe }) => bench.handle(pipe, encodeGoodbye(ERROR.E_OK)),
  'was replaced': (bench) => bench.join('2.2.2.2', token()),
  'was away for too long': (bench) => bench.pass(40_000),
  'broke the rules': (bench, { pipe }) => bench.table.closed(pipe, bench.nowUs, ERROR.E_OVERSIZE),
};

for (const [end, doIt] of Object.entries(ENDS))
  t.test(`whoever ${end} does not come back with a token that was left over`, async (test) => {
    const bench = new Bench(OPTIONS);
    const own = token({ expireMs: 300_000 });
    const at = inside(bench, own);
    doIt(bench, at);
    bench.poll();
    const { accepted } = bench.table.counters;
    test.same(answer(bench, hello(at.unused)), REUSED);
    test.same(answer(bench, hello(at.unused, 2, ATTACH)), OVER);
    const permit = openedOf(at.unused);
    test.same(answer(bench, hello(undefined, 1, { pipe: 3 }), permit), REUSED);
    test.same(answer(bench, hello(undefined, 1, { pipe: 4, ...ATTACH }), permit), OVER);
    test.same(answer(bench, hello(own, 5)), REUSED, 'as with the token that is used');
    const second = token({ session: openedOf(own).session, expireMs: 300_000 });
    test.same(answer(bench, hello(second)), REUSED, 'nor with another of its issuer');
    test.equal(bench.table.counters.accepted, accepted);
    const next = new Bench(OPTIONS);
    test.same(answer(next, hello(at.unused)), ['send accept', 'join'], 'but after a restart');
  });

t.test('a guest who was thrown out needs another session, too', async (test) => {
  const bench = new Bench({ ...OPTIONS, guests: true });
  const { sessionId, unused } = inside(bench);
  bench.table.refuse(sessionId, ERROR.E_KICKED);
  bench.poll();
  test.same(answer(bench, hello(unused)), REUSED);
  test.same(answer(bench, hello()), ['send accept', 'join']);
});

t.test(
  'a token that was refused, by the login or for want of a place, stays good',
  async (test) => {
    const bench = new Bench({ ...OPTIONS, onAuth: true });
    const ann = token();
    for (const [result, said] of [
      [{ text: 'not today' }, 'send goodbye 49'],
      [{ userId: 'ann' }, 'send accept'],
    ] as const) {
      const pipe = bench.open();
      bench.handle(pipe, hello(ann));
      bench.table.authorised(bench.poll()[0]?.sessionId ?? 0, result, bench.nowUs);
      test.equal(words(bench.poll())[0]?.replace(` ${pipe} `, ' '), said);
    }
  },
);

t.test('what is over is remembered until its tokens have expired', async (test) => {
  const bench = new Bench({ ...OPTIONS, sessionTokenMs: 60_000 });
  const { sessionId, unused } = inside(bench, token({ expireMs: 6000 }));
  bench.pass(20_000);
  bench.table.refuse(sessionId, ERROR.E_KICKED);
  bench.poll();
  bench.pass(39_000);
  test.same(answer(bench, hello(unused)), REUSED, 'as long as one opens');
  bench.pass(20_000);
  test.equal(bench.table.facts.overSessions, 1);
  bench.pass(2000);
  test.equal(bench.table.facts.overSessions, 0);
  test.same(answer(bench, hello(unused)), ['send goodbye 4', 'close 4']);
});

t.test(
  'a full memory lets no player in rather than forget one; guests it lets in',
  async (test) => {
    const bench = new Bench({ ...OPTIONS, guests: true, usedTokensMax: 2, sessionTokenMs: 60_000 });
    const leave = (own?: Held): void => {
      const { pipe } = bench.join('1.1.1.1', own);
      bench.handle(pipe, encodeGoodbye(ERROR.E_OK));
      bench.poll();
    };
    for (const userId of ['a', 'b']) leave(token({ userId, expireMs: 6000 }));
    bench.pass(3000);
    test.match(bench.table.facts, { usedTokens: 0, overSessions: 2 });
    const cora = token({ userId: 'cora', nowMs: UNIX_MS + 8000, expireMs: 3_600_000 });
    test.same(answer(bench, hello(cora)), ['send goodbye 35', 'close 35']);
    for (let guest = 0; guest < 4; guest += 1) leave();
    test.equal(bench.table.facts.overSessions, 4, 'and remembers no more of them');
    bench.pass(62_000);
    test.equal(bench.table.facts.overSessions, 0);
    test.same(answer(bench, hello(cora)), ['send accept', 'join'], 'her token was not used up');
  },
);

t.test('a session without a token that could come back is not remembered', async (test) => {
  const bench = new Bench({ guests: true });
  const { pipe } = bench.join();
  bench.handle(pipe, encodeGoodbye(ERROR.E_OK));
  test.equal(bench.table.facts.overSessions, 0);
});

t.test('a second token that is shown during the login is used up', async (test) => {
  const bench = new Bench({ ...OPTIONS, onAuth: true });
  const [first, second] = [token({ session: 77n }), token({ session: 77n })];
  bench.handle(bench.open(), hello(first));
  const [asked] = bench.poll();
  bench.handle(bench.open(), hello(first, 2));
  test.equal(bench.table.facts.usedTokens, 0, 'its own is not yet');
  bench.handle(bench.open(), hello(second, 3));
  test.same(
    bench
      .poll()
      .filter(({ kind }) => kind === 'spend')
      .map(({ mac }) => mac),
    [openedOf(second).mac],
  );
  bench.table.authorised(asked?.sessionId ?? 0, { userId: 'ann' }, bench.nowUs);
  test.equal(bench.table.facts.usedTokens, 2);
});
