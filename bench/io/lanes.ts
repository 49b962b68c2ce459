/** What carries datagrams of the load generator: one object per client, made to cost little, not to be polite. */
import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export interface Lane {
  /** Sends `length` bytes that stand in `bytes` from `LANE_HEAD` on; what stands before is the lane's to write. */
  send(bytes: Uint8Array, length: number): void;
  /** `bytes` are valid only during the call. */
  onDatagram(fn: (bytes: Uint8Array) => void): void;
  /** Called when the other end has closed. */
  onClose(fn: () => void): void;
  close(): void;
}

/** Bytes before a datagram that a lane may need: a masked WebSocket frame of up to 64 KiB has 8. */
export const LANE_HEAD = 8;

/** A WebSocket over a bare TCP socket. The server's frames have to be whole, final and binary, which both servers' are. */
export async function openWebSocketLane(url: URL): Promise<Lane> {
  const lane = new WebSocketLane();
  await lane.open(url);
  return lane;
}

export class WebSocketLane implements Lane {
  /** Gets text frames; without it the socket is closed by one. */
  onText: ((text: string) => void) | null = null;
  #socket: Socket | undefined;
  #opened: (() => void) | undefined;
  /** What a server says at once, before anybody listens. */
  readonly #early: Uint8Array[] = [];
  #datagram: (bytes: Uint8Array) => void = (bytes) => void this.#early.push(bytes.slice());
  #closed: () => void = () => {};
  /** Bytes of a frame that has not come wholly. */
  #rest: Buffer = NOTHING;

  open(url: URL): Promise<void> {
    return new Promise((resolve, reject) => {
      const key = randomBytes(16).toString('base64');
      const socket = connect({
        host: url.hostname,
        port: Number(url.port),
        // One buffer for all: it is read out before the next socket is.
        onread: {
          buffer: READ_BUFFER,
          callback: (bytes) => {
            this.#take(READ_BUFFER.subarray(0, bytes));
            return true;
          },
        },
      });
      this.#socket = socket.setNoDelay(true);
      this.#opened = resolve;
      socket.once('error', reject);
      socket.once('close', () => {
        reject(new Error(`Cannot open ${url.href}: the server closed`));
        this.#closed();
      });
      socket.write(
        `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      );
      this.#accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
    });
  }
  #accept = '';

  send(bytes: Uint8Array, length: number, opcode = BINARY): void {
    const small = length < 126;
    const head = LANE_HEAD - (small ? 6 : 8);
    bytes[head] = opcode;
    bytes[head + 1] = 0x80 | (small ? length : 126);
    if (!small) {
      bytes[head + 2] = length >>> 8;
      bytes[head + 3] = length & 0xff;
    }
    for (let i = 0; i < 4; i += 1) bytes[LANE_HEAD - 4 + i] = MASK[i] as number;
    const frame = Buffer.allocUnsafe(LANE_HEAD - head + length);
    for (let i = head; i < LANE_HEAD; i += 1) frame[i - head] = bytes[i] as number;
    for (let i = 0; i < length; i += 1)
      frame[LANE_HEAD - head + i] = (bytes[LANE_HEAD + i] as number) ^ (MASK[i & 3] as number);
    this.#socket?.write(frame);
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#datagram = fn;
    for (const bytes of this.#early.splice(0)) fn(bytes);
  }

  onClose(fn: () => void): void {
    this.#closed = fn;
  }

  close(): void {
    this.#closed = () => {};
    this.#socket?.destroy();
  }

  #take(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.#opened !== undefined) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end >= 0) {
        const head = bytes.toString('latin1', 0, end);
        if (!head.includes(` 101 `) || !head.includes(this.#accept)) {
          this.#socket?.destroy(new Error(`no WebSocket: ${head.split('\r\n')[0]}`));
          return;
        }
        this.#opened();
        this.#opened = undefined;
        bytes = bytes.subarray(end + 4);
      }
    }
    let at = 0;
    while (this.#opened === undefined && bytes.length - at >= 2) {
      const short = (bytes[at + 1] as number) & 0x7f;
      const isText = bytes[at] === TEXT && this.onText !== null;
      if ((bytes[at] !== BINARY && !isText) || short === 127) {
        // A close frame, or what no server of ours sends.
        this.#socket?.destroy();
        return;
      }
      const head = short < 126 ? 2 : 4;
      if (bytes.length - at < head) break;
      const length = head === 2 ? short : bytes.readUInt16BE(at + 2);
      if (bytes.length - at < head + length) break;
      const payload = bytes.subarray(at + head, at + head + length);
      if (isText) this.onText?.(payload.toString());
      else this.#datagram(payload);
      at += head + length;
    }
    this.#rest = at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at));
  }
}

/** First byte of a frame that is final. */
export const BINARY = 0x82;
export const TEXT = 0x81;
const READ_BUFFER = Buffer.allocUnsafe(1 << 16);
const NOTHING = Buffer.alloc(0);
/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** A server has to unmask whatever the key. */
const MASK = randomBytes(4);
