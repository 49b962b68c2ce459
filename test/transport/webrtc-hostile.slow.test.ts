/** What strangers send to the signalling, what broken peers send, and what happens when `fray-rtc` dies. */
import type { Test } from 'tap';
import t from 'tap';
import { PACKET_BYTES_MAX } from '../../protocol/gen/tables.ts';
import { openWebRtc } from '../../src/transport/client/webrtc.ts';
import { nodePeers, releaseWebRtc } from '../../src/transport/client/webrtc-node.ts';
import type { WebRtcServerOptions } from '../../src/transport/server/webrtc.ts';
import { CLOSE } from '../../src/transport/types.ts';
import { bytesOf, text, until } from './contract.ts';
import { post, startRtc } from './rtc-bench.ts';
import { OFFER } from './rtc-offer.ts';

t.teardown(() => releaseWebRtc());

async function start(test: Test, options: WebRtcServerOptions = {}) {
  const running = await startRtc(options);
  test.teardown(() => running.stop());
  return running;
}

t.test('each offer that cannot be taken has its status, code and counter', async (test) => {
  const { port, server } = await start(test, { allowedOrigins: ['https://game.example'] });
  const asked = async (body: string, headers = {}, method = 'POST') => {
    const answer = await post(port, body, headers, { method });
    return `${answer.status} ${answer.body.trim()}`;
  };
  test.equal(await asked('garbage'), '400 E_MALFORMED');
  test.equal(await asked(OFFER.replace('sha-256', 'sha-1')), '400 E_MALFORMED');
  test.equal(await asked(OFFER, { 'content-type': 'text/plain' }), '415 E_MALFORMED');
  test.equal(await asked('x'.repeat(5000)), '413 E_OVERSIZE');
  test.equal(await asked('', {}, 'GET'), '405 E_MALFORMED');
  test.equal(await asked(OFFER, { origin: 'https://evil.example' }), '403 E_ORIGIN');
  const { malformed, contentType, oversize, method, origin } = server.offers;
  test.same(
    { malformed, contentType, oversize, method, origin },
    { malformed: 2, contentType: 1, oversize: 1, method: 1, origin: 1 },
  );
  const preflight = await post(port, '', { origin: 'https://game.example' }, { method: 'OPTIONS' });
  test.equal(preflight.status, 204);
  test.equal(preflight.headers['access-control-allow-origin'], 'https://game.example');
  const taken = await post(port, OFFER, { origin: 'https://game.example' });
  test.equal(taken.status, 201);
  test.equal(taken.headers['content-type'], 'application/sdp');
  test.equal(taken.headers['access-control-allow-origin'], 'https://game.example');
  test.match(taken.headers['access-control-expose-headers'], /\bLocation\b/);
  test.match(taken.body, new RegExp(`a=candidate:.* 127\\.0\\.0\\.1 ${server.port} typ host`));
  test.equal(server.state, 'ready');
  test.same([server.offers.waiting, server.pipes], [1, 0]);
});

t.test(
  'a location takes one last datagram, from any page, and dies with its peer',
  async (test) => {
    const { port, server, connect } = await start(test, {
      allowedOrigins: ['https://game.example'],
      offersPerAddressPerSecond: 1,
      offerMs: 500,
    });
    const asked = async (path: string, body = '', headers = {}, method = 'POST') => {
      const answer = await post(port, body, headers, { method, path });
      return `${answer.status} ${answer.body.trim()}`;
    };
    const [first, second] = [await post(port, OFFER), await post(port, OFFER)];
    const path = String(first.headers['location']);
    test.match(path, /^rtc\/[\w-]{22}$/);
    test.not(path, second.headers['location'], 'each has its own');
    test.equal(await asked(path, '', {}, 'DELETE'), '405 E_MALFORMED');
    test.equal(await asked(path, 'x'.repeat(PACKET_BYTES_MAX + 1)), '413 E_OVERSIZE');
    test.equal(await asked(path.slice(0, -1)), '404 E_CLOSED');
    test.equal(server.offers.waiting, 2, 'nobody has ended anything');
    const foreign = { origin: 'null', 'content-type': 'text/plain' };
    test.equal(await asked(path, '', foreign), '204 ', 'who knows it needs no origin');
    await until(() => server.offers.waiting === 1);
    test.equal(await asked(path), '204 ', 'twice is no fault');
    test.equal(server.offers.waiting, 1, 'and nothing comes of it');
    await until(() => server.offers.waiting === 0);
    test.equal(await asked(String(second.headers['location'])), '204 ', 'timed out');
    for (let k = 0; k < 40; k += 1) await asked('rtc/AAAAAAAAAAAAAAAAAAAAAA', 'x');
    test.match(server.offers, { unknown: 41, timedOut: 1 });
    const player = await connect();
    await until(() => server.pipes === 1);
    test.match(server.offers, { rate: 0, answered: 3 }, 'guesses are not counted as offers');
    player.close(0);
  },
);

