import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { DATAGRAM, ERROR, PACKET_BYTES_MAX } from '../../protocol/gen/tables.ts';
import { connect } from '../../src/client/node.ts';
import { resolveConfig } from '../../src/config.ts';
import type { Server } from '../../src/server.ts';
import { decodeJoined, encodeGoodbye } from '../../src/session/datagrams.ts';
import { issueConnectToken } from '../../src/tokens.ts';
import { BitWriter } from '../independent/bits.ts';
import { FRAGMENT_BYTES, writeFragments, writePacket } from '../independent/packet.ts';
import { CORE, metricsOf, RawClient, serve, until } from './fixture.ts';
import { duel } from './games/schema.ts';
import { CLOSE_MS } from './games/slow-close.ts';

const SLOW_CLOSE = fileURLToPath(new URL('./games/slow-close.ts', import.meta.url));

const KEY = randomBytes(32);
const OWN_KEY = { FRAY_TOKEN_KEYS: KEY.toString('hex') };

async function goodbyeTo(server: Server, act: (client: RawClient) => void): Promise<number> {
  const client = await RawClient.open(server);
  act(client);
  const { goodbye } = await client.answer();
  const code = await client.closed();
  if (goodbye !== undefined && code !== 4000 + goodbye.code)
    throw new Error(`goodbye ${goodbye.code}, closed with ${code}`);
  return goodbye?.code ?? 0;
}

function token(change: Partial<Parameters<typeof issueConnectToken>[0]> = {}): string {
  return issueConnectToken({ userId: 'ann', servers: ['127.0.0.1:40000'], key: KEY, ...change })
    .token;
}

t.test('every refusal of a guest has its code, over a real WebSocket', async (t) => {
  const server = await serve({ roomsMax: '1', playersMax: '2' });
  t.teardown(() => server.stop(0));
  t.equal(await goodbyeTo(server, (one) => one.hello({ version: 99 })), ERROR.E_VERSION);
  t.equal(
    await goodbyeTo(server, (one) => one.hello({ hash: duel.hash ^ 1n })),
    ERROR.E_SCHEMA_MISMATCH,
  );
  const ask =
    (choice: Parameters<RawClient['join']>[0], name?: string) =>
    (one: RawClient): void => {
      one.hello();
      one.join(choice, name);
    };
  t.equal(await goodbyeTo(server, ask({ id: 'nowhere' })), ERROR.E_ROOM_UNKNOWN);
  t.equal(await goodbyeTo(server, ask({ any: true }, 'x'.repeat(33))), ERROR.E_NAME);
  const inside = [await RawClient.open(server), await RawClient.open(server)];
  inside.forEach(ask({ any: true }));
  const roomId = (await inside[0]?.answer())?.roomId ?? '';
  t.equal((await inside[1]?.answer())?.roomId, roomId);
  t.equal(await goodbyeTo(server, ask({ id: roomId })), ERROR.E_ROOM_FULL);
  t.equal(await goodbyeTo(server, ask({ any: true })), ERROR.E_ROOM_LIMIT);
  t.equal(await goodbyeTo(server, ask({ create: '{}' })), ERROR.E_ROOM_LIMIT);
  for (const one of inside) one.close();
});

t.test('no server starts, or takes over, a key whose used tokens it would forget', async (t) => {
  await t.rejects(serve({}, OWN_KEY), { code: 'E_CONFIG', message: /--state-dir/ });
  const server = await serve();
  t.teardown(() => server.stop(0));
  for (const stateDir of ['', t.testdir()]) {
    const { config } = resolveConfig({ flags: { stateDir }, environment: OWN_KEY });
    await t.rejects(server.reload(config), { code: 'E_CONFIG' }, 'the folder is that of the start');
  }
  t.equal(await goodbyeTo(server, (one) => one.hello({ token: token() })), ERROR.E_TOKEN_INVALID);
});

