/** Who is not let in: each with a coded goodbye, a close and a count, and without harm to anybody inside. */
import t from 'tap';
import type { ErrorName } from '../../protocol/gen/tables.ts';
import { ERROR, errorName } from '../../protocol/gen/tables.ts';
import { HELLO, INTENT } from '../../src/session/datagrams.ts';
import type { SessionOptions } from '../../src/session/server/table.ts';
import { VERDICT } from '../../src/session/server/table.ts';
import { openTokenRequest } from '../../src/session/token.ts';
import type { Held } from './bench.ts';
import { Bench, hello, join, KEY, packet, token, UNIX_MS, words } from './bench.ts';

const ATTACH = { intent: INTENT.attach };
const WAITING: Partial<SessionOptions> = { guests: false, dropMs: 1000, resumeMs: 30_000 };

/** A server with Ann inside by `ann`, and the hello of somebody else that is to be refused. */
interface Scene {
  readonly bench: Bench;
  readonly ann: Held;
  readonly sessionId: number;
  readonly pipe: number;
}

interface Row {
  readonly name: string;
  readonly code: ErrorName;
  hello(scene: Scene): Uint8Array;
  readonly options?: Partial<SessionOptions>;
  readonly address?: string;
}

/** One byte of a hello changed. */
function spoiled(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, (bytes[at] ?? 0) ^ 1);
}

const fresh = (): Uint8Array => hello(token({ userId: 'eve' }));
const SERVER = { publicAddresses: ['203.0.113.5:40000', '[2001:db8::1]:40000'] };

const ROWS: readonly Row[] = [
  {
    name: 'a token used before, on another pipe',
    code: 'E_ATTACH_REPLAY',
    hello: ({ ann }) => hello(ann),
  },
  {
    name: 'the same from another address',
    code: 'E_ATTACH_REPLAY',
    hello: ({ ann }) => hello(ann),
    address: '9.9.9.9',
  },
  { name: 'a replayed attach', code: 'E_ATTACH_REPLAY', hello: ({ ann }) => hello(ann, 1, ATTACH) },
  { name: 'an attach counter of 0', code: 'E_ATTACH_REPLAY', hello: () => hello(token(), 0) },
  {
    name: 'a token used before, when its session is over',
    code: 'E_TOKEN_REUSED',
    hello: ({ bench, ann, sessionId }) => {
      bench.table.end(sessionId, ERROR.E_KICKED);
      bench.poll();
      return hello(ann, 2);
    },
  },
  {
    name: 'an attach to a session that is over',
    code: 'E_SESSION_OVER',
    hello: ({ bench, ann, sessionId }) => {
      bench.table.end(sessionId, ERROR.E_KICKED);
      bench.poll();
      return hello(ann, 2, ATTACH);
    },
  },
  {
    name: 'an attach with a token that has opened nothing',
    code: 'E_SESSION_OVER',
    hello: () => hello(token(), 1, ATTACH),
  },
  {
    name: 'an attach of a guest',
    code: 'E_SESSION_OVER',
    hello: () => hello(undefined, 1, ATTACH),
  },
  {
    name: 'another version of ours',
    code: 'E_VERSION',
    hello: () => spoiled(fresh(), HELLO.version),
  },
  {
    name: 'another schema',
    code: 'E_SCHEMA_MISMATCH',
    hello: () => spoiled(fresh(), HELLO.schema),
  },
  { name: 'a changed intent', code: 'E_TOKEN_PROOF', hello: () => spoiled(fresh(), HELLO.intent) },
  {
    name: "a changed version of the token's",
    code: 'E_TOKEN_INVALID',
    hello: () => spoiled(fresh(), HELLO.request),
  },
  {
    name: 'another protocol id',
    code: 'E_TOKEN_PROTOCOL',
    hello: () => spoiled(fresh(), HELLO.request + 13),
  },
  {
    name: 'a longer life',
    code: 'E_TOKEN_INVALID',
    hello: () => spoiled(fresh(), HELLO.request + 26),
  },
  {
    name: 'a changed nonce',
    code: 'E_TOKEN_INVALID',
    hello: () => spoiled(fresh(), HELLO.request + 29),
  },
  {
    name: 'a changed private part',
    code: 'E_TOKEN_INVALID',
    hello: () => spoiled(fresh(), HELLO.request + 53),
  },
  {
    name: 'a changed seal',
    code: 'E_TOKEN_INVALID',
    hello: () => spoiled(fresh(), HELLO.attach - 1),
  },
  {
    name: 'a changed attach counter',
    code: 'E_TOKEN_PROOF',
    hello: () => spoiled(fresh(), HELLO.attach),
  },
  { name: 'a changed proof', code: 'E_TOKEN_PROOF', hello: () => spoiled(fresh(), HELLO.proof) },
  {
    name: 'a proof of another token',
    code: 'E_TOKEN_PROOF',
    hello: () => hello({ request: token().request, clientToServerKey: token().clientToServerKey }),
  },
  {
    name: 'a token past its expiry',
    code: 'E_TOKEN_EXPIRED',
    hello: () => hello(token({ nowMs: UNIX_MS - 120_000 })),
  },
  {
    name: 'a token of another key',
    code: 'E_TOKEN_INVALID',
    hello: () => hello(token({ key: new Uint8Array(32) })),
  },
  {
    name: 'a token for other servers',
    code: 'E_TOKEN_SERVER',
    hello: () => hello(token({ userId: 'eve' })),
    options: SERVER,
  },
  {
    name: 'a pipe that has proven nothing',
    code: 'E_TOKEN_REQUIRED',
    hello: () => hello(undefined, 1, { pipe: 1 }),
  },
  { name: 'a guest', code: 'E_TOKEN_REQUIRED', hello: () => hello() },
  {
    name: 'a login where there is none',
    code: 'E_AUTH',
    hello: () => hello(undefined, 1, { text: 'a.b.c' }),
  },
];