t.test('a last datagram is taken after the channel has closed, for a while', async (test) => {
  const { port, server } = await start(test, { lastWordMs: 1500 });
  const make = await nodePeers();
  const heard: string[] = [];
  const closed: number[] = [];
  let pipe = -1;
  server.onOpen((number) => (pipe = number));
  server.onDatagram((_pipe, bytes) => void heard.push(text(bytes)));
  server.onClose((_pipe, code) => void closed.push(code));
  const comeAndGo = async (): Promise<string> => {
    const peer = make();
    const opened = new Promise<void>((resolve) => (peer.onOpen = resolve));
    const { headers, body } = await post(port, await peer.offer());
    await peer.accept(body);
    await opened;
    await until(() => server.pipes === 1, 10_000);
    peer.close();
    await until(() => !server.send(pipe, bytesOf('x')), 10_000);
    return String(headers['location']);
  };
  const first = await comeAndGo();
  test.same(closed, [], 'the channel is closed, its pipe is not');
  test.equal((await post(port, 'goodbye', {}, { path: first })).status, 204);
  await until(() => closed.length === 1);
  test.same([heard, closed], [['goodbye'], [CLOSE.normal]]);
  const second = await comeAndGo();
  await until(() => closed.length === 2);
  test.equal(closed[1], CLOSE.lost, 'nothing more came');
  test.equal((await post(port, 'late', {}, { path: second })).status, 204, 'too late');
  test.same([heard.length, server.pipes], [1, 0]);
});

t.test('200 offers that never complete are bounded, time out, and disturb nobody', async (test) => {
  const running = await start(test, {
    offersPerSecond: 1000,
    offersPerAddressPerSecond: 1000,
    offersOpenMax: 48,
    offersOpenPerAddressMax: 32,
    offerMs: 2000,
  });
  const { server, port } = running;
  server.onDatagram((pipe, bytes) => void server.send(pipe, bytes));
  const player = await running.connect();
  let back = 0;
  player.onDatagram(() => (back += 1));
  const statuses: number[] = [];
  for (let k = 0; k < 200; k += 1) statuses.push((await post(port, OFFER)).status);
  test.ok(statuses.filter((status) => status === 201).length >= 32);
  test.ok(statuses.includes(429));
  test.ok(server.offers.waiting <= 32);
  player.send(bytesOf('x'));
  await until(() => back === 1, 10_000);
  await until(() => server.offers.waiting === 0, 20_000);
  test.ok(server.offers.timedOut >= 32);
  test.equal(server.pipes, 1);
});

t.test('offers beyond the rate of an address are refused', async (test) => {
  const { port, server } = await start(test, { offersPerAddressPerSecond: 1 });
  const statuses: number[] = [];
  for (let k = 0; k < 40; k += 1) statuses.push((await post(port, 'garbage')).status);
  test.equal(statuses.slice(0, 4).join(), '400,400,400,400');
  test.ok(server.offers.rate > 0);
});

t.test('kill -9 of fray-rtc: its pipes close as lost, new ones open', async (test) => {
  const running = await start(test);
  const { server } = running;
  const closed: number[] = [];
  server.onClose((_pipe, code) => void closed.push(code));
  await running.connect();
  await running.connect();
  await until(() => server.pipes === 2, 10_000);
  const { pid, port } = server;
  process.kill(pid, 'SIGKILL');
  const killed = performance.now();
  await until(() => closed.length === 2, 10_000);
  // No refusal: a browser would put it on the console of the page, which comes again by itself.
  test.match(await post(running.port, OFFER), { status: 204, body: '' });
  test.match(server.offers, { unavailable: 1 });
  test.same(closed, [CLOSE.lost, CLOSE.lost]);
  test.equal(server.pipes, 0);
  await until(() => server.state === 'ready', 30_000);
  const pipe = await running.connect();
  test.comment(`a new pipe after ${Math.round(performance.now() - killed)} ms`);
  test.not(server.pid, pid);
  test.equal(server.port, port, 'the port stays');
  test.ok(server.cpuUs() >= 0);
  pipe.close(0);
});

t.test('messages that are no datagrams close the pipe and are counted', async (test) => {
  const running = await start(test);
  const { server } = running;
  const closed: number[] = [];
  server.onClose((_pipe, code) => void closed.push(code));
  const text = await running.connect();
  running.peerOf(text).send('hello');
  await until(() => closed.length === 1, 10_000);
  const empty = await running.connect();
  running.peerOf(empty).send(new Uint8Array(0));
  await until(() => closed.length === 2, 10_000);
  test.same(closed, [CLOSE.unsupported, CLOSE.unsupported]);
  test.equal(server.counters.violations, 2);
  test.equal(server.counters.datagramsIn, 0);
});

t.test(
  'a reader that is behind loses datagrams, and what waits for it is bounded',
  async (test) => {
    const running = await start(test);
    const { server } = running;
    let pipe = -1;
    server.onOpen((number) => (pipe = number));
    const client = await running.connect();
    let seen = 0;
    let last = -1;
    client.onDatagram((bytes) => {
      seen += 1;
      last = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    });
    await until(() => pipe >= 0);
    const bytes = new Uint8Array(PACKET_BYTES_MAX);
    const view = new DataView(bytes.buffer);
    for (let k = 0; k < 5000; k += 1) {
      view.setUint32(0, k);
      server.send(pipe, bytes);
    }
    // What the process has dropped it tells now and then.
    const dropped = (): number =>
      (server.drops['process_dropped'] ?? 0) + server.counters.droppedSlow;
    await until(() => dropped() > 4000, 20_000);
    test.ok(seen < 1000, `${seen} of 5000 came`);
    view.setUint32(0, 77_777);
    await until(() => {
      server.send(pipe, bytes);
      return last === 77_777;
    }, 10_000);
    test.equal(server.pipes, 1);
  },
);

t.test('a client says why it cannot come', async (test) => {
  const running = await start(test, { allowedOrigins: ['https://game.example'], pipesMax: 1 });
  await running.connect();
  await test.rejects(running.connect(), { code: 'E_CLOSED', message: /503 E_SESSIONS_LIMIT/ });
  await test.rejects(openWebRtc('nonsense'), { code: 'E_ADDRESS' });
  await test.rejects(openWebRtc(running.url), { code: 'E_CLOSED' }, 'Node has no connection');
});