t.test('every refusal of a token has its code', async (t) => {
  const server = await serve({ stateDir: t.testdir() }, OWN_KEY);
  t.teardown(() => server.stop(0));
  t.equal(await goodbyeTo(server, (one) => one.hello()), ERROR.E_TOKEN_REQUIRED);
  t.equal(
    await goodbyeTo(server, (one) => one.hello({ token: token({ nowMs: Date.now() - 60_000 }) })),
    ERROR.E_TOKEN_EXPIRED,
  );
  t.equal(
    await goodbyeTo(server, (one) => one.hello({ token: token({ key: randomBytes(32) }) })),
    ERROR.E_TOKEN_INVALID,
  );
  const good = token();
  const client = await RawClient.open(server);
  client.hello({ token: good });
  client.join();
  t.ok((await client.answer()).roomId);
  t.equal(await goodbyeTo(server, (one) => one.hello({ token: good })), ERROR.E_ATTACH_REPLAY);
  const newer = await RawClient.open(server);
  newer.hello({ token: token() });
  t.equal(
    await client.closed(),
    4000 + ERROR.E_REPLACED,
    'a newer session of the same player takes over',
  );
  newer.close();
});

t.test('garbage is dropped and counted, and the player beside it plays on', async (t) => {
  const server = await serve({ packetsPerSecond: '50' });
  t.teardown(() => server.stop(0));
  const player = await RawClient.open(server);
  player.hello();
  player.join();
  await player.answer();
  const garbage = await RawClient.open(server);
  garbage.hello();
  garbage.join();
  await garbage.answer();
  const epoch = 1 << 4;
  garbage.send(Uint8Array.of(DATAGRAM.packet | epoch));
  garbage.send(new Uint8Array(randomBytes(200)).fill(DATAGRAM.packet | epoch, 0, 1));
  garbage.send(Uint8Array.of(0, 1, 2, 3));
  const counted = async (reason: string): Promise<number> =>
    (await metricsOf(server)).get(`fray_drops_total{reason="${reason}"}`) ?? -1;
  await until(
    'two malformed packets are counted',
    async () => (await counted('core_packets_malformed')) >= 2,
  );
  t.equal(await counted('session_drop_malformed'), 1);
  for (let i = 0; i < 300; i += 1) garbage.send(Uint8Array.of(DATAGRAM.packet | epoch, 0));
  await until('the flood is cut', async () => (await counted('session_drop_rate')) >= 200);
  garbage.send(new Uint8Array(PACKET_BYTES_MAX + 1));
  t.equal(await garbage.closed(), 1009);
  t.equal(await counted('websocket_violations'), 1);
  const before = player.heard.length;
  // It acknowledges nothing, so it gets two small snapshots a second.
  await until('snapshots still come', () => player.heard.length > before + 3);
  player.close();
});

t.test(
  'who is silent, or takes no reliable messages, is told so; the others play on',
  async (t) => {
    const server = await serve({ idleTimeoutMs: '1000', resumeMs: '0' });
    t.teardown(() => server.stop(0));
    const silent = await RawClient.open(server);
    silent.hello();
    silent.join();
    const deaf = await RawClient.open(server);
    deaf.hello();
    deaf.join();
    // Packets keep it from being silent, and acknowledge nothing.
    const alive = setInterval(() => deaf.send(Uint8Array.of(DATAGRAM.packet | (1 << 4), 0)), 200);
    t.teardown(() => clearInterval(alive));
    const wrong = (one: RawClient): void => {
      one.hello();
      one.join({ create: '{"size":3}' });
    };
    t.equal(await goodbyeTo(server, wrong), ERROR.E_ROOM_OPTIONS);
    const talker = await connect(server.url, { schema: duel, name: 'ann', wasm: CORE });
    t.teardown(() => talker.close());
    t.equal(await silent.closed(), 4000 + ERROR.E_TIMEOUT);
    await until(
      'the deaf one is closed',
      () => {
        // Its packets keep it from being silent, and acknowledge nothing.
        deaf.send(Uint8Array.of(DATAGRAM.packet | (1 << 4), 0));
        try {
          for (let n = 0; n < 8; n += 1) talker.send('chat', { text: 'x'.repeat(120) });
        } catch (error) {
          if ((error as { code?: string }).code !== 'E_CHANNEL_FULL') throw error;
        }
        return deaf.closedWith !== 0;
      },
      30_000,
    );
    t.equal(deaf.closedWith, 4000 + ERROR.E_CHANNEL_FULL);
    const closed = 'fray_drops_total{reason="session_E_CHANNEL_FULL"}';
    t.equal((await metricsOf(server)).get(closed), 1, 'which has a counter of its own');
    t.equal(talker.status, 'open');
  },
);

