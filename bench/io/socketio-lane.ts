/**
 * A client of socket.io 4 with its MessagePack parser, over a bare WebSocket: the handshakes of Engine.IO and Socket.IO, then one event with
 * one binary argument per datagram. Written from the two protocols' documents (https://socket.io/docs/v4/engine-io-protocol/ and
 * https://socket.io/docs/v4/socket-io-protocol/); what it does not expect ends it.
 */
import type { Lane } from './lanes.ts';
import { LANE_HEAD, TEXT, WebSocketLane } from './lanes.ts';

export class SocketIoLane implements Lane {
  readonly #web = new WebSocketLane();
  readonly #out = Buffer.alloc(LANE_HEAD + FRAME_BYTES_MAX);
  #datagram: (bytes: Uint8Array) => void = () => {};

  /** Resolves when it is connected to the namespace `/`. */
  static async open(url: URL): Promise<SocketIoLane> {
    const lane = new SocketIoLane();
    const web = lane.#web;
    const connected = new Promise<void>((resolve) => {
      web.onText = (text) => {
        if (text.startsWith(ENGINE.open)) lane.#write(CONNECT);
        else if (text === ENGINE.ping) lane.#write(Buffer.from(ENGINE.pong), TEXT);
        else throw new Error(`socket.io says ${text}`);
      };
      web.onDatagram((bytes) => {
        if (!CONNECTED.equals(bytes.subarray(0, CONNECTED.length)))
          throw new Error(`socket.io says ${Buffer.from(bytes).toString('hex')}`);
        web.onDatagram((event) => lane.#take(event));
        resolve();
      });
    });
    await web.open(new URL(`http://${url.host}/socket.io/?EIO=4&transport=websocket`));
    await connected;
    return lane;
  }

  send(bytes: Uint8Array, length: number): void {
    const out = this.#out;
    let at = LANE_HEAD + EVENT.copy(out, LANE_HEAD);
    out[at] = length;
    at += 1;
    out.set(bytes.subarray(LANE_HEAD, LANE_HEAD + length), at);
    at += length;
    at += NAMESPACE.copy(out, at);
    this.#web.send(out, at - LANE_HEAD);
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#datagram = fn;
  }

  onClose(fn: () => void): void {
    this.#web.onClose(fn);
  }

  close(): void {
    this.#web.close();
  }

  #take(event: Uint8Array): void {
    const from = EVENT.length + 1;
    const length = event[EVENT.length] ?? 0;
    const end = Buffer.from(event.subarray(from + length));
    if (!EVENT.equals(event.subarray(0, EVENT.length)) || !NAMESPACE.equals(end))
      throw new Error(`socket.io says ${Buffer.from(event).toString('hex')}`);
    this.#datagram(event.subarray(from, from + length));
  }

  #write(bytes: Uint8Array, opcode?: number): void {
    this.#out.set(bytes, LANE_HEAD);
    this.#web.send(this.#out, bytes.length, opcode);
  }
}

/** Engine.IO packets that are texts. */
const ENGINE = { open: '0', ping: '2', pong: '3' } as const;
/** MessagePack: `{type: 0, nsp: '/'}`, and the beginning of what is answered, `{type: 0, data: ...`. */
const CONNECT = Buffer.from('\x82\xa4type\x00\xa3nsp\xa1/', 'latin1');
const CONNECTED = Buffer.from('\x83\xa4type\x00\xa4data', 'latin1');
/** `{type: 2, data: ['m', bytes], nsp: '/'}`: what stands before the length of the bytes, in one byte, and what stands behind them. */
const EVENT = Buffer.from('\x83\xa4type\x02\xa4data\x92\xa1m\xc4', 'latin1');
const NAMESPACE = Buffer.from('\xa3nsp\xa1/', 'latin1');
/** Bytes: 255 and what is around them. */
const FRAME_BYTES_MAX = 300;
