/** The whole server and real sockets: one session over several transports, gaps, logins, tokens across a restart. */
import t from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { connect } from '../../src/client/node.ts';
import type { OnAuth } from '../../src/plugin/auth.ts';
import type { Server } from '../../src/server.ts';
import { DEVELOPMENT_KEY, issueConnectToken } from '../../src/tokens.ts';
import { CORE, metricsOf, RawClient, serve, until } from './fixture.ts';
import { duel } from './games/schema.ts';

const UDP = { udp: '127.0.0.1:0' };
const RETURNS = [
  'fray_absences_total',
  'fray_resumes_total{state="same"}',
  'fray_resumes_total{state="fresh"}',
];

function token(server: Server, userId = 'ann'): string {
  return issueConnectToken({ userId, servers: server.udp, key: DEVELOPMENT_KEY }).token;
}

t.test('a guest comes over WebSocket and goes on over UDP, and nothing is lost', async (t) => {
  const server = await serve(UDP);
  t.teardown(() => server.stop(0));
  const game = await connect(server.url, { schema: duel, name: 'ann', wasm: CORE });
  t.teardown(() => game.close());
  const told: string[] = [];
  game.on('status', (status) => void told.push(status));
  const heard: string[] = [];
  game.onMessage('chat', ({ text }) => void heard.push(text));
  const said: string[] = [];
  const talk = setInterval(() => {
    said.push(`line ${said.length}`);
    game.send('chat', { text: said.at(-1) as string });
  }, 50);
  const { handle } = game;
  await until('it has moved', () => game.stats.transport === 'udp', 10_000);
  const moved = said.length;
  await until('it plays there', () => said.length > moved + 20, 10_000);
  clearInterval(talk);
  await until('all is heard', () => heard.length === said.length);
  t.same(heard, said, 'each line once and in order');
  t.same(told, [], 'without a gap');
  t.equal(game.handle, handle);
  t.equal(game.stats.transportSwitches, 1);
  const metrics = await metricsOf(server);
  t.ok((metrics.get('fray_sent_datagrams_total{transport="udp"}') ?? 0) > 10);
  t.equal(metrics.get('fray_players'), 1, 'one player, whatever carries him');
});

t.test('a connect token opens one session over UDP, and nothing else', async (t) => {
  const server = await serve(UDP);
  t.teardown(() => server.stop(0));
  const permit = token(server);
  const game = await connect(server.url, {
    schema: duel,
    token: permit,
    transport: 'udp',
    wasm: CORE,
  });
  await until('snapshots come', () => game.stats.snapshots > 10);
  t.equal(game.stats.transport, 'udp');
  t.equal(game.status, 'open');
  game.close();
  await until('it is over', () => server.sessions.facts.joined === 0);
  const late = await RawClient.open(server);
  late.hello({ token: permit });
  t.equal((await late.answer()).goodbye?.code, ERROR.E_TOKEN_REUSED);
  const again = connect(server.url, {
    schema: duel,
    token: permit,
    transport: 'udp',
    timeoutMs: 2000,
    wasm: CORE,
  });
  await t.rejects(again, 'over UDP it gets silence');
  const drops = await metricsOf(server);
  t.ok((drops.get('fray_drops_total{reason="udp_drop_used"}') ?? 0) > 0);
});

t.test('a refusal after a valid token is one coded goodbye, over UDP as well', async (t) => {
  const server = await serve({ ...UDP, playersMax: '1', roomsMax: '1', roomsWarm: '1', bots: '0' });
  t.teardown(() => server.stop(0));
  const enter = (userId: string, schema: typeof duel) =>
    connect(server.url, { schema, token: token(server, userId), transport: 'udp', wasm: CORE });
  // Says another hash in its hello; that is all the server knows of a schema.
  const foreign = Object.create(duel, { hash: { value: duel.hash ^ 1n } }) as typeof duel;
  await t.rejects(enter('bob', foreign), { code: 'E_SCHEMA_MISMATCH' });
  const ann = await enter('ann', duel);
  t.teardown(() => ann.close());
  await t.rejects(enter('cid', duel), { code: /^E_ROOM_(FULL|LIMIT)$/ });
  const drops = await metricsOf(server);
  t.equal(drops.get('fray_drops_total{reason="session_E_SCHEMA_MISMATCH"}'), 1);
  await until('only ann has a pipe', () => server.sessions.facts.pipes === 1);
  t.equal(ann.status, 'open');
});