t.test(
  'a page of another origin, and one address with too many sessions, get no socket',
  async (t) => {
    const server = await serve({
      allowedOrigins: 'https://example.org',
      sessionsPerAddressMax: '1',
    });
    t.teardown(() => server.stop(0));
    await t.rejects(RawClient.open(server, { origin: 'https://example.com' }), /HTTP 403/);
    const first = await RawClient.open(server, { origin: 'https://example.org' });
    first.hello();
    first.join();
    t.ok((await first.answer()).roomId);
    // Who changes pipes has two for a moment; who is another session is one too many.
    const second = await RawClient.open(server);
    await t.rejects(RawClient.open(server), /HTTP 429/);
    second.hello();
    t.equal((await second.answer()).goodbye?.code, ERROR.E_SESSIONS_LIMIT);
    first.close();
  },
);

t.test('a server that drains takes nobody in and says goodbye to those inside', async (t) => {
  const server = await serve();
  const inside = await RawClient.open(server);
  inside.hello();
  inside.join();
  await inside.answer();
  const late = await RawClient.open(server);
  const stopped = server.stop(2500);
  late.hello();
  t.equal((await late.answer()).goodbye?.code, ERROR.E_SHUTDOWN);
  t.equal(inside.closedWith, 0, 'those inside may finish');
  t.equal((await fetch(`${server.adminUrl}readyz`)).status, 503);
  t.equal((await fetch(`${server.url}readyz`)).status, 503);
  t.equal((await fetch(`${server.url}healthz`)).status, 200);
  await stopped;
  t.equal(inside.closedWith, 4000 + ERROR.E_SHUTDOWN);
  await t.rejects(fetch(server.url));
});

t.test('who sends too many packets for 10 s is closed', async (t) => {
  const server = await serve({ packetsPerSecond: '20' });
  t.teardown(() => server.stop(0));
  const calm = await entered(server);
  const loud = await entered(server);
  const startMs = performance.now();
  const timer = setInterval(() => {
    for (let n = 0; n < 5; n += 1) loud.send(emptyPacket());
    calm.send(emptyPacket());
  }, 100);
  t.teardown(() => clearInterval(timer));
  await until('it is closed', () => loud.closedWith !== 0, 20_000);
  const ms = performance.now() - startMs;
  t.equal(loud.closedWith, 4000 + ERROR.E_RATE);
  t.equal(loud.goodbye()?.code, ERROR.E_RATE);
  t.ok(ms > 9000, `after ${ms} ms: a burst is no flood`);
  t.equal(calm.closedWith, 0);
  const metrics = await metricsOf(server);
  t.equal(metrics.get('fray_drops_total{reason="session_E_RATE"}'), 1);
  t.ok((metrics.get('fray_drops_total{reason="session_drop_rate"}') ?? 0) > 100);
});

t.test('a message of 4 KiB is taken, one that goes on is the end of the session', async (t) => {
  const server = await serve();
  t.teardown(() => server.stop(0));
  const counted = async (reason: string): Promise<number> =>
    (await metricsOf(server)).get(`fray_drops_total{reason="${reason}"}`) ?? -1;
  const whole = await entered(server);
  sendMessage(whole, 16);
  await until(
    'the game hears it, and cannot read it',
    async () => (await counted('worker_messages_malformed')) === 1,
  );
  t.equal(whole.closedWith, 0);
  const endless = await entered(server);
  sendMessage(endless, 17);
  t.equal(await endless.closed(), 4000 + ERROR.E_OVERSIZE);
  t.equal(endless.goodbye()?.code, ERROR.E_OVERSIZE);
  t.equal(await counted('session_E_OVERSIZE'), 1);
});

