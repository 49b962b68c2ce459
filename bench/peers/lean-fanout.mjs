/**
 * `fray bench framing` (P8): RFC 6455 on node:net and nothing between: a reader that unmasks whole frames where they lie, a writer that puts head and
 * payload into one buffer per tick and hands the same bytes to every socket. Moves bytes as ws-fanout.mjs does.
 * `node bench/peers/lean-fanout.mjs BYTES [handle]`; with `handle` it writes past the stream of the socket, to see what that costs. Prints its port.
 *
 * A spike, not a transport. Done of the standard: masks are asked for, fragments and control frames are told apart, a ping is answered, a close answered with its code,
 * lengths over the limit and reserved bits refused.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const TICK_MS = 1000 / 30;
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const PAYLOAD_MAX = 1120;
const OPCODE = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

export class LeanSocket {
  /** @type {(bytes: Buffer, start: number, end: number) => void} */
  onMessage = () => {};
  onGone = () => {};
  #socket;
  #rest = null;
  #closed = false;

  constructor(socket, head) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', () => this.#end());
    socket.on('close', () => this.#end());
    if (head.length > 0) this.#read(head);
  }

  /** A whole frame, made by `frameOf`. */
  write(frame) {
    if (!this.#closed) this.#socket.write(frame);
  }

  /** The same past the stream: libuv copies nothing and calls back when it is out. */
  writeHandle(frame, WriteWrap) {
    if (this.#closed || this.#socket._handle === null) return;
    const request = new WriteWrap();
    request.handle = this.#socket._handle;
    request.oncomplete = () => {};
    request.async = false;
    request.buffer = frame;
    if (this.#socket._handle.writeBuffer(request, frame) !== 0) this.#socket.destroy();
  }

  #read(chunk) {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    let at = 0;
    while (at + 2 <= bytes.length && !this.#closed) {
      const first = bytes[at];
      const second = bytes[at + 1];
      let length = second & 127;
      let body = at + 2;
      if (length === 126) {
        if (body + 2 > bytes.length) break;
        length = bytes.readUInt16BE(body);
        body += 2;
      } else if (length === 127) return this.#fail(1009);
      if ((first & 0x70) !== 0 || (second & 128) === 0) return this.#fail(1002);
      if (length > PAYLOAD_MAX) return this.#fail(1009);
      const opcode = first & 15;
      const isLast = (first & 128) !== 0;
      if (opcode >= OPCODE.close && (!isLast || length > 125)) return this.#fail(1002);
      if (body + 4 + length > bytes.length) break;
      const start = body + 4;
      unmask(bytes, body, start, length);
      at = start + length;
      if (opcode === OPCODE.binary && isLast) this.onMessage(bytes, start, at);
      else if (opcode === OPCODE.ping) this.write(frameOf(bytes.subarray(start, at), OPCODE.pong));
      else if (opcode === OPCODE.close) return this.#fail(closeCode(bytes, start, length));
      // Datagrams travel in one binary frame each: neither text nor fragments are taken.
      else if (opcode !== OPCODE.pong) return this.#fail(opcode <= OPCODE.binary ? 1003 : 1002);
    }
    if (at < bytes.length && !this.#closed) this.#rest = at === 0 ? bytes : bytes.subarray(at);
  }

  #fail(code) {
    if (this.#closed) return;
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#socket.end(frameOf(payload, OPCODE.close));
    this.#end();
  }

  #end() {
    if (this.#closed) return;
    this.#closed = true;
    this.onGone();
  }
}

/** Four bytes at a time: masks begin anew with each frame. */
function unmask(bytes, mask, start, length) {
  const [a, b, c, d] = [bytes[mask], bytes[mask + 1], bytes[mask + 2], bytes[mask + 3]];
  let at = start;
  for (const end = start + (length & ~3); at < end; at += 4) {
    bytes[at] ^= a;
    bytes[at + 1] ^= b;
    bytes[at + 2] ^= c;
    bytes[at + 3] ^= d;
  }
  for (let index = 0; at < start + length; at += 1, index += 1) bytes[at] ^= bytes[mask + index];
}

function closeCode(bytes, start, length) {
  if (length === 0) return 1000;
  if (length === 1) return 1002;
  const code = bytes.readUInt16BE(start);
  const isKnown =
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999);
  if (!isKnown) return 1002;
  const text = bytes.subarray(start + 2, start + length);
  return Buffer.compare(Buffer.from(text.toString('utf8')), text) === 0 ? code : 1007;
}

export function frameOf(payload, opcode = OPCODE.binary) {
  const long = payload.length > 125;
  const frame = Buffer.alloc((long ? 4 : 2) + payload.length);
  frame[0] = 128 | opcode;
  frame[1] = long ? 126 : payload.length;
  if (long) frame.writeUInt16BE(payload.length, 2);
  frame.set(payload, long ? 4 : 2);
  return frame;
}

export function listen(onSocket) {
  const server = createServer((_, response) => response.writeHead(426).end());
  server.on('upgrade', (request, socket, head) => {
    const key = request.headers['sec-websocket-key'] ?? '';
    const accept = createHash('sha1')
      .update(key + GUID)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    onSocket(new LeanSocket(socket, head));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function fanOut(bytes, byHandle) {
  const payload = Buffer.alloc(bytes, 0x5a);
  const sockets = new Set();
  let taken = 0;
  const server = await listen((socket) => {
    sockets.add(socket);
    socket.onMessage = (_, start, end) => {
      taken += end - start;
    };
    socket.onGone = () => sockets.delete(socket);
  });
  const WriteWrap = byHandle ? process.binding('stream_wrap').WriteWrap : null;
  console.log(`port ${server.address().port}`);
  let dueMs = performance.now();
  const tick = () => {
    // As in a server whose clients get different bytes: a frame is made for each.
    for (const socket of sockets) {
      const frame = frameOf(payload);
      if (byHandle) socket.writeHandle(frame, WriteWrap);
      else socket.write(frame);
    }
    dueMs = Math.max(dueMs + TICK_MS, performance.now() - TICK_MS);
    setTimeout(tick, Math.max(0, dueMs - performance.now()));
  };
  tick();
  process.on('SIGTERM', () => process.exit(taken < 0 ? 1 : 0));
}

if (process.argv[1]?.endsWith('lean-fanout.mjs'))
  await fanOut(Number(process.argv[2]), process.argv[3] === 'handle');