t.test('a guest begins over UDP with a token that the page gives', async (t) => {
  const server = await serve({ ...UDP, hellosPerAddressPerSecond: '1' });
  t.teardown(() => server.stop(0));
  const enter = (to: Server) =>
    connect(to.url, { schema: duel, wasm: CORE, transport: 'udp', timeoutMs: 4000 });
  const game = await enter(server);
  t.teardown(() => game.close());
  await until('snapshots come', () => game.stats.snapshots > 10);
  t.same([game.stats.transport, game.resumed], ['udp', 'new']);
  await until('it has a token of its own', () => game.token !== null, 10_000);
  const metrics = await metricsOf(server);
  t.equal(metrics.get('fray_players'), 1);
  t.equal(metrics.get('fray_received_datagrams_total{transport="websocket"}'), 0, 'by UDP alone');
  // A burst of four: one for the token and one for the hello of the first.
  for (let n = 0; n < 4; n += 1) await fetch(new URL('connect', server.url));
  await t.rejects(enter(server), { code: 'E_RATE' });
  const closed = await serve({ ...UDP, guests: 'false' });
  t.teardown(() => closed.stop(0));
  await t.rejects(enter(closed), { code: 'E_TOKEN_REQUIRED' });
  const dry = await serve();
  t.teardown(() => dry.stop(0));
  await t.rejects(enter(dry), { code: 'E_CLOSED' });
  const pipes = { schema: duel, wasm: CORE, transport: 'udp' as const };
  const ws = server.url.replace('http', 'ws');
  await t.rejects(connect(ws, pipes), { code: 'E_TOKEN_REQUIRED' }, 'a socket is no page');
  const shown = { ...pipes, credential: 'x' };
  await t.rejects(connect(server.url, shown), { code: 'E_TOKEN_REQUIRED' }, 'no guest');
});

for (const loss of [0, 5, 30]) {
  t.test(`a cut of 3 s with ${loss} % loss: the same body, each message once`, async (t) => {
    const server = await serve(UDP);
    t.teardown(() => server.stop(0));
    const game = await connect(server.url, {
      schema: duel,
      name: 'ann',
      wasm: CORE,
      transport: 'websocket',
      link: `rtt=40,loss=${loss},seed=${loss + 1}`,
    });
    t.teardown(() => game.close());
    const other = await connect(server.url, { schema: duel, name: 'bob', wasm: CORE });
    t.teardown(() => other.close());
    const told: string[] = [];
    game.on('status', (status) => void told.push(status));
    const logs = [[], []] as string[][];
    game.onMessage('chat', ({ text }) => void logs[0]?.push(text));
    other.onMessage('chat', ({ text }) => void logs[1]?.push(text));
    let lines = 0;
    const talk = setInterval(() => {
      for (const one of [game, other]) one.send('chat', { text: `${one.playerId} ${lines}` });
      lines += 1;
    }, 200);
    t.teardown(() => clearInterval(talk));
    const { handle, playerId } = game;
    await until('it has a token of its own', () => game.token !== null, 10_000);
    game.link(`rtt=40,loss=100,seed=1`);
    await until('it knows of the gap', () => game.status === 'resuming', 10_000);
    const cut = lines;
    await until('the cut lasts', () => lines > cut + 8, 10_000);
    t.equal((await metricsOf(server)).get('fray_players_away'), 1);
    game.link(`rtt=40,loss=${loss},seed=${loss + 2}`);
    await until('it is back', () => game.status === 'open', 25_000);
    await until('it plays on', () => lines > cut + 20, 10_000);
    clearInterval(talk);
    await until('all is heard', () => logs.every((log) => log.length === 2 * lines), 20_000);
    t.same(logs[0], logs[1], 'both heard the same, in the same order');
    t.equal(new Set(logs[0]).size, 2 * lines, 'each line once');
    if (loss < 30) t.same(told, ['resuming', 'open']);
    else t.equal(told.at(-1), 'open', 'a bad line may have a gap of its own');
    t.same([game.handle, game.playerId], [handle, playerId]);
    const metrics = await metricsOf(server);
    t.equal(metrics.get('fray_players'), 2);
    t.equal(metrics.get('fray_players_away'), 0);
    const [absences, same, fresh] = RETURNS.map((name) => metrics.get(name) ?? -1);
    t.ok((absences ?? 0) >= 1);
    t.same([same, fresh], [absences, 0], 'who was away is back, with the state it had');
    // As a page does that was lost.
    const again = await connect(server.url, {
      schema: duel,
      wasm: CORE,
      token: game.token ?? '',
    });
    t.teardown(() => again.close());
    t.same([again.resumed, again.handle], ['fresh', handle]);
    t.equal((await metricsOf(server)).get('fray_resumes_total{state="fresh"}'), 1);
  });
}