t.test('one session too many gets no socket, and no place before the last has left', async (t) => {
  const server = await serve({ sessionsMax: '1', resumeMs: '0' });
  t.teardown(() => server.stop(0));
  const codes = new Set<number>();
  for (let round = 0; round < 100 && !codes.has(ERROR.E_SESSIONS_LIMIT); round += 1) {
    const first = await entered(server);
    // A socket more than sessions, for who changes pipes; and no third.
    const next = await RawClient.open(server);
    await t.rejects(RawClient.open(server), /HTTP 503/);
    first.send(encodeGoodbye(ERROR.E_LEFT));
    await first.closed();
    // Its room has not heard yet that it has left: the seat is taken for one tick more.
    next.hello();
    next.join();
    codes.add((await next.answer()).goodbye?.code ?? 0);
    next.close();
    await until(
      'it is gone',
      () => server.directory.seats === 0 && server.sessions.facts.pipes === 0,
    );
  }
  t.ok(codes.has(ERROR.E_SESSIONS_LIMIT), [...codes].join());
  const metrics = await metricsOf(server);
  t.ok((metrics.get('fray_drops_total{reason="websocket_refused_full"}') ?? 0) > 0);
  t.ok((metrics.get('fray_drops_total{reason="session_E_SESSIONS_LIMIT"}') ?? 0) > 0);
});

t.test('a room that is just closing takes nobody in', async (t) => {
  const server = await serve({ emptyCloseMs: '300' }, {}, { game: SLOW_CLOSE });
  t.teardown(() => server.stop(0));
  const codes = new Set<number>();
  const ask = async (id: string): Promise<void> => {
    const late = await RawClient.open(server);
    late.hello();
    late.join({ id });
    codes.add((await late.answer()).goodbye?.code ?? 0);
    late.close();
  };
  // A room that stands empty is looked at every quarter of a second; then its game takes CLOSE_MS. Each round asks at another moment.
  for (let round = 0; round < 20 && !codes.has(ERROR.E_ROOM_CLOSED); round += 1) {
    const maker = await RawClient.open(server);
    maker.hello();
    maker.join({ create: '{}' });
    const { roomId = '' } = await maker.answer();
    maker.send(encodeGoodbye(ERROR.E_LEFT));
    await new Promise((resolve) => setTimeout(resolve, 400 + 25 * round));
    await ask(roomId);
    await new Promise((resolve) => setTimeout(resolve, 2 * CLOSE_MS));
    await ask(roomId);
  }
  t.ok(codes.has(ERROR.E_ROOM_CLOSED), [...codes].join());
  t.ok(codes.has(ERROR.E_ROOM_UNKNOWN), 'and soon it is unknown');
  const metrics = await metricsOf(server);
  t.ok((metrics.get('fray_drops_total{reason="session_E_ROOM_CLOSED"}') ?? 0) > 0);
});

/** A client in a room. */
async function entered(server: Server): Promise<RawClient> {
  const client = await RawClient.open(server);
  client.hello();
  client.join();
  const { goodbye } = await client.answer();
  if (goodbye !== undefined) throw new Error(`Not let in: ${goodbye.code} ${goodbye.text}`);
  return client;
}

/** It parses as far as its check, and no further. */
function emptyPacket(): Uint8Array {
  return Uint8Array.of(DATAGRAM.packet | (1 << 4), 0);
}

/** A reliable message of whole fragments, as the first of its session, of a kind that the game does not know. */
function sendMessage(client: RawClient, fragments: number): void {
  const epoch = client.heard.map((bytes) => decodeJoined(bytes)).find(Boolean)?.epoch ?? 0;
  for (let sequence = 1, first = 0; first < fragments; sequence += 1, first += 4) {
    const stream = new BitWriter();
    writeFragments(
      stream,
      Array.from({ length: Math.min(4, fragments - first) }, (_, k) => ({
        id: 1 + first + k,
        ends: first + k === fragments - 1,
        bytes: new Uint8Array(FRAGMENT_BYTES).fill(1),
      })),
    );
    // No input commands.
    stream.put(5, 0);
    client.send(writePacket(epoch, { sequence, ack: 0, ackBits: 0 }, stream.finish()));
  }
}
