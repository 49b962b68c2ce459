/** A room that asks for twice the time there is: the server walks up its policy and down again, and nobody's match is lost. */
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { connect } from '../../src/client/node.ts';
import { metricsOf, RawClient, serve, until } from './fixture.ts';
import { duel } from './games/schema.ts';

const HEAVY = fileURLToPath(new URL('./games/heavy.ts', import.meta.url));
/** ms. Each step takes half a second or more; on a busy machine all of it takes longer. */
const WALK_MS = 60_000;

t.test('200 % load: up to the last level and down again', { timeout: 180_000 }, async (t) => {
  const server = await serve({}, {}, { game: HEAVY });
  t.teardown(() => server.stop(0));
  const game = await connect(server.url, { schema: duel, name: 'Ann', transport: 'websocket' });
  t.teardown(() => game.close());
  const left: string[] = [];
  game.on('status', (status) => left.push(status));
  const worker = async (name: string): Promise<number> =>
    (await metricsOf(server)).get(`${name}{worker="0"}`) ?? Number.NaN;
  const entered = async (level: number): Promise<number> =>
    (await metricsOf(server)).get(`fray_overloads_total{worker="0",level="${level}"}`) ?? 0;
  const ready = async (): Promise<number[]> => {
    const answers = [server.url, server.adminUrl].map((url) =>
      fetch(new URL('/readyz', String(url))),
    );
    return (await Promise.all(answers)).map(({ status }) => status);
  };
  t.equal(await worker('fray_overload_level'), 0);
  t.same(await ready(), [200, 200], 'on both ports');

  game.send('chat', { text: 'burn 66' });
  await until('nobody is let in', async () => (await worker('fray_overload_level')) === 4, WALK_MS);
  t.equal(await worker('fray_time_speed_ratio'), 0.5, 'at half speed');
  for (const level of [1, 2, 3, 4]) t.equal(await entered(level), 1, `by way of level ${level}`);
  await until('the client is told', () => game.stats.dilation === 0.5, WALK_MS);
  const raw = await RawClient.open(server);
  raw.hello();
  raw.join();
  t.match(await raw.answer(), { goodbye: { code: 52 } }, 'E_OVERLOADED');
  raw.close();
  t.same(await ready(), [503, 503]);
  const before = game.stats.snapshots;
  await until('who is in plays on', () => game.stats.snapshots > before + 10, WALK_MS);

  game.send('chat', { text: 'burn 0' });
  await until('all as usual', async () => (await worker('fray_overload_level')) === 0, WALK_MS);
  t.equal(await worker('fray_time_speed_ratio'), 1);
  t.same(await ready(), [200, 200], 'on both ports');
  await until('the client is told', () => game.stats.dilation === 1, WALK_MS);
  const after = await RawClient.open(server);
  after.hello();
  after.join();
  t.match(await after.answer(), { roomId: String }, 'players are let in again');
  after.close();
  t.same(left, [], 'nobody was lost on the way');
  t.equal((await metricsOf(server)).get('fray_leaves_total'), 0);
});
