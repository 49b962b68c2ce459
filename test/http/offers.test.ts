/** Offers of WebRTC at the public port: bodies that do not come hold few places, for a short time, and none of the page's. */
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Test } from 'tap';
import t from 'tap';
import { PublicHttp } from '../../src/http/public.ts';
import type { BodyLimits } from '../../src/transport/server/rtc/bodies.ts';
import { Signalling } from '../../src/transport/server/rtc/signalling.ts';
import { until } from '../transport/contract.ts';
import { post } from '../transport/rtc-bench.ts';
import { OFFER } from '../transport/rtc-offer.ts';

t.test('offers without their bodies leave the page and other networks alone', async (t) => {
  const { door, signalling, hang, ask, page } = await start(t, {
    readingMax: 10,
    readingPerAddressMax: 4,
  });
  for (let k = 1; k <= 30; k += 1) hang('rtc', `198.51.100.${k}`);
  await until(() => signalling.counters.address === 26);
  t.equal(await page(), 200);
  t.equal(await ask('198.51.100.99'), '429 E_SESSIONS_LIMIT');
  t.equal(await ask('203.0.113.1'), '201');
  for (let k = 1; k <= 30; k += 1) hang('rtc', `192.0.2.${k}`);
  for (let k = 1; k <= 30; k += 1) hang('rtc', `203.0.113.${k}`);
  await until(() => signalling.counters.full > 0);
  t.equal(await ask('2001:db8::1'), '503 E_SESSIONS_LIMIT', 'all networks together');
  t.equal(await page(), 200, 'places for the page are left');
  t.equal(door.counters.refusedRequests, 0);
});

t.test('a body that does not come in time is given up, and its place is free', async (t) => {
  const { signalling, hang, ask, location } = await start(t, {
    readingMax: 1,
    readingPerAddressMax: 1,
    bodyMs: 300,
  });
  const peer = hang('rtc', '198.51.100.1');
  await until(() => peer.heard !== '');
  t.match(peer.heard, /^HTTP\/1.1 408 [\s\S]*\r\n\r\nE_TIMEOUT\n$/);
  t.equal(signalling.counters.slow, 1);
  t.equal(await ask('198.51.100.1'), '201');
  const last = hang(await location(), '198.51.100.1');
  await until(() => last.heard !== '');
  t.match(last.heard, /^HTTP\/1.1 408 /, 'nor may that of a last datagram take longer');
});

t.test('a caller that goes before its body has come leaves no place taken', async (t) => {
  const { hang, ask } = await start(t, { readingMax: 1, readingPerAddressMax: 1 });
  const peer = hang('rtc', '198.51.100.1');
  await until(answered(ask, '429', '503'));
  peer.socket.destroy();
  await until(answered(ask, '201'));
});

t.test('the same for the bodies of last datagrams', async (t) => {
  const { door, signalling, location, hang, page } = await start(t, {
    readingMax: 10,
    readingPerAddressMax: 4,
  });
  const path = await location();
  for (let k = 1; k <= 60; k += 1) hang(path, `198.51.100.${k}`);
  await until(() => signalling.counters.address === 56);
  t.equal(await page(), 200);
  t.equal(door.counters.refusedRequests, 0);
});

t.test('an offer beyond the requests at once is 503 like all others, and counted', async (t) => {
  const { door, ask, hold } = await start(t);
  hold(40);
  await until(() => door.counters.requests === 40);
  t.equal(await ask('203.0.113.1'), '503 too many requests at once');
  t.equal(door.counters.refusedRequests, 1);
  const health = await fetch(`${door.url}/healthz`, { method: 'POST' });
  t.equal(health.status, 503, 'only who asks for it hears of health');
  t.equal((await fetch(`${door.url}/healthz`)).status, 200);
});

interface Peer {
  readonly socket: Socket;
  heard: string;
}

/** Asks again and again; true when the answer is one of these. */
function answered(ask: (address: string) => Promise<string>, ...wanted: string[]): () => boolean {
  let last = '';
  let busy = false;
  return () => {
    if (wanted.some((status) => last.startsWith(status))) return true;
    if (busy) return false;
    busy = true;
    void ask('198.51.100.2').then((answer) => {
      last = answer;
      busy = false;
    });
    return false;
  };
}

/** A public port of 40 requests at once, behind a proxy, whose signalling gives an answer to every offer. */
async function start(t: Test, limits: Partial<BodyLimits> = {}) {
  const signalling = new Signalling(
    {
      allowedOrigins: [],
      hops: 1,
      admit: () => true,
      offersPerSecond: 10_000,
      offersPerAddressPerSecond: 10_000,
      bodies: { readingMax: 8, readingPerAddressMax: 8, bodyMs: 60_000, ...limits },
      publicAddress: '',
      iceServers: [],
    },
    {
      refusal: () => null,
      open: () => ({
        answer: Promise.resolve('v=0\r\n'),
        ended: new Promise(() => undefined),
        cancel: () => undefined,
        end: () => undefined,
      }),
    },
  );
  const http = new PublicHttp({
    requestsMax: 40,
    requestsPerAddressMax: 40,
    routes: { '/': (_request, response) => response.end('page'), '/wait': () => undefined },
    offer: (request, response) => signalling.handle(request, response),
  });
  const port = await http.listen(0, '127.0.0.1');
  const sockets: Socket[] = [];
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await http.stop(0);
  });
  const speak = (text: string): Peer => {
    const socket = connect(port, '127.0.0.1');
    const peer: Peer = { socket, heard: '' };
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (data: string) => {
      peer.heard += data;
    });
    socket.write(text);
    return peer;
  };
  const url = `http://127.0.0.1:${port}`;
  const from = (address: string) => ({ 'x-forwarded-for': address });
  return {
    door: { counters: http.counters, url },
    signalling,
    /** A POST whose body never comes. */
    hang: (path: string, address: string) =>
      speak(
        `POST /${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\n` +
          'Content-Type: application/sdp\r\nContent-Length: 500\r\n\r\n',
      ),
    /** Requests that get no answer. */
    hold: (count: number) => {
      for (let k = 0; k < count; k += 1) speak('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n');
    },
    ask: async (address: string) => {
      const { status, body } = await post(port, OFFER, from(address));
      return `${status} ${status === 201 ? '' : body}`.trim();
    },
    location: async () =>
      String((await post(port, OFFER, from('203.0.113.7'))).headers['location']),
    page: async () => (await fetch(`${url}/`)).status,
  };
}