t.test('a client that cannot come back gives up when its server does', async (t) => {
  const server = await serve({ resumeMs: '3000' });
  t.teardown(() => server.stop(0));
  const game = await connect(server.url, { schema: duel, wasm: CORE });
  t.teardown(() => game.close());
  await until('it has a token of its own', () => game.token !== null, 10_000);
  game.link('rtt=0,loss=100,seed=1');
  await until('it has given up', () => game.status === 'closed', 15_000);
  t.equal(game.error?.code, 'E_TIMEOUT');
  await until('and so has the server', () => server.sessions.facts.joined === 0);
});

t.test('an own login judges who comes in, and names him', async (t) => {
  const asked: unknown[] = [];
  const onAuth: OnAuth = async ({ text, token, address, headers }) => {
    asked.push({ text, token, address, agent: typeof headers });
    if (text === 'boom') throw new Error('the login is broken');
    return text === 'let me in' ? { userId: 'zoe' } : { text: 'say the word' };
  };
  const server = await serve({}, {}, { onAuth });
  t.teardown(() => server.stop(0));
  const enter = async (text?: string) => {
    const client = await RawClient.open(server);
    t.teardown(() => client.close());
    client.hello(text === undefined ? {} : { text });
    client.join();
    return { client, answer: await client.answer() };
  };
  t.match((await enter('wrong')).answer.goodbye, { code: ERROR.E_AUTH, text: 'say the word' });
  t.match((await enter()).answer.goodbye, { code: ERROR.E_AUTH });
  const broken = (await enter('boom')).answer.goodbye;
  t.equal(broken?.code, ERROR.E_AUTH);
  t.notMatch(broken?.text, /broken/, 'what went wrong is not for players');
  const first = await enter('let me in');
  t.ok(first.answer.roomId);
  t.ok((await enter('let me in')).answer.roomId);
  t.equal(await first.client.closed(), 4000 + ERROR.E_REPLACED, 'one session for one user');
  t.match(asked[0], { text: 'wrong', token: null, address: '127.0.0.1', agent: 'object' });
  t.equal(asked.length, 5);
});

t.test('a token that was used stays used when the server starts again', async (t) => {
  const stateDir = t.testdir();
  const before = await serve({ stateDir });
  const permit = issueConnectToken({
    userId: 'ann',
    servers: ['127.0.0.1:1'],
    key: DEVELOPMENT_KEY,
  }).token;
  const enter = async (server: Server) => {
    const client = await RawClient.open(server);
    t.teardown(() => client.close());
    client.hello({ token: permit });
    client.join();
    return client.answer();
  };
  t.ok((await enter(before)).roomId);
  await before.stop(0);
  const after = await serve({ stateDir });
  t.teardown(() => after.stop(0));
  t.equal((await enter(after)).goodbye?.code, ERROR.E_TOKEN_REUSED);
  const forgetful = await serve();
  t.teardown(() => forgetful.stop(0));
  t.ok((await enter(forgetful)).roomId, 'whoever keeps nothing lets it in again');
});
