/** Guests who begin where nobody comes in without a token: what they get, what it is worth, and what it costs. */
import t from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { readControlMessage } from '../../src/session/control-codec.ts';
import type { SessionOptions } from '../../src/session/server/table.ts';
import type { OpenedToken } from '../../src/session/token.ts';
import { openConnectToken } from '../../src/session/token.ts';
import type { Held, Said } from './bench.ts';
import { Bench, held, hello, join, KEY, reply, token, UNIX_MS, words } from './bench.ts';

const UDP: Partial<SessionOptions> = { publicAddresses: ['127.0.0.1:40000'] };

/** The token of a guest, and what it says. Throws where there is none. */
function guestOf(bench: Bench, address = '1.1.1.1'): Held & { readonly opened: OpenedToken } {
  const issued = bench.table.guestToken(address, bench.nowUs);
  if (typeof issued === 'number') throw new Error(`No token: ${issued}`);
  return { ...held(issued.bytes), opened: openConnectToken(issued.bytes, at(bench)) };
}

function at(bench: Bench): { keys: Uint8Array[]; nowMs: number } {
  return { keys: [KEY], nowMs: UNIX_MS + bench.nowUs / 1000 };
}

/** The token that a session is handed, by the words of the table. */
function tokenIn(said: readonly Said[], bench: Bench): OpenedToken {
  const message = said.find((one) => one.kind === 'tell')?.bytes ?? new Uint8Array(1);
  const whole = new Uint8Array(2048);
  whole.set(readControlMessage(message.subarray(1)).token);
  return openConnectToken(whole, at(bench));
}

t.test('a guest gets a short-lived token for this server, and is a guest with it', async (t) => {
  const bench = new Bench(UDP);
  const { opened } = guestOf(bench);
  t.match(opened, { guest: true, room: '', servers: ['127.0.0.1:40000'] });
  t.match(opened.userId, /^guest-[0-9a-f]{16}$/);
  t.not(guestOf(bench).opened.userId, opened.userId);
  const lifeMs = opened.expiresAtMs - at(bench).nowMs;
  t.ok(lifeMs > 20_000 && lifeMs <= 31_000, `${lifeMs} ms`);
  const pipe = bench.open('2.2.2.2', { headers: null, permit: opened });
  bench.handle(pipe, hello(undefined, 1, { pipe: 1 }));
  bench.handle(pipe, join());
  const said = bench.poll();
  t.same(words(said), [`send ${pipe} accept`, 'join']);
  t.equal(said.find(({ kind }) => kind === 'join')?.join?.userId, opened.userId);
  const again = bench.open('2.2.2.2');
  bench.handle(again, hello(guestOf(bench)));
  t.same(words(bench.poll()), [`send ${again} accept`], 'inside TLS as well');
});

t.test('where guests are off there is none, and one from elsewhere opens nothing', async (t) => {
  const guest = guestOf(new Bench(UDP));
  const bench = new Bench({ ...UDP, guests: false });
  t.equal(bench.table.guestToken('1.1.1.1', bench.nowUs), ERROR.E_TOKEN_REQUIRED);
  for (const facts of [{ headers: null, permit: guest.opened }, undefined]) {
    const pipe = bench.open('1.1.1.1', facts);
    bench.handle(pipe, facts ? hello(undefined, 1, { pipe: 1 }) : hello(guest));
    t.same(words(bench.poll()), [
      `send ${pipe} goodbye ${ERROR.E_TOKEN_REQUIRED}`,
      `close ${pipe} ${ERROR.E_TOKEN_REQUIRED}`,
    ]);
  }
  const ann = bench.open();
  bench.handle(ann, hello(token({ servers: ['127.0.0.1:40000'] })));
  t.same(words(bench.poll()), [`send ${ann} accept`], 'while players come in');
});

t.test('it is no word for who somebody is: the login is asked about a guest', async (t) => {
  const bench = new Bench({ ...UDP, onAuth: true, sessionTokenMs: 60_000 });
  const pipe = bench.open('1.1.1.1', { headers: null, permit: guestOf(bench).opened });
  bench.handle(pipe, hello(undefined, 1, { pipe: 1 }));
  bench.handle(pipe, join());
  const [asked] = bench.poll();
  t.match(asked, { kind: 'auth', auth: { token: null, text: null } });
  const sessionId = asked?.sessionId ?? 0;
  bench.table.authorised(sessionId, { userId: 'zoe' }, bench.nowUs);
  bench.poll();
  bench.table.joined(sessionId, reply());
  t.match(
    tokenIn(bench.wait(200), bench),
    { userId: 'zoe', guest: false },
    'whom it names it knows',
  );
});

t.test('the token of a session of a guest is one of a guest', async (t) => {
  const bench = new Bench({ ...UDP, sessionTokenMs: 60_000 });
  const pipe = bench.open();
  bench.handle(pipe, hello());
  bench.handle(pipe, join());
  const order = bench.poll().find(({ kind }) => kind === 'join');
  bench.table.joined(order?.sessionId ?? 0, reply());
  t.match(tokenIn(bench.wait(200), bench), { userId: order?.join?.userId, guest: true });
  const player = bench.open();
  bench.handle(player, hello(token({ servers: ['127.0.0.1:40000'] })));
  bench.handle(player, join());
  const other = bench.poll().find(({ kind }) => kind === 'join');
  bench.table.joined(other?.sessionId ?? 0, reply());
  t.match(tokenIn(bench.wait(200), bench), { userId: 'ann', guest: false });
});

t.test('it costs as much of the limits as a handshake, and opens nothing by itself', async (t) => {
  const bench = new Bench({ ...UDP, hellosPerAddressPerSecond: 2, sessionsPerAddressMax: 1 });
  for (let n = 0; n < 8; n += 1) guestOf(bench, '1.1.1.1');
  t.equal(bench.table.guestToken('1.1.1.1', bench.nowUs), ERROR.E_RATE);
  t.equal(bench.table.counters.dropHelloAddress, 1);
  const pipe = bench.open('1.1.1.1');
  bench.handle(pipe, hello());
  t.same(words(bench.poll()), [], 'its hellos are of the same purse');
  t.equal(bench.table.counters.dropHelloAddress, 2);
  guestOf(bench, '1.1.2.2');
  t.match(bench.table.facts, { pipes: 1, joined: 0, usedTokens: 0 });
  bench.open('1.1.1.1');
  bench.pass(1000);
  t.equal(bench.table.guestToken('1.1.1.1', bench.nowUs), ERROR.E_SESSIONS_LIMIT);
  bench.table.draining = true;
  t.equal(bench.table.guestToken('1.1.2.2', bench.nowUs), ERROR.E_SHUTDOWN);
});

t.test('addresses that only ask for tokens are forgotten', async (t) => {
  const bench = new Bench({ ...UDP, sessionsMax: 16 });
  for (let n = 0; n < 1000; n += 1) {
    bench.nowUs += 10_000;
    bench.table.guestToken(`10.0.${n >> 8}.${n & 255}`, bench.nowUs);
  }
  t.ok(bench.table.facts.addresses <= 32, `${bench.table.facts.addresses} addresses`);
  bench.pass(60_000);
  t.equal(bench.table.facts.addresses, 0);
});
