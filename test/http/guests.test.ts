/** `GET /connect`: a token for a guest who begins over UDP, by HTTP. */
import { randomFillSync } from 'node:crypto';
import type { Test } from 'tap';
import t from 'tap';
import { askGuestToken } from '../../src/client/guest.ts';
import { GUEST_PATH, type GuestDoorOptions, guestDoor } from '../../src/guest-door.ts';
import { PublicHttp } from '../../src/http/public.ts';
import type { SessionOptions } from '../../src/session/server/table.ts';
import { SessionTable } from '../../src/session/server/table.ts';
import { DEVELOPMENT_KEY, openConnectToken } from '../../src/tokens.ts';

async function start(
  t: Test,
  options: Partial<SessionOptions> = {},
  door: Partial<GuestDoorOptions> = {},
): Promise<{
  url: string;
  sessions: SessionTable;
  ask: (init?: RequestInit) => Promise<Response>;
}> {
  const sessions = new SessionTable({
    schemaHash: 1n,
    guests: true,
    tokenKeys: [DEVELOPMENT_KEY],
    publicAddresses: ['127.0.0.1:40000'],
    unixMs: Date.now,
    random: (into) => void randomFillSync(into),
    ...options,
  });
  const route = guestDoor({
    sessions: () => sessions,
    allowedOrigins: [],
    hops: 0,
    udp: true,
    nowUs: () => performance.now() * 1000,
    ...door,
  });
  const http = new PublicHttp({ routes: { [GUEST_PATH]: route } });
  const port = await http.listen(0, '127.0.0.1');
  t.teardown(() => http.stop());
  const url = `http://127.0.0.1:${port}`;
  return { url, sessions, ask: (init) => fetch(`${url}${GUEST_PATH}`, init) };
}

t.test('answers with a token that opens, which nobody keeps', async (t) => {
  const { url, ask } = await start(t);
  const answer = await ask();
  t.equal(answer.status, 200);
  t.equal(answer.headers.get('content-type'), 'application/json');
  t.equal(answer.headers.get('cache-control'), 'no-store');
  t.equal(answer.headers.get('vary'), 'Origin');
  t.equal(answer.headers.get('access-control-allow-origin'), null);
  const { token, expiresAtMs } = (await answer.json()) as { token: string; expiresAtMs: number };
  const opened = openConnectToken(token, [DEVELOPMENT_KEY]);
  t.match(opened, { guest: true, servers: ['127.0.0.1:40000'], expiresAtMs });
  const asked = await askGuestToken(`${url}/`, new AbortController().signal);
  t.match(openConnectToken(asked, [DEVELOPMENT_KEY]), { guest: true });
});

t.test('pages of other origins may ask where they may connect', async (t) => {
  const { ask, sessions } = await start(t, {}, { allowedOrigins: ['https://games.example'] });
  const allowed = await ask({ headers: { Origin: 'https://games.example' } });
  t.equal(allowed.status, 200);
  t.equal(allowed.headers.get('access-control-allow-origin'), 'https://games.example');
  const other = await ask({ headers: { Origin: 'https://evil.example' } });
  t.equal(other.status, 403);
  t.equal(other.headers.get('access-control-allow-origin'), null);
  t.equal(other.headers.get('cache-control'), 'no-store');
  t.equal(await other.text(), 'E_ORIGIN\n');
  t.equal(sessions.refused.E_ORIGIN, 1);
});

t.test('each refusal has its status, its code and a count', async (t) => {
  const closed = await start(t, { guests: false });
  const refused = await closed.ask();
  t.equal(refused.status, 403);
  t.equal(await refused.text(), 'E_TOKEN_REQUIRED\n');
  t.equal(refused.headers.get('cache-control'), 'no-store');
  t.equal(closed.sessions.refused.E_TOKEN_REQUIRED, 1);
  await t.rejects(askGuestToken(closed.url, new AbortController().signal), {
    code: 'E_TOKEN_REQUIRED',
  });
  const draining = await start(t);
  draining.sessions.draining = true;
  t.equal((await draining.ask()).status, 503);
  t.equal(draining.sessions.refused.E_SHUTDOWN, 1);
  const dry = await start(t, {}, { udp: false });
  t.equal((await dry.ask()).status, 404);
  await t.rejects(askGuestToken(dry.url, new AbortController().signal), { code: 'E_CLOSED' });
  const early = await start(t, {}, { sessions: () => null });
  t.equal((await early.ask()).status, 503);
  const head = await start(t);
  const answer = await head.ask({ method: 'HEAD' });
  t.equal(answer.status, 405, 'what is not looked at is not made');
  t.equal(answer.headers.get('allow'), 'GET');
});

t.test('over the rate of handshakes it is 429, with a time to come back', async (t) => {
  const { ask, sessions, url } = await start(t, { hellosPerAddressPerSecond: 1 });
  const statuses: number[] = [];
  for (let n = 0; n < 8; n += 1) statuses.push((await ask()).status);
  t.same(statuses.slice(0, 4), [200, 200, 200, 200], 'a burst may come');
  t.ok(statuses.includes(429));
  t.equal((await ask()).headers.get('retry-after'), '1');
  t.ok(sessions.counters.dropHelloAddress >= 2);
  t.equal(sessions.refused.E_RATE, 0, 'counted once');
  await t.rejects(askGuestToken(url, new AbortController().signal), { code: 'E_RATE' });
});

t.test('behind a proxy the address is the one that the proxy saw', async (t) => {
  const { ask } = await start(t, { hellosPerAddressPerSecond: 1 }, { hops: 1 });
  const from = async (address: string) =>
    (await ask({ headers: { 'X-Forwarded-For': address } })).status;
  for (let n = 0; n < 6; n += 1) await from('192.0.2.1');
  t.equal(await from('192.0.2.1'), 429);
  t.equal(await from('198.51.100.1'), 200);
});

t.test('a server that is not there, or says something else, is E_CLOSED', async (t) => {
  const { signal } = new AbortController();
  await t.rejects(askGuestToken('http://127.0.0.1:1/', signal), { code: 'E_CLOSED' });
  const odd = new PublicHttp({
    routes: { '/connect': (_request, response) => response.end('{"token":7}') },
  });
  const port = await odd.listen(0, '127.0.0.1');
  t.teardown(() => odd.stop());
  await t.rejects(askGuestToken(`http://127.0.0.1:${port}/`, signal), { code: 'E_CLOSED' });
});
