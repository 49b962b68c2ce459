/**
 * The short way of frames beside `ws` alone: the same bytes, cut the same way, give the same messages, in order, and what is broken
 * breaks. Every case prints its seed; `FRAY_TEST_SEED=n` plays one.
 */
import { EventEmitter, once } from 'node:events';
import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { PACKET_BYTES_MAX } from '../../protocol/gen/tables.ts';
import { FrameReader } from '../../src/transport/server/frame-reader.ts';

const CASES = 200;
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
/** A close, noise, an empty fragment of nothing. */
const BROKEN = [
  Buffer.from([0x88, 0x82, 0, 0, 0, 0, 3, 232]),
  Buffer.from([0xff, 0xff, 1, 2]),
  Buffer.from([0, 0x80, 0, 0, 0, 0]),
];
const HEADERS = {
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
};

class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) | 1;
  }

  below(count: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % count;
  }
}

/** What came of a stream: messages as hex with their kind, pings, and at last the error, if any. */
interface Heard {
  readonly log: string[];
  /** Datagrams of `log` that took the short way. */
  short: number;
}

t.test(
  'whatever the frames and cuts, the same messages as ws alone, in the same order',
  async (t) => {
    let short = 0;
    let long = 0;
    const one = Number(process.env['FRAY_TEST_SEED'] ?? 0);
    for (let seed = one || 1; seed <= (one || CASES); seed += 1) {
      const chunks = cut(frames(new Chance(seed)), new Chance(seed + 77));
      const alone = await read(chunks, false);
      const both = await read(chunks, true);
      if (both.log.join() !== alone.log.join()) {
        t.same(both.log, alone.log, `FRAY_TEST_SEED=${seed}`);
        return;
      }
      short += both.short;
      long += both.log.length - both.short;
    }
    t.ok(short > CASES, `${short} went the short way`);
    t.ok(long > CASES, `${long} the long one`);
  },
);

t.test('whole binary frames of every length up to the limit take the short way', async (t) => {
  const lengths = [1, 2, 125, 126, 127, 255, 256, PACKET_BYTES_MAX];
  const chunks = lengths.map((length) => frame(0x82, Buffer.alloc(length, length)));
  const heard = await read(chunks, true);
  t.equal(heard.short, lengths.length);
  t.same(
    heard.log,
    lengths.map((length) => `binary ${Buffer.alloc(length, length).toString('hex')}`),
  );
});

