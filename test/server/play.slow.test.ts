import t from 'tap';
import { connect } from '../../src/client/node.ts';
import { CORE, metricsOf, serve, until } from './fixture.ts';
import { duel } from './games/schema.ts';

t.test('players join over WebSocket, see each other, talk; metrics say so', async (t) => {
  const server = await serve({ bots: '5' });
  t.teardown(() => server.stop(0));
  const names = ['ann', 'bob', 'cid'];
  const games = await Promise.all(
    names.map((name) => connect(server.url, { schema: duel, name, wasm: CORE })),
  );
  const said: string[] = [];
  games[1]?.onMessage('chat', ({ text }) => void said.push(text));
  for (const [index, game] of games.entries()) {
    game.setInput({ move: { x: index - 1, y: 1 }, aim: index, fire: false });
  }
  await until(
    'all have had 60 snapshots',
    () => games.every((game) => game.stats.snapshots > 60),
    20_000,
  );
  games[0]?.send('chat', { text: 'hello' });
  await until('the word is heard', () => said.includes('hello'));
  const view = games[0]?.view(performance.now());
  t.ok(view?.me);
  t.ok((view?.players.length ?? 0) >= 3, `${view?.players.length} players in sight`);
  for (const game of games) t.match(game.stats, { undecodable: 0, malformed: 0 });
  const metrics = await metricsOf(server);
  t.equal(metrics.get('fray_players'), 3);
  t.equal(metrics.get('fray_bots'), 2, 'each person takes the place of a bot');
  t.equal(metrics.get('fray_sessions'), 3);
  t.equal(metrics.get('fray_ready'), 1);
  t.ok((metrics.get('fray_rooms') ?? 0) >= 1);
  t.ok((metrics.get('fray_tick_duration_seconds_count{worker="0"}') ?? 0) > 60);
  t.ok((metrics.get('fray_tick_lateness_seconds_count{worker="0"}') ?? 0) > 30);
  t.ok((metrics.get('fray_sent_datagrams_total{transport="websocket"}') ?? 0) > 180);
  t.ok((metrics.get('fray_received_bytes_total{transport="websocket"}') ?? 0) > 1000);
  for (const game of games) game.close();
  await until(
    'the room hears that they have gone',
    async () => (await metricsOf(server)).get('fray_players') === 0,
  );
});

t.test('the admin port serves nothing but metrics and health', async (t) => {
  const server = await serve();
  t.teardown(() => server.stop(0));
  for (const [path, status] of [
    ['metrics', 200],
    ['healthz', 200],
    ['readyz', 200],
    ['', 404],
    ['ws', 404],
  ] as const) {
    t.equal((await fetch(`${server.adminUrl}${path}`)).status, status, path);
  }
  t.match(
    (await fetch(`${server.adminUrl}metrics`)).headers.get('content-type'),
    /^text\/plain; version=0\.0\.4/,
  );
  t.equal((await fetch(`${server.url}metrics`)).status, 404, 'the public port does not show them');
});
