/**
 * The short way of a client's WebSocket frames: what nearly every chunk of a socket is, one or more whole binary frames that are
 * final, masked and small, is unmasked and handed on here. The first byte that is anything else goes to `ws`, with all of its chunk
 * behind it, and so on until a frame ends where a chunk ends: control frames, text, fragments, what is cut, broken or too long. So `ws`
 * keeps the last word on the protocol (RFC 6455 section 5), and its stream, which costs a third of what a datagram costs, is left out.
 *
 * This holds as `ws` reads synchronously: a message of it is handed on before the next chunk comes.
 */
import { PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';

/** Copies of datagrams in one memory: a view for each length is made once, so a datagram costs no object. */
export class Scratch {
  readonly #bytes = new Uint8Array(PACKET_BYTES_MAX);
  /** Filled, or V8 keeps an array with holes in a hash table. */
  readonly #views = new Array<Uint8Array | undefined>(PACKET_BYTES_MAX + 1).fill(undefined);

  /** `length` bytes, at most PACKET_BYTES_MAX, that are the caller's until the next call. */
  take(length: number): Uint8Array {
    const view = this.#views[length] ?? this.#bytes.subarray(0, length);
    this.#views[length] = view;
    return view;
  }
}

export class FrameReader {
  readonly #datagram: (bytes: Uint8Array) => void;
  /** Where `ws` stands in what it was handed: bytes of a frame's head that came, bytes of its payload to come. */
  readonly #head = new Uint8Array(HEAD_BYTES_MAX);
  #headBytes = 0;
  #payloadBytes = 0;
  /** A message has begun and its last fragment has not come. */
  #fragments = false;

  /** `datagram` gets bytes that are valid only during the call. */
  constructor(datagram: (bytes: Uint8Array) => void) {
    this.#datagram = datagram;
  }

  /**
   * Hands on the datagrams at the beginning of `chunk`; the number of bytes that were read. The rest is for `ws`. `open` is asked
   * before each: after a close nothing more is handed on.
   */
  take(chunk: Uint8Array, open: () => boolean): number {
    let at = 0;
    while (this.#betweenMessages && open()) {
      const payload = payloadAt(chunk, at);
      if (payload === 0) break;
      const length = chunk[at + 1] as number;
      const bytes = length === (LENGTH_16 | MASKED) ? u16(chunk, at + 2) : length & 0x7f;
      at = payload + bytes;
      this.#datagram(unmasked(chunk, payload, bytes));
    }
    if (at < chunk.length) this.#follow(chunk, at);
    return at;
  }

  get #betweenMessages(): boolean {
    return this.#headBytes === 0 && this.#payloadBytes === 0 && !this.#fragments;
  }

  /** Walks over what `ws` gets, to know where its frames end. Says nothing about whether they are right. */
  #follow(chunk: Uint8Array, from: number): void {
    for (let at = from; at < chunk.length; ) {
      if (this.#payloadBytes > 0) {
        const some = Math.min(this.#payloadBytes, chunk.length - at);
        this.#payloadBytes -= some;
        at += some;
        continue;
      }
      this.#head[this.#headBytes] = chunk[at] as number;
      this.#headBytes += 1;
      at += 1;
      if (this.#headBytes >= 2 && this.#headBytes === headBytes(this.#head[1] as number))
        this.#frame();
    }
  }

  #frame(): void {
    const head = this.#head;
    const short = (head[1] as number) & 0x7f;
    this.#payloadBytes = short < LENGTH_16 ? short : short === LENGTH_16 ? u16(head, 2) : FOR_EVER;
    const opcode = (head[0] as number) & 0x0f;
    if (opcode < OPCODE_CONTROL) this.#fragments = (head[0] as number) < FINAL;
    this.#headBytes = 0;
  }
}

/** Where the payload begins if a whole simple frame stands at `at`, else 0. */
function payloadAt(chunk: Uint8Array, at: number): number {
  const left = chunk.length - at;
  if (left < HEAD_BYTES || chunk[at] !== FINAL_BINARY) return 0;
  const length = chunk[at + 1] as number;
  if (length > MASKED && length < (MASKED | LENGTH_16))
    return left >= HEAD_BYTES + (length & 0x7f) ? at + HEAD_BYTES : 0;
  if (length !== (MASKED | LENGTH_16) || left < HEAD_BYTES + 2) return 0;
  const bytes = u16(chunk, at + 2);
  const fits = bytes >= LENGTH_16 && bytes <= PACKET_BYTES_MAX && left >= HEAD_BYTES + 2 + bytes;
  return fits ? at + HEAD_BYTES + 2 : 0;
}

function unmasked(chunk: Uint8Array, from: number, length: number): Uint8Array {
  const bytes = SCRATCH.take(length);
  for (let i = 0; i < length; i += 1)
    bytes[i] = (chunk[from + i] as number) ^ (chunk[from - 4 + (i & 3)] as number);
  return bytes;
}

/** Of a frame whose second byte is `second`. */
function headBytes(second: number): number {
  const short = second & 0x7f;
  const extended = short === LENGTH_16 ? 2 : short > LENGTH_16 ? 8 : 0;
  return 2 + extended + (second >= MASKED ? 4 : 0);
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

const FINAL = 0x80;
const FINAL_BINARY = 0x82;
const MASKED = 0x80;
/** The length follows in two bytes; the one above it says in eight. */
const LENGTH_16 = 126;
const OPCODE_CONTROL = 8;
/** Two bytes and a key. */
const HEAD_BYTES = 6;
const HEAD_BYTES_MAX = 14;
/** A frame with 64 bits of length is longer than `ws` takes: it closes the pipe, and what follows is never read. */
const FOR_EVER = Number.MAX_SAFE_INTEGER;
const SCRATCH = new Scratch();
