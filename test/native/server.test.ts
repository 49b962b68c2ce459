/** The whole server over native I/O threads, real sockets: play, an absence, another transport and back, a move, a death. */
import t from 'tap';
import { connect } from '../../src/client/node.ts';
import type { Facts, Log, LogEvent } from '../../src/ops/log.ts';
import { createLog } from '../../src/ops/log.ts';
import type { Server } from '../../src/server.ts';
import { DEVELOPMENT_KEY, issueConnectToken } from '../../src/tokens.ts';
import { CORE, metricsOf, serve, until } from '../server/fixture.ts';
import { duel } from '../server/games/schema.ts';
import { MODULE, NOT_BUILT } from './module.ts';

const UDP = { udp: '127.0.0.1:0' };

t.test(
  'without the module a server says what it uses, and does not start where it is asked for',
  async (t) => {
    const { log, told } = listening();
    const server = await serve(UDP, {}, { native: null, log });
    const game = await enter(server, 'ann');
    await until('snapshots come', () => game.stats.snapshots > 5);
    game.close();
    await server.stop(0);
    const reason = process.platform === 'linux' ? 'no native module is built' : 'not Linux';
    t.same(told.get('io'), { udp: 'node:dgram', reason });
    const wrong = serve({ ...UDP, io: 'native' }, {}, { native: null });
    await t.rejects(wrong, { code: 'E_CONFIG', message: /native module/ });
    const broken = await serve(UDP, {}, { native: CORE, log });
    await broken.stop(0);
    t.match(told.get('io'), { udp: 'node:dgram', reason: /cannot be loaded/ });
  },
);

if (MODULE === null) t.pass(NOT_BUILT);
else over(MODULE);

