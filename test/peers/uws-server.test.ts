/** The whole server with `websocket: 'uws'`, over the library itself. */
import t from 'tap';
import { lacking } from '../../bench/uws/library.mjs';
import { connect } from '../../src/client/node.ts';
import { CORE, metricsOf, RawClient, serve, until } from '../server/fixture.ts';
import { duel } from '../server/games/schema.ts';

if (lacking !== null) t.pass(`not run: ${lacking}`);
else
  t.test('players, health and limits are what they are with ws', async (t) => {
    const server = await serve({ websocket: 'uws', sessionsPerAddressMax: '2' });
    t.teardown(() => server.stop(0));
    const ann = await connect(server.url, { schema: duel, name: 'ann', wasm: CORE });
    await until('snapshots come', () => ann.stats.snapshots > 10, 10_000);
    t.equal((await fetch(`${server.url}healthz`)).status, 200);
    t.equal((await fetch(`${server.url}readyz`)).status, 200);
    await t.rejects(RawClient.open(server, { origin: 'https://evil.example' }), /403/);
    const bob = await connect(server.url, { schema: duel, name: 'bob', wasm: CORE });
    // An address may have twice as many sockets as sessions, for who changes from one to the other.
    const more = [await RawClient.open(server), await RawClient.open(server)];
    await t.rejects(RawClient.open(server), /429/);
    for (const one of more) one.close();
    const metrics = await metricsOf(server);
    t.equal(metrics.get('fray_drops_total{reason="websocket_refused_origin"}'), 1);
    t.equal(metrics.get('fray_drops_total{reason="websocket_refused_address"}'), 1);
    t.ok((metrics.get('fray_sent_datagrams_total{transport="websocket"}') ?? 0) > 10);
    bob.close();
    await until('it has left', () => server.sessions.pipesOf('127.0.0.1') === 1);
    await server.stop(0);
    await until('it hears so', () => ann.status === 'closed');
    await t.rejects(fetch(server.url), 'the port is free again');
  });
