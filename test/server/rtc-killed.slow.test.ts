/** `fray-rtc` is killed while people play over it and beside it: who was on it is attached again, and nobody notices more. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { connectWith } from '../../src/client/connect.ts';
import type { Game } from '../../src/client/game.ts';
import { connect, nodeTools } from '../../src/client/node.ts';
import { releaseWebRtc } from '../../src/transport/client/webrtc-node.ts';
import { CORE, metricsOf, serve, until } from './fixture.ts';
import { duel } from './games/schema.ts';

t.teardown(() => releaseWebRtc());

/** ms from the kill on. As pages do, players have a WebSocket to fall back on, which takes a moment and not a new process. */
const ATTACHED_MS_MAX = 2000;

t.test('kill -9 of fray-rtc while five play', async (t) => {
  const server = await serve({ webrtc: 'true', udp: '127.0.0.1:0' });
  t.teardown(() => server.stop(0));
  const options = { schema: duel, wasm: CORE };
  const { open, ...rest } = nodeTools(CORE);
  // What a page has.
  const page = { ...rest, open: { webrtc: open.webrtc, websocket: open.websocket } };
  const onRtc: Game<typeof duel>[] = [];
  for (const name of ['ann', 'bob', 'zoe'])
    onRtc.push(await connectWith(server.url, { ...options, name }, page));
  const beside = [
    await connect(server.url, { ...options, name: 'ws', transport: 'websocket' }),
    await connect(server.url, { ...options, name: 'udp', transport: 'udp' }),
  ];
  const all = [...onRtc, ...beside];
  t.teardown(() => all.map((game) => game.close()));
  await until('they play over WebRTC', () => carried(onRtc, 'webrtc'), 30_000);
  const told = beside.map(() => [] as string[]);
  beside.forEach((game, k) => void game.on('status', (status) => void told[k]?.push(status)));
  const heard = all.map(() => [] as string[]);
  all.forEach((game, k) => void game.onMessage('chat', ({ text }) => void heard[k]?.push(text)));
  const bodies = all.map(({ handle, playerId }) => [handle, playerId]);
  const [room] = server.directory.rooms();

  const said: string[] = [];
  const talk = setInterval(() => {
    said.push(`line ${said.length}`);
    all[said.length % all.length]?.send('chat', { text: said.at(-1) as string });
  }, 50);
  t.teardown(() => clearInterval(talk));
  await until('they talk', () => said.length > 20);
  const { attached } = server.sessions.counters;
  process.kill(rtcOfThis(), 'SIGKILL');
  const killedMs = performance.now();
  // By the server's own books: pipes attached to sessions that are live.
  await until('all are attached again', () => server.sessions.counters.attached >= attached + 3);
  const tookMs = Math.round(performance.now() - killedMs);
  t.ok(tookMs <= ATTACHED_MS_MAX, `attached after ${tookMs} ms`);
  await until('and in the end over WebRTC', () => carried(onRtc, 'webrtc'), 60_000);
  t.comment(`over WebRTC after ${Math.round(performance.now() - killedMs)} ms`);
  clearInterval(talk);
  await until('all is heard', () => heard.every((lines) => lines.length >= said.length), 20_000);

  for (const [k, lines] of heard.entries())
    t.same([...lines].sort(), [...said].sort(), `player ${k}: each line once`);
  t.same(told, [[], []], 'those beside were never away');
  t.same(
    all.map(({ handle, playerId }) => [handle, playerId]),
    bodies,
    'everybody is who he was',
  );
  t.equal(server.directory.rooms()[0]?.id, room?.id, 'in the same room');
  const metrics = await metricsOf(server);
  t.equal(metrics.get('fray_joins_total'), 5);
  t.equal(metrics.get('fray_leaves_total'), 0);
  t.equal(metrics.get('fray_drops_total{reason="worker_rooms_faulted"}'), 0);
});

function carried(games: readonly Game<typeof duel>[], by: string): boolean {
  return games.every(({ status, stats }) => status === 'open' && stats.transport === by);
}

/** The process that serves WebRTC for this one. */
function rtcOfThis(): number {
  const { pid } = process;
  for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' '))
    if (readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('fray-rtc')) return Number(child);
  throw new Error('this server has no fray-rtc');
}
