/** The admin port's API over real HTTP: what it tells of a server that is played on, what it does, and to whom it says no. */
import { request as httpRequest } from 'node:http';
import t from 'tap';
import { connect } from '../../src/client/node.ts';
import { checkAccess } from '../../src/http/admin/access.ts';
import type { Server } from '../../src/server.ts';
import { CORE, serve, until } from '../server/fixture.ts';
import { duel } from '../server/games/schema.ts';

const TOKEN = 'ab'.repeat(32);

interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

async function ask<T = { readonly code?: string }>(
  server: Server,
  path: string,
  options: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer<T>> {
  const { body, ...rest } = options;
  const response = await fetch(`${server.adminUrl}${path}`, {
    ...rest,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', ...options.headers },
    }),
  });
  return { status: response.status, body: (await response.json()) as T };
}

t.test('what a server tells of itself, and does', async (t) => {
  const server = await serve({ bots: '2' }, { FRAY_ADMIN_TOKENS: TOKEN });
  t.teardown(() => server.stop(0));
  const game = await connect(server.url, { schema: duel, name: 'ann', wasm: CORE });
  t.teardown(() => game.close());
  await until('snapshots come', () => game.stats.snapshots > 40, 15_000);

  const about = await ask<{ rooms: number; players: number; logLevel: string; workers: unknown[] }>(
    server,
    'api/server',
  );
  t.match(about.body, { version: '0.0.0', game: 'test', ready: true, draining: false, players: 1 });
  t.match(about.body.workers, [{ worker: 0, state: 'ready', restarts: 0, overloadLevel: 0 }]);

  const { rooms } = (await ask<{ rooms: { id: string; people: number }[] }>(server, 'api/rooms'))
    .body;
  const room = rooms.find(({ people }) => people === 1);
  t.match(room, { people: 1, bots: 1, worker: 0, open: true });

  const { players } = (await ask<{ players: Record<string, unknown>[] }>(server, 'api/players'))
    .body;
  t.match(players, [
    {
      name: 'ann',
      room: room?.id,
      guest: true,
      state: 'joined',
      away: false,
      transport: 'websocket',
      address: '127.0.0.1',
    },
  ]);
  const other = await ask<{ players: unknown[] }>(server, 'api/players?room=none');
  t.same(other.body.players, [], 'of another room: nobody');

  const ticks = (
    await ask<{
      workers: { duration: { count: number; counts: number[] } }[];
      worst: { us: number; stage: string; room: string; stagesUs: Record<string, number> }[];
    }>(server, 'api/ticks')
  ).body;
  const [{ duration } = { duration: { count: 0, counts: [] } }] = ticks.workers;
  t.ok(duration.count > 40);
  t.equal(
    duration.counts.reduce((sum, count) => sum + count, 0),
    duration.count,
  );
  t.ok(ticks.worst.length > 0 && ticks.worst.length <= 16);
  for (const { us, stage, stagesUs } of ticks.worst) {
    const parts = Object.values(stagesUs);
    t.ok(Math.abs(parts.reduce((sum, part) => sum + part, 0) - us) < 0.01, 'stages are all of it');
    t.equal(stagesUs[stage], Math.max(...parts), 'and the longest is named');
  }
  const [first, second] = ticks.worst;
  t.ok((first?.us ?? 0) >= (second?.us ?? 0), 'the worst first');

  const sessions = await ask(server, 'api/sessions');
  t.match(sessions.body, { open: 1, joined: 1, away: 0, transports: [{ sessions: 1 }] });

  const seen = await ask<{ entities: { kind: string; x: number; player: unknown }[] }>(
    server,
    `api/rooms/${room?.id}/entities`,
  );
  const bodies = seen.body.entities.filter(({ kind }) => kind === 'player');
  t.equal(bodies.length, 2);
  t.ok(bodies.some(({ player }) => (player as { name: string }).name === 'ann'));
  const own = game.view().players.find(({ name }) => name === 'ann');
  t.ok(own !== undefined, 'as the player sees it too');
  t.match(await ask(server, 'api/rooms/none/entities'), {
    status: 404,
    body: { code: 'E_ROOM_UNKNOWN' },
  });

  t.match(await ask(server, 'api/log-level', { method: 'PUT', body: { level: 'warn' } }), {
    status: 200,
    body: { level: 'warn' },
  });
  t.match(await ask(server, 'api/log-level'), { body: { level: 'warn' } });
  for (const body of [{ level: 'loud' }, { level: 'warn', more: 1 }, {}])
    t.match(await ask(server, 'api/log-level', { method: 'PUT', body }), {
      status: 400,
      body: { code: 'E_VALUE', message: /^Cannot PUT/ },
    });

  const closed = new Promise<unknown>((resolve) => game.on('status', (_, error) => resolve(error)));
  const session = players[0]?.['session'];
  const kicked = await ask(server, `api/players/${session}/kick`, {
    method: 'POST',
    body: { reason: 'enough' },
  });
  t.same(kicked, { status: 200, body: { session } });
  t.match(await closed, { code: 'E_KICKED', message: /enough/ });
  await until('gone', async () => {
    const now = await ask<{ players: unknown[] }>(server, 'api/players');
    return now.body.players.length === 0;
  });
  t.match(await ask(server, `api/players/${session}/kick`, { method: 'POST', body: {} }), {
    status: 404,
    body: { code: 'E_SESSION_OVER' },
  });
  const drops = await ask<{ drops: { reason: string }[] }>(server, 'api/drops');
  t.ok(drops.body.drops.some(({ reason }) => reason === 'session_E_KICKED'));

  // Whoever comes through a proxy of this machine is a stranger, and a page of another site too.
  const passedOn = { 'X-Forwarded-For': '203.0.113.7' };
  t.match(await ask(server, 'api/rooms', { headers: passedOn }), {
    status: 401,
    body: { code: 'E_TOKEN_REQUIRED' },
  });
  const good = { ...passedOn, Authorization: `Bearer ${TOKEN}` };
  t.equal((await ask(server, 'api/rooms', { headers: good })).status, 200);
  const bad = { Authorization: `Bearer ${'cd'.repeat(32)}` };
  t.match(await ask(server, 'api/rooms', { headers: bad }), {
    status: 401,
    body: { code: 'E_TOKEN_INVALID' },
  });
  t.match(await ask(server, 'api/rooms', { headers: { Origin: 'https://evil.example' } }), {
    status: 403,
    body: { code: 'E_ORIGIN' },
  });
  t.equal(
    await statusFor(server, 'rebound.example'),
    401,
    'a name that was turned to this machine',
  );
  t.equal((await fetch(`${server.adminUrl}metrics`, { headers: passedOn })).status, 200);

  const drained = await ask(server, 'api/drain', { method: 'POST', body: { graceMs: 0 } });
  t.same(drained, { status: 202, body: { graceMs: 0 } });
  await server.drained;
  await server.stop(10_000);
});

