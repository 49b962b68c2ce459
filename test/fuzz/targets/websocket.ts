/**
 * WebSocket frames into the real transport and from there into a session table: the bytes are what a client's socket
 * delivers after its upgrade, cut into reads anywhere. The socket is a stream in memory; all else is as in the server.
 */
import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import { SessionTable, sessionOutput } from '../../../src/session/server/table.ts';
import { WebSocketTransport } from '../../../src/transport/server/websocket.ts';
import { CLOSE } from '../../../src/transport/types.ts';
import { hello, join as joinDatagram, packet, SCHEMA } from '../../session/bench.ts';
import type { Target } from '../engine.ts';
import { claim, join, Program } from './bytes.ts';

/** A masked frame of a client: its first byte, then the payload under a mask of zeros, which leaves it as it is. */
function frame(first: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const head = length < 126 ? [0x80 | length] : [0xfe, length >> 8, length & 255];
  return join([first], head, [0, 0, 0, 0], payload);
}

export const target: Target = {
  name: 'websocket',
  bytesMax: 1400,
  seeds: [
    join([0], frame(0x82, hello()), frame(0x82, joinDatagram()), frame(0x82, packet())),
    join([5], frame(0x82, hello()), frame(0x89, Uint8Array.of(1, 2)), frame(0x8a, packet(5))),
    join([1], frame(0x02, hello().subarray(0, 5)), frame(0x80, hello().subarray(5))),
    join([0], frame(0x81, Uint8Array.of(104, 105))),
    join([0], frame(0x88, Uint8Array.of(3, 232))),
    join([0], frame(0x82, packet(PACKET_BYTES_MAX)), frame(0x82, packet(10))),
    join([0], frame(0x82, packet(PACKET_BYTES_MAX + 1))),
    join([0], [0x82, 0xff, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0], packet(100)),
  ],
  words: [
    frame(0x82, Uint8Array.of(1)),
    frame(0x00, Uint8Array.of(9)),
    frame(0x80, Uint8Array.of(9)),
    Uint8Array.of(0x89, 0x80, 0, 0, 0, 0),
    Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 3, 232),
    Uint8Array.of(0x82, 0xfe, 4, 0x60),
    Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 0xff),
    Uint8Array.of(0xc2, 0x80),
  ],
  run,
};

/** What a socket of node:net is to `ws`: bytes in by `push`, bytes out counted. */
class Line extends Duplex {
  written = 0;
  remoteAddress = '10.0.0.1';

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.written += chunk.length;
    done();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }
}

const program = new Program();
const out = sessionOutput();
const transport = new WebSocketTransport({ closeMs: 1 });
const REQUEST = {
  method: 'GET',
  headers: {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
  },
  socket: { remoteAddress: '10.0.0.1' },
} as unknown as IncomingMessage;

/** One for all inputs, each an hour after the one before: every rate and every address is forgotten by then. */
const table = new SessionTable({
  schemaHash: SCHEMA,
  guests: true,
  sessionsMax: 2,
  unixMs: () => 0,
  random: (into) => into.fill(1),
});
let nowUs = 0;

interface Current {
  pipe: number;
  opened: number;
  closed: number;
  datagrams: number;
}

let current: Current;
transport.onOpen((pipe, address) => {
  current.pipe = pipe;
  current.opened += 1;
  table.open(pipe, address, nowUs);
});
transport.onDatagram((pipe, bytes) => {
  claim(pipe === current.pipe && current.closed === 0, 'a datagram of a pipe that is closed');
  claim(bytes.length <= PACKET_BYTES_MAX, 'a datagram over the limit');
  current.datagrams += 1;
  table.handle(pipe, bytes, nowUs);
  while (table.poll(out)) {
    if (out.kind === 'send') transport.send(out.pipe, out.bytes);
    else if (out.kind === 'close') transport.close(out.pipe, out.code, out.text);
  }
});
transport.onClose((pipe, code) => {
  claim(pipe === current.pipe && code >= 0, 'another pipe closed');
  current.closed += 1;
  table.closed(pipe, nowUs);
});

/** First byte: how long each read is. */
async function run(input: Uint8Array): Promise<void> {
  nowUs += 3_600_000_000;
  table.tick(nowUs);
  current = { pipe: -1, opened: 0, closed: 0, datagrams: 0 };
  const line = new Line();
  program.reset(input);
  const step = program.byte();
  const refusal = transport.handleUpgrade(REQUEST, line, Buffer.alloc(0));
  claim(refusal === null && current.opened === 1, 'the upgrade was refused');
  const bytes = input.subarray(1);
  const size = step === 0 ? bytes.length : step;
  for (let at = 0; at < bytes.length && !line.destroyed; at += size) {
    // `ws` listens to 'data': emitted here at once, as node:net does per read.
    line.emit('data', Buffer.from(bytes.subarray(at, at + size)));
  }
  // What goes out is bounded: the upgrade's answer, and less than what came in allows.
  claim(line.written < 4096 + 24 * bytes.length, `${line.written} bytes went out`);
  transport.close(current.pipe, CLOSE.normal);
  line.destroy();
  // `ws` says that it is closed when its reader has finished, some turns later.
  for (let turns = 0; turns < 20 && current.closed === 0; turns += 1)
    await new Promise((resolve) => setImmediate(resolve));
  claim(transport.pipes === 0 && current.closed === 1, 'the pipe is still there');
  const { facts } = table;
  claim(facts.pipes === 0 && facts.joined === 0, 'its session is still there');
}
