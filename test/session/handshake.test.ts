/** Both ends of the handshake against each other: on a clean link, on a bad one, and over real sockets. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import type { HandshakeOptions } from '../../src/session/client/handshake.ts';
import { Handshake } from '../../src/session/client/handshake.ts';
import {
  AUTH,
  checkHello,
  decodeJoin,
  encodeAccept,
  encodeGoodbye,
  encodeHello,
  encodeJoined,
  HELLO,
  helloText,
  INTENT,
  readU32,
} from '../../src/session/datagrams.ts';
import { SessionTable, sessionOutput, VERDICT } from '../../src/session/server/table.ts';
import { openConnectToken, TOKEN_BYTES } from '../../src/session/token.ts';
import { issueConnectToken } from '../../src/tokens.ts';
import { openNodeWebSocket } from '../../src/transport/client/websocket-node.ts';
import { lossyPipe } from '../../src/transport/lossy.ts';
import { MemoryServer } from '../../src/transport/server/memory.ts';
import { WebSocketTransport } from '../../src/transport/server/websocket.ts';
import type { ClientPipe, ServerTransport } from '../../src/transport/types.ts';
import { held, KEY, packet, reply, SCHEMA } from './bench.ts';

interface Vectors {
  readonly key: string;
  readonly token: string;
  readonly hellos: readonly {
    readonly name: string;
    readonly auth: number;
    readonly intent: number;
    readonly attach?: number;
    readonly text?: string;
    readonly hex: string;
  }[];
}
const LOW = Number(SCHEMA & 0xffff_ffffn);
const HIGH = Number(SCHEMA >> 32n);
const OPTIONS: HandshakeOptions = { schemaHash: SCHEMA, name: 'Ann', room: { any: true } };

t.test(
  'the client says hello and join at once, and repeats them at 250, 500 and 1,000 ms',
  async (test) => {
    const client = new Handshake(OPTIONS, 0);
    const sent: [number, number][] = [];
    for (let ms = 0; ms <= 10_000; ms += 50) {
      for (let bytes = client.poll(ms * 1000); bytes !== null; bytes = client.poll(ms * 1000))
        sent.push([ms, bytes[0] ?? 0]);
    }
    const times = [0, 250, 750, 1750, 2750, 3750, 4750, 5750, 6750, 7750, 8750, 9750];
    test.same(
      sent,
      times.flatMap((ms) => [
        [ms, 1],
        [ms, 3],
      ]),
    );
    test.equal(client.state, 'over');
    test.equal(client.code, ERROR.E_JOIN_TIMEOUT);
    test.equal(client.dueUs, Infinity);
  },
);

t.test('after accept only join is repeated; after joined nothing', async (test) => {
  const client = new Handshake(OPTIONS, 0);
  test.equal(client.dueUs, 0);
  client.poll(0);
  test.equal(client.poll(0)?.[0], 3);
  test.equal(client.poll(0), null);
  test.equal(client.dueUs, 250_000);
  test.equal(client.handle(Uint8Array.of(2, 0, 1, 64, 0, 0)), true);
  test.equal(client.sessionId, 0x4001);
  test.equal(client.poll(250_000)?.[0], 3);
  test.equal(client.poll(250_000), null);
  test.equal(client.handle(packet()), false);
  client.handle(encodeJoined(reply()));
  test.equal(client.state, 'joined');
  test.equal(client.reply?.roomId, 'r1');
  test.equal(client.poll(5_000_000), null);
  client.handle(encodeGoodbye(ERROR.E_KICKED, 'by the referee'));
  test.match(client, { state: 'over', code: ERROR.E_KICKED, text: 'by the referee' });
});

t.test(
  'joined without its accept is passed over: it would not say that the session was there',
  async (test) => {
    const client = new Handshake(OPTIONS, 0);
    client.poll(0);
    client.poll(0);
    client.handle(encodeJoined(reply()));
    test.equal(client.state, 'joining');
    test.equal(client.poll(250_000)?.[0], 1, 'hello again');
    client.handle(encodeAccept(0x4001, true));
    test.equal(client.state, 'joining');
    client.handle(encodeJoined(reply()));
    test.match(client, { state: 'joined', attached: true, sessionId: 0x4001 });
  },
);

t.test('an answer of another version or schema ends it', async (test) => {
  const other = new Handshake(OPTIONS, 0);
  other.handle(encodeJoined(reply({ schemaHash: 1n })));
  test.match(other, { state: 'over', code: ERROR.E_SCHEMA_MISMATCH });
  const older = new Handshake(OPTIONS, 0);
  older.handle(encodeJoined(reply({ protocolVersion: 9 })));
  test.match(older, { state: 'over', code: ERROR.E_VERSION });
  test.ok(older.text.length > 10);
  test.throws(() => new Handshake({ ...OPTIONS, token: 'abc' }, 0), { code: 'E_TOKEN_INVALID' });
});

t.test('golden bytes of the small datagrams', async (test) => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  test.equal(hex(encodeHello({ schemaHash: SCHEMA })), '01010000efcdab896745230100');
  test.equal(hex(encodeGoodbye(ERROR.E_RATE, 'slow')), '050010000' + '4736c6f77');
  test.equal(
    hex(new Handshake(OPTIONS, 0).poll(0) ?? new Uint8Array()),
    '01010000efcdab896745230100',
  );
  test.match(
    decodeJoin(Uint8Array.from(Buffer.from('030a0208011203416e6e19efcdab8967452301', 'hex'))),
    { name: 'Ann', choice: { any: true }, schemaHash: SCHEMA },
  );
});

t.test('hellos of every kind are those of the golden vectors', async (test) => {
  const vectors = JSON.parse(
    readFileSync(new URL('../../protocol/vectors/1/hello.json', import.meta.url), 'utf8'),
  ) as Vectors;
  const token = new Uint8Array(TOKEN_BYTES);
  token.set(Buffer.from(vectors.token, 'hex'));
  const { userId, userData } = openConnectToken(token, {
    keys: [new Uint8Array(Buffer.from(vectors.key, 'hex'))],
    nowMs: 1.7e12,
  });
  test.same([userId, [...userData]], ['ann', [1, 2, 3]]);
  for (const { name, auth, intent, attach = 0, text, hex } of vectors.hellos) {
    const bytes = encodeHello({
      schemaHash: SCHEMA,
      intent,
      ...(auth === AUTH.token && { token: { ...held(token), attach } }),
      ...(auth === AUTH.pipe && { pipe: attach }),
      ...(text !== undefined && { text }),
    });
    test.equal(Buffer.from(bytes).toString('hex'), hex, name);
    test.equal(checkHello(bytes, LOW, HIGH), ERROR.E_OK, name);
    if (text !== undefined) test.equal(helloText(bytes), text);
  }
});

t.test('a handshake that attaches sends no join and ends with accept', async (test) => {
  const { token } = issueConnectToken({ userId: 'ann', servers: ['127.0.0.1:1'], key: KEY });
  const client = new Handshake({ ...OPTIONS, token, attach: 7, intent: 'attach' }, 0);
  const hello = client.poll(0) ?? new Uint8Array();
  test.equal(hello[HELLO.intent], INTENT.attach);
  test.equal(readU32(hello, HELLO.attach), 7);
  test.equal(client.poll(0), null);
  test.equal(client.poll(250_000), hello, 'repeated as it is');
  test.equal(client.poll(250_000), null);
  client.handle(encodeAccept(9, true));
  test.match(client, { state: 'joined', attached: true, sessionId: 9, reply: null });
  test.equal(client.dueUs, Infinity);
  client.handle(encodeGoodbye(ERROR.E_KICKED));
  test.match(client, { state: 'over', code: ERROR.E_KICKED });
});

t.test(
  'over memory and over WebSocket, as a guest and with a token: joined in one exchange',
  async (test) => {
    const memory = new MemoryServer();
    const web = await startWeb();
    const token = (): string =>
      issueConnectToken({ userId: 'ann', servers: ['127.0.0.1:1'], key: KEY }).token;
    for (const [server, open] of [
      [memory, async () => memory.connect()],
      [web.server, () => openNodeWebSocket(web.url)],
    ] as [ServerTransport, () => Promise<ClientPipe>][]) {
      const host = new Host(server);
      for (const options of [OPTIONS, { ...OPTIONS, token: token() }]) {
        const client = new Client(await open(), options);
        await client.done;
        test.equal(client.handshake.state, 'joined', `${server.kind} ${client.handshake.text}`);
        test.equal(client.sent, 2);
        client.pipe.send(packet());
        await until(() => host.packets > 0);
        client.pipe.close(ERROR.E_LEFT);
        await until(() => host.table.facts.held === 0);
      }
      test.equal(host.table.counters.accepted, 2);
      host.stop();
    }
    await web.stop();
  },
);

t.test('20 clients get in over 30 % loss, duplicates and reorder, each once', async (test) => {
  const memory = new MemoryServer();
  const host = new Host(memory);
  const clients = Array.from(
    { length: 20 },
    (_, k) =>
      new Client(
        lossyPipe(
          memory.connect(),
          `rtt=40,jitter=40,loss=30,reorder=10,duplicate=10,seed=${k + 1}`,
        ),
        OPTIONS,
      ),
  );
  await Promise.all(clients.map((client) => client.done));
  test.same(
    clients.map((client) => client.handshake.state),
    Array(20).fill('joined'),
  );
  test.match(host.table.counters, { accepted: 20, joins: 20, joined: 20, left: 0 });
  host.stop();
});

t.test(
  'a refused client hears the code as a goodbye and as the close of its pipe',
  async (test) => {
    const web = await startWeb();
    const host = new Host(web.server);
    const pipe = await openNodeWebSocket(web.url);
    const closed = new Promise<number>((resolve) => pipe.onClose(resolve));
    const client = new Client(pipe, { ...OPTIONS, schemaHash: 5n });
    await client.done;
    test.match(client.handshake, { state: 'over', code: ERROR.E_SCHEMA_MISMATCH });
    test.equal(await closed, ERROR.E_SCHEMA_MISMATCH);
    await until(() => web.server.pipes === 0);
    test.equal(host.table.facts.held, 0);
    host.stop();
    await web.stop();
  },
);

/** What `src/server.ts` does with table and transport, with a room that has a place for all. */
class Host {
  readonly table = new SessionTable({
    schemaHash: SCHEMA,
    guests: true,
    tokenKeys: [KEY],
    unixMs: () => Date.now(),
    random: (into) => crypto.getRandomValues(into as Uint8Array<ArrayBuffer>),
    resumeMs: 0,
  });
  packets = 0;
  readonly #server: ServerTransport;
  readonly #out = sessionOutput();
  readonly #timer: NodeJS.Timeout;