t.test(
  'what is not simple goes to ws: empty, too long, unmasked, text, reserved bits',
  async (t) => {
    const cases = [
      { bytes: frame(0x82, Buffer.alloc(0)), log: ['binary '] },
      {
        bytes: frame(0x82, Buffer.alloc(PACKET_BYTES_MAX + 1)),
        log: ['error WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
      },
      { bytes: Buffer.from([0x82, 1, 7]), log: ['error WS_ERR_EXPECTED_MASK'] },
      { bytes: frame(0x81, Buffer.from('a')), log: ['text 61'] },
      { bytes: frame(0xc2, Buffer.from('a')), log: ['error WS_ERR_UNEXPECTED_RSV_1'] },
      { bytes: frame(0x80, Buffer.from('a')), log: ['error WS_ERR_INVALID_OPCODE'] },
    ];
    for (const { bytes, log } of cases) {
      const heard = await read([bytes], true);
      t.same(heard, { log, short: 0 });
    }
  },
);

t.test('after a close nothing more is handed on', (t) => {
  let heard = 0;
  const reader = new FrameReader(() => {
    heard += 1;
  });
  const chunk = Buffer.concat([frame(0x82, Buffer.from('a')), frame(0x82, Buffer.from('b'))]);
  const read = reader.take(chunk, () => heard < 1);
  t.equal(heard, 1);
  t.equal(read, chunk.length / 2, 'the rest is left to ws');
  t.end();
});

/** Feeds chunks to a WebSocket of `ws`, with the short way before it or not. */
async function read(chunks: readonly Buffer[], withShort: boolean): Promise<Heard> {
  const heard: Heard = { log: [], short: 0 };
  const socket = new PassThrough();
  const wss = new WebSocketServer({
    noServer: true,
    maxPayload: PACKET_BYTES_MAX,
    autoPong: false,
  } as object);
  const upgrade = Object.assign(new EventEmitter(), { method: 'GET', url: '/', headers: HEADERS });
  let ws: WebSocket | undefined;
  wss.handleUpgrade(upgrade as never, mute(socket), Buffer.alloc(0), (made) => {
    ws = made;
  });
  const [listener] = socket.listeners('data') as ((chunk: Buffer) => void)[];
  if (ws === undefined || listener === undefined) throw new Error('ws reads in another way');
  const { log } = heard;
  ws.on('message', (data: Buffer, binary: boolean) =>
    log.push(`${binary ? 'binary' : 'text'} ${data.toString('hex')}`),
  );
  ws.on('ping', (data: Buffer) => log.push(`ping ${data.toString('hex')}`));
  ws.on('error', (error: Error & { code?: string }) => log.push(`error ${error.code}`));
  const reader = new FrameReader((bytes) => {
    heard.short += 1;
    log.push(`binary ${Buffer.from(bytes).toString('hex')}`);
  });
  socket.off('data', listener);
  const open = (): boolean => ws?.readyState === WebSocket.OPEN;
  for (const whole of chunks) {
    // Copied: ws unmasks where the bytes stand.
    const chunk = Buffer.from(whole);
    const taken = withShort ? reader.take(chunk, open) : 0;
    if (taken < chunk.length) listener.call(socket, chunk.subarray(taken));
    // A socket's chunks come one by one; an error of ws is told before the next.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (!socket.closed) {
    ws.terminate();
    await once(socket, 'close');
  }
  return heard;
}

/** A socket whose written bytes go nowhere. */
function mute(socket: PassThrough): Duplex {
  socket.write = () => true;
  return socket;
}

function frames(chance: Chance): Buffer[] {
  const all: Buffer[] = [];
  let fragments = false;
  for (let left = 4 + chance.below(16); left > 0; left -= 1) {
    const kind = 20 - chance.below(21 + chance.below(10));
    const length = chance.below(4) === 0 ? chance.below(PACKET_BYTES_MAX) : 1 + chance.below(40);
    const payload = Buffer.from(Array.from({ length }, () => chance.below(256)));
    if (kind < 9 && (!fragments || chance.below(6) === 0)) all.push(frame(0x82, payload));
    else if (kind < 12) all.push(frame(0x89, payload.subarray(0, 100)));
    else if (kind < 17) {
      const last: boolean = fragments && chance.below(2) === 0;
      all.push(frame((last ? 0x80 : 0) | (fragments ? 0 : 2), payload.subarray(0, 60)));
      fragments = !last;
    } else if (kind === 17) all.push(frame(0x82, Buffer.alloc(0)));
    else if (kind === 18) all.push(frame(0x82, payload.subarray(0, 50), true));
    else if (kind === 20) all.push(BROKEN[chance.below(20)] ?? Buffer.from([0x82]));
  }
  return all;
}

/** As they are, in a few pieces, or in many. */
function cut(frames: readonly Buffer[], chance: Chance): readonly Buffer[] {
  if (chance.below(2) === 0) return frames;
  const bytes = Buffer.concat(frames);
  const chunks: Buffer[] = [];
  const small = chance.below(3) === 0;
  for (let at = 0; at < bytes.length; ) {
    const length = small ? 1 + chance.below(9) : 1 + chance.below(bytes.length);
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

/** A masked frame; `wide`: its length takes two bytes where one would do. */
function frame(first: number, payload: Buffer, wide = false): Buffer {
  const { length } = payload;
  const head = length < 126 && !wide ? [length | 0x80] : [0xfe, length >>> 8, length & 0xff];
  const body = payload.map((byte, i) => byte ^ (MASK[i & 3] ?? 0));
  return Buffer.concat([Buffer.from([first, ...head]), MASK, body]);
}
