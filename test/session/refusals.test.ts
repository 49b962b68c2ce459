/** Who is not let in: each with a coded goodbye, a close and a count, and without harm to anybody inside. */
import t from 'tap';
import type { ErrorName } from '../../protocol/gen/tables.ts';
import { ERROR, errorName } from '../../protocol/gen/tables.ts';
import { HELLO, INTENT } from '../../src/session/datagrams.ts';
import type { SessionOptions } from '../../src/session/server/table.ts';
import { VERDICT } from '../../src/session/server/table.ts';
import type { OpenedToken } from '../../src/session/token.ts';
import { openTokenRequest } from '../../src/session/token.ts';
import type { Held, Said } from './bench.ts';
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
  /** The server starts again before the hello comes, and has what it had written down. */
  readonly restart?: boolean;
  /** Of the pipe that the hello comes by. */
  readonly permit?: (scene: Scene) => OpenedToken;
}

/** Where the fields of a hello with a token begin, and how many bytes each has. */
const FIELDS = {
  version: [HELLO.version, 2],
  schema: [HELLO.schema, 8],
  'token version': [HELLO.request, 13],
  'protocol id': [HELLO.request + 13, 8],
  expiry: [HELLO.request + 21, 8],
  nonce: [HELLO.request + 29, 24],
  'private part': [HELLO.request + 53, 1008],
  seal: [HELLO.request + 1061, 16],
  'attach counter': [HELLO.attach, 4],
  proof: [HELLO.proof, 16],
} as const;

/** First, middle and last byte of a field. */
function tampered(field: keyof typeof FIELDS, code: ErrorName): Row[] {
  const [first, bytes] = FIELDS[field];
  return [...new Set([0, bytes >> 1, bytes - 1])].map((at) => ({
    name: `byte ${at} of the ${field} changed`,
    code,
    hello: () => spoiled(fresh(), first + at),
  }));
}