  constructor(server: ServerTransport) {
    this.#server = server;
    server.onOpen((pipe, address) => {
      this.table.open(pipe, address, now());
      this.#pump();
    });
    server.onDatagram((pipe, bytes) => {
      const verdict = this.table.handle(pipe, bytes, now());
      if (verdict === VERDICT.packet) this.packets += 1;
      else this.#pump();
    });
    server.onClose((pipe) => {
      this.table.closed(pipe, now());
      this.#pump();
    });
    this.#timer = setInterval(() => {
      this.table.tick(now());
      this.#pump();
    }, 50);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #pump(): void {
    const out = this.#out;
    while (this.table.poll(out)) {
      if (out.kind === 'send') this.#server.send(out.pipe, out.bytes);
      else if (out.kind === 'close') this.#server.close(out.pipe, out.code, out.text);
      else if (out.kind === 'join') this.table.joined(out.sessionId, reply());
    }
  }
}

/** What `src/client` does with pipe and handshake. */
class Client {
  readonly handshake: Handshake;
  readonly done: Promise<void>;
  sent = 0;
  readonly pipe: ClientPipe;

  constructor(pipe: ClientPipe, options: HandshakeOptions) {
    this.pipe = pipe;
    this.handshake = new Handshake(options, now());
    pipe.onDatagram((bytes) => this.handshake.handle(bytes));
    this.done = this.#run();
  }

  async #run(): Promise<void> {
    const { handshake, pipe } = this;
    while (handshake.state === 'joining') {
      for (let bytes = handshake.poll(now()); bytes !== null; bytes = handshake.poll(now())) {
        pipe.send(bytes);
        this.sent += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

async function startWeb(): Promise<{
  server: WebSocketTransport;
  url: string;
  stop(): Promise<void>;
}> {
  const server = new WebSocketTransport();
  const http = createServer();
  http.on('upgrade', (request, socket, head) => server.handleUpgrade(request, socket, head));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    server,
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async stop() {
      await server.stop();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function now(): number {
  return performance.now() * 1000;
}

async function until(holds: () => boolean): Promise<void> {
  for (let k = 0; k < 3000 && !holds(); k += 1)
    await new Promise((resolve) => setTimeout(resolve, 1));
  if (!holds()) throw new Error(`not within 3 s: ${holds.toString()}`);
}