for (const row of ROWS) {
  t.test(`refused: ${row.name} (${row.code})`, async (test) => {
    const bench = new Bench({ ...WAITING, ...row.options });
    const ann = token({ servers: ['203.0.113.5:40000'] });
    const { pipe, sessionId } = bench.join('1.1.1.1', ann);
    const bytes = row.hello({ bench, ann, sessionId, pipe });
    const was = bench.table.refused[row.code];
    const stays = bench.table.packet(sessionId) === pipe;
    const other = bench.open(row.address ?? '1.1.1.1');
    test.equal(bench.handle(other, bytes), VERDICT.consumed);
    const code = ERROR[row.code];
    test.same(words(bench.poll()), [`send ${other} goodbye ${code}`, `close ${other} ${code}`]);
    test.equal(bench.table.refused[row.code], was + 1, 'and counted');
    const sum = Object.values(bench.table.refused).reduce((left, right) => left + right, 0);
    test.equal(sum, was + 1 + (stays ? 0 : 1), 'as nothing else');
    test.equal(bench.handle(other, packet()), VERDICT.dropped);
    if (stays) {
      test.equal(bench.table.packet(sessionId), pipe, 'who is inside does not notice');
      test.equal(bench.handle(pipe, packet()), VERDICT.packet);
    }
  });
}

t.test('a hello that was overheard attaches nothing, now or later', async (test) => {
  const bench = new Bench(WAITING);
  const ann = token();
  const { sessionId } = bench.join('1.1.1.1', ann);
  const second = bench.open('1.1.1.1');
  const overheard = hello(ann, 2, ATTACH);
  bench.handle(second, overheard);
  bench.poll();
  for (const wait of [0, 5000]) {
    bench.wait(wait);
    bench.handle(second, packet());
    bench.poll();
    const thief = bench.open('6.6.6.6');
    bench.handle(thief, overheard);
    test.same(words(bench.poll()), [`send ${thief} goodbye 47`, `close ${thief} 47`]);
    test.equal(bench.table.packet(sessionId), second);
  }
});

t.test('a used token stays used across a restart, until it expires', async (test) => {
  const bench = new Bench(WAITING);
  const ann = token();
  bench.handle(bench.open(), hello(ann));
  const spent = bench.poll().filter((one) => one.kind === 'spend');
  test.equal(spent.length, 1);
  test.equal(spent[0]?.expiresMs, UNIX_MS + 60_000);
  const next = new Bench({ ...WAITING, used: spent });
  const [play, attach] = [next.open(), next.open('9.9.9.9')];
  next.handle(play, hello(ann, 2));
  next.handle(attach, hello(ann, 3, ATTACH));
  test.same(
    words(next.poll()).filter((word) => word.startsWith('close')),
    [`close ${play} ${ERROR.E_TOKEN_REUSED}`, `close ${attach} ${ERROR.E_SESSION_OVER}`],
  );
  const later = new Bench({ ...WAITING, used: [{ mac: 'x'.repeat(16), expiresMs: UNIX_MS - 1 }] });
  test.equal(later.table.facts.usedTokens, 0, 'what has expired is not read in');
});

t.test('where its server is named, a token opens, in whatever form', async (test) => {
  for (const servers of [['[2001:DB8:0::0:1]:40000'], ['1.2.3.4:1', '203.0.113.5:40000']]) {
    const bench = new Bench({ ...WAITING, ...SERVER });
    test.not(bench.join(undefined, token({ servers })).sessionId, 0, String(servers));
  }
});

t.test('a pipe that has proven a token: the same rules, no proof', async (test) => {
  const bench = new Bench({ ...WAITING });
  const permitOf = (held: Held) => {
    const permit = openTokenRequest(held.request, [KEY], UNIX_MS);
    if (typeof permit === 'number') throw new Error(errorName(permit));
    return { headers: null, permit };
  };
  const ann = token();
  const facts = permitOf(ann);
  // As netcode does in its handshake.
  test.equal(bench.table.tokens.claim(facts.permit.mac, facts.permit), true);
  test.equal(bench.table.tokens.claim(facts.permit.mac, facts.permit), false, 'once');
  const udp = bench.open('1.1.1.1', facts);
  bench.handle(udp, hello(undefined, 1, { pipe: 1 }));
  bench.handle(udp, join());
  const said = bench.poll();
  test.same(
    said.map((one) => one.kind),
    ['spend', 'send', 'join'],
  );
  const sessionId = said[2]?.sessionId ?? 0;
  const web = bench.open('1.1.1.1');
  bench.handle(web, hello(ann, 2, ATTACH));
  test.same(
    words(bench.poll()),
    [`send ${web} accept`],
    'a TLS pipe attaches with the next number',
  );
  const dead = bench.open('1.1.1.1', permitOf(token({ userId: 'eve' })));
  bench.handle(dead, hello(undefined, 1, { pipe: 1, ...ATTACH }));
  test.same(words(bench.poll()), [`send ${dead} goodbye 48`, `close ${dead} 48`]);
  test.not(sessionId, 0);
});

t.test('a token of another player with the same session name attaches to nothing', async (test) => {
  const bench = new Bench(WAITING);
  bench.join(undefined, token({ session: 7n }));
  const pipe = bench.open();
  bench.handle(pipe, hello(token({ userId: 'eve', session: 7n }), 2, ATTACH));
  test.same(words(bench.poll()), [`send ${pipe} goodbye 3`, `close ${pipe} 3`]);
});
