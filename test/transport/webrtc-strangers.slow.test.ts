/**
 * What the UDP port of WebRTC sends to addresses that have not proven themselves: nothing, whatever they send and whoever names
 * them in an offer. Who has made an offer, and so holds its key, may have a little sent elsewhere: it is bounded here.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import t, { type Test } from 'tap';
import { sleep, until } from './contract.ts';
import { post, startRtc } from './rtc-bench.ts';
import { OFFER } from './rtc-offer.ts';

/** Bytes to one address: the answer to its check, and four checks of the server's own, with none of which it is connected. */
const BYTES_MAX = 500;
/** Addresses that one offer may make the server try. */
const ADDRESSES_MAX = 14;
/** ms in which the server's own checks are over; an offer lives for 10 s. */
const CHECKS_MS = 5000;

/** An address at which somebody counts what comes. */
class Ear {
  bytes = 0;
  readonly socket: Socket = createSocket('udp4');

  static async open(test: Test): Promise<Ear> {
    const ear = new Ear();
    ear.socket.on('message', (message) => (ear.bytes += message.length));
    await new Promise<void>((resolve) => ear.socket.bind(0, '127.0.0.1', resolve));
    test.teardown(() => ear.socket.close());
    return ear;
  }

  say(bytes: Uint8Array, port: number): void {
    this.socket.send(bytes, port, '127.0.0.1');
  }
}

t.test('strangers hear nothing from the port of WebRTC', async (test) => {
  const running = await startRtc();
  test.teardown(() => running.stop());
  const { port } = running.server;
  const [named, stranger] = [await Ear.open(test), await Ear.open(test)];
  const candidate = `a=candidate:1 1 udp 2122260223 127.0.0.1 ${named.socket.address().port} typ host`;
  const offer = `${OFFER}${candidate}\r\na=end-of-candidates\r\n`;
  const { status, body } = await post(running.port, offer);
  test.equal(status, 201);
  const { user, key } = iceOf(body);
  for (let k = 0; k < 20; k += 1) stranger.say(randomBytes(100), port);
  stranger.say(check('nobody:8Hph', key), port);
  stranger.say(check(user, 'x'.repeat(22)), port);
  await sleep(2000);
  test.equal(named.bytes, 0, 'an address that an offer names');
  test.equal(stranger.bytes, 0, 'one that sends noise, or checks without the key');
});

t.test('who holds the key of an offer gets little sent to others', async (test) => {
  const running = await startRtc();
  test.teardown(() => running.stop());
  const { port } = running.server;
  const { user, key } = iceOf((await post(running.port, OFFER)).body);
  const ears = await Promise.all(Array.from({ length: 30 }, () => Ear.open(test)));
  for (const ear of ears) {
    ear.say(check(user, key), port);
    await sleep(20);
  }
  // The test would prove nothing if no check was taken.
  await until(() => ears.some(({ bytes }) => bytes > 0));
  await sleep(CHECKS_MS);
  const heard = ears.filter(({ bytes }) => bytes > 0);
  test.comment(ears.map(({ bytes }) => bytes).join());
  test.ok(heard.length <= ADDRESSES_MAX, `${heard.length} addresses`);
  for (const { bytes } of heard) test.ok(bytes <= BYTES_MAX, `${bytes} bytes`);
  const before = ears[0]?.bytes ?? 0;
  let sent = 0;
  for (let k = 0; k < 30; k += 1) {
    const again = check(user, key);
    sent += again.length;
    ears[0]?.say(again, port);
    await sleep(5);
  }
  await sleep(1000);
  const answers = (ears[0]?.bytes ?? 0) - before;
  test.ok(answers <= sent, `${answers} bytes of answers to ${sent} of repeats`);
});

/** What an answer lets its owner prove: the user name of checks, and their key. */
function iceOf(answer: string): { user: string; key: string } {
  const own = /^a=ice-ufrag:(\S+)/m.exec(answer)?.[1] ?? '';
  const key = /^a=ice-pwd:(\S+)/m.exec(answer)?.[1] ?? '';
  const theirs = /^a=ice-ufrag:(\S+)/m.exec(OFFER)?.[1] ?? '';
  return { user: `${own}:${theirs}`, key };
}

/** A connectivity check: a STUN binding request (RFC 8489) with the attributes of ICE (RFC 8445). */
function check(user: string, key: string): Buffer {
  const priority = Buffer.alloc(4);
  priority.writeUInt32BE(1_845_501_695);
  const body = Buffer.concat([
    attribute(0x0006, Buffer.from(user)),
    attribute(0x0024, priority),
    attribute(0x802a, randomBytes(8)),
    attribute(0x0025, Buffer.alloc(0)),
  ]);
  const head = Buffer.alloc(20);
  head.writeUInt16BE(1, 0);
  head.writeUInt16BE(body.length + 24, 2);
  head.writeUInt32BE(0x2112a442, 4);
  randomBytes(12).copy(head, 8);
  const integrity = createHmac('sha1', key)
    .update(Buffer.concat([head, body]))
    .digest();
  return Buffer.concat([head, body, attribute(0x0008, integrity)]);
}

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)]);
}