t.test('the OpenAPI document names each route, and what it answers', async (t) => {
  const server = await serve();
  t.teardown(() => server.stop(0));
  const { body } = await ask<{
    openapi: string;
    paths: Record<string, Record<string, { summary: string; responses: Record<string, unknown> }>>;
  }>(server, 'api/openapi.json');
  t.equal(body.openapi, '3.1.0');
  t.same(
    Object.entries(body.paths)
      .flatMap(([path, of]) => Object.keys(of).map((m) => `${m} ${path}`))
      .sort(),
    [
      'get /api/drops',
      'get /api/log-level',
      'get /api/players',
      'get /api/rooms',
      'get /api/rooms/{room}/entities',
      'get /api/server',
      'get /api/sessions',
      'get /api/ticks',
      'post /api/drain',
      'post /api/players/{session}/kick',
      'put /api/log-level',
    ],
  );
  for (const [path, of] of Object.entries(body.paths))
    for (const { summary, responses } of Object.values(of)) {
      t.ok(summary, path);
      t.ok(responses['4XX'], `${path}: failures`);
    }
  t.match(await ask(server, 'api/none'), { status: 404, body: { code: 'E_VALUE' } });
});

t.test('a token shows in a time of its own, whatever its letters', (t) => {
  const from = (authorization: string) =>
    ({
      headers: { authorization, host: '10.0.0.5:9090' },
      socket: { remoteAddress: '10.0.0.7' },
    }) as unknown as Parameters<typeof checkAccess>[0];
  t.doesNotThrow(() =>
    checkAccess(from(`bearer ${TOKEN.toUpperCase()}`), ['00'.repeat(32), TOKEN]),
  );
  for (const wrong of ['Bearer', `Bearer ${TOKEN}0`, `Basic ${TOKEN}`, `Bearer ${TOKEN.slice(1)}`])
    t.throws(() => checkAccess(from(wrong), [TOKEN]), { code: /E_TOKEN_(REQUIRED|INVALID)/ });
  t.throws(() => checkAccess(from(`Bearer ${TOKEN}`), []), { code: 'E_TOKEN_INVALID' });
  t.end();
});

/** Asks with a Host of one's own, which fetch does not let set. */
function statusFor(server: Server, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(`${server.adminUrl}api/rooms`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });
}