/** One byte of a hello raised. */
function longer(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, (bytes[at] ?? 0) + 1);
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
    name: 'the same from another address',
    code: 'E_TOKEN_REUSED',
    address: '9.9.9.9',
    hello: ({ bench, ann, sessionId }) => {
      bench.table.end(sessionId, ERROR.E_KICKED);
      bench.poll();
      return hello(ann, 2);
    },
  },
  ...['1.1.1.1', '9.9.9.9'].flatMap((address): Row[] => [
    {
      name: `a token used before a restart, from ${address}`,
      code: 'E_TOKEN_REUSED',
      address,
      restart: true,
      hello: ({ ann }) => hello(ann, 2),
    },
    {
      name: `an attach with a token used before a restart, from ${address}`,
      code: 'E_SESSION_OVER',
      address,
      restart: true,
      hello: ({ ann }) => hello(ann, 3, ATTACH),
    },
  ]),
  {
    name: 'a replayed attach from another address',
    code: 'E_ATTACH_REPLAY',
    hello: ({ ann }) => hello(ann, 1, ATTACH),
    address: '9.9.9.9',
  },
  {
    name: 'an attach with a number that was passed over',
    code: 'E_ATTACH_REPLAY',
    hello: ({ bench, ann }) => {
      bench.handle(bench.open('1.1.1.1'), hello(ann, 7, ATTACH));
      bench.poll();
      return hello(ann, 6, ATTACH);
    },
  },
  {
    name: 'an attach counter of 0 on a pipe that has proven a token',
    code: 'E_ATTACH_REPLAY',
    permit: () => permitOf(token({ userId: 'eve' })),
    hello: () => hello(undefined, 1, { pipe: 0 }),
  },
  {
    name: 'an attach to nothing on a pipe that has proven a token',
    code: 'E_SESSION_OVER',
    permit: () => permitOf(token({ userId: 'eve' })),
    hello: () => hello(undefined, 1, { pipe: 1, ...ATTACH }),
  },
  {
    name: 'a token of another player with the same session name',
    code: 'E_TOKEN_INVALID',
    hello: ({ ann }) => hello(token({ userId: 'eve', session: permitOf(ann).session }), 2, ATTACH),
  },
  {
    name: 'the same on a pipe that has proven it',
    code: 'E_TOKEN_INVALID',
    permit: ({ ann }) => permitOf(token({ userId: 'eve', session: permitOf(ann).session })),
    hello: () => hello(undefined, 1, { pipe: 2, ...ATTACH }),
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
  ...tampered('version', 'E_VERSION'),
  ...tampered('schema', 'E_SCHEMA_MISMATCH'),
  { name: 'a changed intent', code: 'E_TOKEN_PROOF', hello: () => spoiled(fresh(), HELLO.intent) },
  ...tampered('token version', 'E_TOKEN_INVALID'),
  ...tampered('protocol id', 'E_TOKEN_PROTOCOL'),
  ...tampered('nonce', 'E_TOKEN_INVALID'),
  ...tampered('private part', 'E_TOKEN_INVALID'),
  ...tampered('seal', 'E_TOKEN_INVALID'),
  ...tampered('attach counter', 'E_TOKEN_PROOF'),
  ...tampered('proof', 'E_TOKEN_PROOF'),
  // Four bytes of seconds; with the others it would have expired.
  ...[0, 2, 4, 7].map(
    (at): Row => ({
      name: `a longer life, by byte ${at} of the expiry`,
      code: 'E_TOKEN_INVALID',
      hello: () => longer(fresh(), FIELDS.expiry[0] + at),
    }),
  ),
  {
    name: 'a shorter life',
    code: 'E_TOKEN_EXPIRED',
    hello: () => fresh().fill(0, FIELDS.expiry[0], FIELDS.expiry[0] + 8),
  },
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
    name: 'a token for another port of this server',
    code: 'E_TOKEN_SERVER',
    hello: () => hello(token({ userId: 'eve', servers: ['203.0.113.5:40001'] })),
    options: SERVER,
  },
  {
    name: 'a token that expires in this very second',
    code: 'E_TOKEN_EXPIRED',
    hello: ({ bench }) => {
      const short = token({ userId: 'eve', nowMs: UNIX_MS, expireMs: 8000 });
      bench.nowUs = 8_000_000;
      return hello(short);
    },
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
    const ann = token({ servers: ['203.0.113.5:40000'] });
    const used = row.restart ? usesOf(ann) : [];
    const bench = new Bench({ ...WAITING, ...row.options, used });
    const { pipe, sessionId } = row.restart ? NOBODY : bench.join('1.1.1.1', ann);
    const scene = { bench, ann, sessionId, pipe };
    const facts = row.permit && { headers: null, permit: row.permit(scene) };
    const bytes = row.hello(scene);
    const was = bench.table.refused[row.code];
    const allWere = sumOf(bench.table.refused);
    const route = bench.table.packet(sessionId);
    const stays = route >= 0;
    const other = bench.open(row.address ?? '1.1.1.1', facts);
    test.equal(bench.handle(other, bytes), VERDICT.consumed);
    const code = ERROR[row.code];
    test.same(words(bench.poll()), [`send ${other} goodbye ${code}`, `close ${other} ${code}`]);
    test.equal(bench.table.refused[row.code], was + 1, 'and counted');
    test.equal(sumOf(bench.table.refused), allWere + 1, 'as nothing else');
    test.equal(bench.handle(other, packet()), VERDICT.dropped);
    if (stays) {
      test.equal(bench.table.packet(sessionId), route, 'who is inside does not notice');
      test.equal(bench.handle(pipe, packet()), VERDICT.packet);
    }
  });
}

t.test('every refusal of a token and of an attach has its row', async (test) => {
  const shown = new Set<string>(ROWS.map((row) => row.code));
  const all = Object.keys(ERROR).filter((name) => /^E_(TOKEN|ATTACH|SESSION_OVER)/.test(name));
  test.same(
    all.filter((name) => !shown.has(name)),
    [],
  );
});

t.test('an auth that is changed is no hello any more: dropped and counted', async (test) => {
  const bench = new Bench(WAITING);
  const pipe = bench.open();
  for (const auth of [0, 2, 3, 4, 255])
    test.equal(bench.handle(pipe, fresh().fill(auth, HELLO.auth, HELLO.auth + 1)), 0);
  test.equal(bench.table.counters.dropMalformed, 5);
  test.same(bench.poll(), []);
});

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
  const ann = token();
  const facts = { headers: null, permit: permitOf(ann) };
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
  test.not(sessionId, 0);
});

/** As netcode has opened it. */
function permitOf({ request }: Held): OpenedToken {
  const permit = openTokenRequest(request, [KEY], UNIX_MS);
  if (typeof permit === 'number') throw new Error(errorName(permit));
  return permit;
}

/** What a server that a token has opened writes down. */
function usesOf(held: Held): Said[] {
  const bench = new Bench(WAITING);
  bench.handle(bench.open('1.1.1.1'), hello(held));
  return bench.poll().filter((one) => one.kind === 'spend');
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((left, right) => left + right, 0);
}

const NOBODY = { pipe: -1, sessionId: 0 };
