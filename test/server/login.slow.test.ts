/** An author's own login, from the option `auth` to the option `credential` of `connect`, over real sockets. */
import type { Socket } from 'node:net';
import { createServer, connect as dial } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { connect } from '../../src/client/node.ts';
import type { OnAuth } from '../../src/plugin/auth.ts';
import type { Server } from '../../src/server.ts';
import { issueConnectToken } from '../../src/tokens.ts';
import { CORE, metricsOf, RawClient, serve, until } from './fixture.ts';
import { duel } from './games/schema.ts';

/** As an author would write it. Who asked is kept where the test can see it. */
const LOGIN = `
globalThis.frayTestAsked ??= [];
export default async ({ text, token }) => {
  globalThis.frayTestAsked.push(text ?? token?.userId ?? 'a guest');
  if (text === 'banned') return { code: ${ERROR.E_KICKED}, text: 'come back tomorrow' };
  if (text?.startsWith('{')) return { userId: JSON.parse(text).user };
  return { text: 'who are you?' };
};
`;
const { frayTestAsked: asked } = Object.assign(globalThis, { frayTestAsked: [] as string[] });

t.beforeEach(() => {
  asked.length = 0;
});

/** A server that has the login of a file. */
async function withLogin(t: Test, more: Record<string, string> = {}): Promise<Server> {
  const auth = join(t.testdir({ 'auth.mjs': LOGIN }), 'auth.mjs');
  const server = await serve({ auth, ...more });
  t.teardown(() => server.stop(0));
  return server;
}

t.test('a credential lets in whom the login names, and nobody else', async (t) => {
  const server = await withLogin(t);
  const enter = (credential?: string) =>
    connect(server.url, { schema: duel, wasm: CORE, ...(credential && { credential }) });
  await t.rejects(enter('banned'), { code: 'E_KICKED', message: /come back tomorrow/ });
  await t.rejects(enter('whoever'), { code: 'E_AUTH', message: /who are you/ });
  await t.rejects(enter(), { code: 'E_AUTH' });
  // 1,000 bytes: as much as fits.
  const long = JSON.stringify({ user: 'zoe', pad: `a${'ä'.repeat(488)}` });
  t.equal(Buffer.byteLength(long), 1000);
  const first = await enter(long);
  t.equal(first.status, 'open');
  const second = await enter('{"user":"zoe"}');
  t.teardown(() => second.close());
  await until('one session for one user', () => first.status === 'closed');
  t.equal(first.error?.code, 'E_REPLACED');
  t.same(asked, ['banned', 'whoever', 'a guest', long, '{"user":"zoe"}']);
  const metrics = await metricsOf(server);
  t.equal(metrics.get('fray_drops_total{reason="session_E_KICKED"}'), 1);
  t.equal(metrics.get('fray_drops_total{reason="session_E_AUTH"}'), 2);
});

t.test('the game is told who came: by the token, as the login says, or a guest', async (t) => {
  const game = fileURLToPath(new URL('./games/known.ts', import.meta.url));
  const key = new Uint8Array(32).fill(5);
  const tokenKeys = Buffer.from(key).toString('hex');
  const onAuth: OnAuth = ({ token, text }) => {
    if (token !== null) return { userId: token.userId };
    return text === null
      ? { userId: 'made of a guest' }
      : { userId: text, userData: Uint8Array.of(0, 255, 1) };
  };
  const start = async (parts: { onAuth?: OnAuth }, more: Record<string, string> = {}) => {
    const flags = { tokenKeys, stateDir: t.testdir(), guests: 'true', ...more };
    const server = await serve(flags, {}, { game, ...parts });
    t.teardown(() => server.stop(0));
    return server;
  };
  /** What the game has told. */
  const known = async (server: Server, more: { token?: string; credential?: string }) => {
    const entered = await connect(server.url, { schema: duel, wasm: CORE, ...more });
    let heard = '';
    entered.onMessage('chat', ({ text }) => {
      heard = text;
    });
    await until('the game has told', () => heard !== '');
    entered.close();
    return heard;
  };
  const servers = ['127.0.0.1:1'];
  const issue = (userId: string, userData?: Uint8Array): string =>
    issueConnectToken({ userId, servers, key, ...(userData && { userData }) }).token;
  const plain = await start({});
  t.match(await known(plain, {}), /^guest-[\da-f]{16}\/$/);
  t.equal(await known(plain, { token: issue('zoë', Uint8Array.of(1, 2)) }), 'zoë/12');
  t.equal(await known(plain, { token: issue('u'.repeat(64)) }), `${'u'.repeat(64)}/`);
  const asking = await start({ onAuth });
  t.equal(await known(asking, {}), 'made of a guest/');
  t.equal(await known(asking, { credential: 'ann' }), 'ann/0ff1');
  const token = issue('max', Uint8Array.of(9));
  t.equal(await known(asking, { token }), 'max/9', 'what the token has, where the login has none');
});

t.test(
  'who is in comes back with the token of the session, and the login hears nothing',
  async (t) => {
    const server = await withLogin(t);
    const path = await breakable(t, Number(new URL(server.url).port));
    const game = await connect(`http://127.0.0.1:${path.port}/`, {
      schema: duel,
      wasm: CORE,
      credential: '{"user":"zoe"}',
    });
    t.teardown(() => game.close());
    await until('it has a token of its own', () => game.token !== null, 10_000);
    const told: string[] = [];
    game.on('status', (status) => void told.push(status));
    path.cut();
    await until('it is back', () => told.includes('open'), 10_000);
    t.same(told, ['resuming', 'open']);
    t.equal(server.sessions.counters.attached, 1, 'by another pipe');
    t.same(asked, ['{"user":"zoe"}'], 'asked once');
  },
);

t.test('a login that never settles is seen on the page of metrics', async (t) => {
  const onAuth: OnAuth = () => new Promise(() => undefined);
  const server = await serve({}, {}, { onAuth });
  t.teardown(() => server.stop(0));
  const client = await RawClient.open(server);
  client.hello({ text: 'anything' });
  const logins = async (): Promise<(number | undefined)[]> => {
    const metrics = await metricsOf(server);
    return ['awaited', 'cancelled'].map((state) => metrics.get(`fray_logins{state="${state}"}`));
  };
  await until('it is asked', async () => (await logins())[0] === 1);
  t.same(await logins(), [1, 0]);
  client.close();
  await until('it is cancelled', async () => (await logins())[1] === 1);
  t.same(await logins(), [0, 1]);
});

t.test('a server without a login says so', async (t) => {
  const server = await serve();
  t.teardown(() => server.stop(0));
  const entering = connect(server.url, { schema: duel, wasm: CORE, credential: 'anything' });
  await t.rejects(entering, { code: 'E_AUTH' });
});

/** A way to a port of this machine whose connections can be torn. */
async function breakable(t: Test, to: number): Promise<{ port: number; cut(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const on = dial(to, '127.0.0.1');
    for (const one of [socket, on]) {
      sockets.add(one);
      one.on('close', () => sockets.delete(one));
      one.on('error', () => undefined);
    }
    socket.pipe(on).pipe(socket);
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  t.teardown(() => {
    cut();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as { port: number }).port, cut };
}