function over(native: string): void {
  const start = (flags: { readonly [name: string]: string } = {}, log?: Log) =>
    serve({ ...UDP, io: 'native', ...flags }, {}, { native, ...(log && { log }) });

  t.test('packets go past JavaScript both ways, and all counters know of them', async (t) => {
    const { log, told } = listening();
    const server = await start({ ioThreads: '2' }, log);
    t.teardown(() => server.stop(0));
    t.match(told.get('io'), { udp: 'native', threads: 2 });
    const games = await Promise.all(['ann', 'bob', 'cid'].map((name) => enter(server, name)));
    t.teardown(() => games.forEach((game) => void game.close()));
    await until('all play', () => games.every(({ stats }) => stats.snapshots > 60));
    const before = server.sessions.counters.packets;
    await until('it knows what was carried', () => server.sessions.counters.packets > before + 20);
    t.same(
      games.map(({ stats }) => stats.transport),
      ['udp', 'udp', 'udp'],
    );
    const metrics = await metricsOf(server);
    const [came, went] = ['received', 'sent'].map(
      (way) => metrics.get(`fray_${way}_datagrams_total{transport="udp"}`) ?? 0,
    );
    t.ok((came ?? 0) > 100 && (went ?? 0) > 100, `${came} came, ${went} went`);
    t.equal(metrics.get('fray_players_away'), 0, 'who is carried is heard');
    const { wakes } = server.directory.counters;
    t.ok(wakes < (went ?? 0) / 3, `JavaScript woke ${wakes} times for ${went} packets`);
  });

  t.test('who falls silent is away, and comes back with all that was said', async (t) => {
    const server = await start();
    t.teardown(() => server.stop(0));
    const game = await enter(server, 'ann');
    const other = await enter(server, 'bob');
    t.teardown(() => [game, other].forEach((one) => void one.close()));
    const { say, logs, stop } = chat([game, other]);
    await until('they talk', () => say.lines > 10);
    game.link('rtt=0,loss=100,seed=1');
    await until('it is missed', () => server.sessions.away === 1, 10_000);
    const cut = say.lines;
    await until('the cut lasts', () => say.lines > cut + 5, 10_000);
    game.link('rtt=20,loss=0,seed=1');
    await until('it is back', () => game.status === 'open' && server.sessions.away === 0, 20_000);
    const back = say.lines;
    await until('they talk on', () => say.lines > back + 10, 10_000);
    stop();
    await until('all is heard', () => logs.every((log) => log.length === 2 * say.lines), 15_000);
    t.same(logs[0], logs[1], 'both heard the same, in the same order');
    t.equal(new Set(logs[0]).size, 2 * say.lines, 'each line once');
  });

  t.test('who comes back by another transport is sent to there at once', async (t) => {
    const server = await start();
    t.teardown(() => server.stop(0));
    const game = await enter(server, 'ann');
    t.teardown(() => game.close());
    await until('it has a token of its own', () => game.token !== null, 10_000);
    await until('it is carried', () => game.stats.snapshots > 30, 10_000);
    const { token } = game;
    const pipes = { schema: duel, wasm: CORE, transport: 'websocket' as const };
    const again = await connect(server.url, { ...pipes, token: token ?? '' });
    t.teardown(() => again.close());
    const before = game.stats.snapshots;
    await until('it plays there', () => again.stats.snapshots > 20, 10_000);
    const late = game.stats.snapshots - before;
    t.ok(late < 10, `${late} snapshots went to where it was before`);
    t.equal(again.stats.transport, 'websocket');
  });

  t.test(
    'a guest goes from WebSocket to UDP; its room moves, its worker dies; nothing is lost',
    async (t) => {
      const server = await start({ workers: '2', spareWorkers: '1' });
      t.teardown(() => server.stop(0));
      const game = await connect(server.url, { schema: duel, name: 'ann', wasm: CORE });
      const other = await enter(server, 'bob');
      t.teardown(() => [game, other].forEach((one) => void one.close()));
      const { say, logs, stop } = chat([game, other]);
      await until('it has moved to UDP', () => game.stats.transport === 'udp', 10_000);
      const { directory } = server;
      const room = directory.rooms().find(({ people }) => people > 0);
      for (const to of [1, 0]) {
        await until('it may go', () => directory.move(room?.id ?? '', to) === '', 10_000);
        const { count } = directory.moves;
        await until('it is there', () => directory.moves.count > count, 10_000);
        const heard = logs[1]?.length ?? 0;
        await until('they hear each other there', () => (logs[1]?.length ?? 0) > heard + 4, 5000);
      }
      const moved = say.lines;
      await until('they talk on', () => say.lines > moved + 5, 10_000);
      directory.workers()[0]?.kill('now');
      await until(
        'another goes on',
        () => directory.crew?.crashes[0]?.recovered.length === 1,
        10_000,
      );
      const dead = say.lines;
      await until('they talk on', () => say.lines > dead + 10, 10_000);
      stop();
      await until('all is heard', () => logs.every((log) => log.length === 2 * say.lines), 15_000);
      t.same(logs[0], logs[1], 'both heard the same, in the same order');
      t.equal(new Set(logs[0]).size, 2 * say.lines, 'each line once');
      t.same([game.status, other.status], ['open', 'open']);
    },
  );
}

type Game = Awaited<ReturnType<typeof connect>>;

function enter(server: Server, userId: string): Promise<Game> {
  const { token } = issueConnectToken({ userId, servers: server.udp, key: DEVELOPMENT_KEY });
  return connect(server.url, { schema: duel, token, transport: 'udp', wasm: CORE });
}

/** All say a line every so often, and note what they hear. */
function chat(games: readonly Game[]) {
  const logs = games.map((): string[] => []);
  const say = { lines: 0 };
  for (const [index, game] of games.entries())
    (game as Awaited<ReturnType<typeof connect<typeof duel>>>).onMessage('chat', ({ text }) => {
      logs[index]?.push(text);
    });
  const timer = setInterval(() => {
    for (const [index, game] of games.entries())
      (game as Awaited<ReturnType<typeof connect<typeof duel>>>).send('chat', {
        text: `${index} ${say.lines}`,
      });
    say.lines += 1;
  }, 60);
  return { say, logs, stop: () => clearInterval(timer) };
}

/** A log that keeps the facts of each event. */
function listening(): { log: Log; told: Map<LogEvent, Facts | undefined> } {
  const told = new Map<LogEvent, Facts | undefined>();
  const log = createLog('silent');
  log.info = (event, facts) => void told.set(event, facts);
  return { log, told };
}
