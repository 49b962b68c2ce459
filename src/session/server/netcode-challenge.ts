/**
 * Challenge tokens: what a client must send back to show that it gets what is sent to its address. Sealed with a key that
 * nobody else has and that lives as long as this process; the server keeps nothing of them.
 *
 * Content (284 bytes, then 16 of tag), which only this server reads: client id u64, the MAC of the connect token (16), zeros.
 * Why the MAC: a challenge that was sent to one address shall not answer for another one.
 */
import type { NetcodePackets } from '../netcode.ts';
import { TOKEN_AT } from '../netcode.ts';

const PLAIN_BYTES = 284;
const SEALED_BYTES = 300;

export class Challenges {
  /** Number of the next one, u64 in two halves. It is also the sequence of the packet that carries it, see `next`. */
  readonly #number = { low: 0, high: 0 };
  readonly #asked = { low: 0, high: 0 };
  readonly #packets: NetcodePackets;
  readonly #key: number;

  /**
   * `start`, 8 random bytes: packets to those who are not connected yet are counted from there on, with the highest bit set
   * and the next one clear. They share a key with the packets of the session, which count from 0; and a server that is started
   * again, or another one that the token names, must not use a number twice with the key of a token.
   */
  constructor(packets: NetcodePackets, key: number, start: Uint8Array) {
    this.#packets = packets;
    this.#key = key;
    const view = new DataView(start.buffer, start.byteOffset, 8);
    this.#number.low = view.getUint32(0, true);
    this.#number.high = ((view.getUint32(4, true) & 0x3fff_ffff) | 0x8000_0000) >>> 0;
  }

  get low(): number {
    return this.#number.low;
  }

  get high(): number {
    return this.#number.high;
  }

  /** Counts on: each number is for one packet. */
  next(): void {
    this.#number.low = (this.#number.low + 1) >>> 0;
    if (this.#number.low === 0) this.#number.high += 1;
  }

  /** Seals a token with the present number, for `write`. */
  make(clientId: bigint, mac: string): void {
    const { memory, view } = this.#packets;
    memory.fill(0, TOKEN_AT, TOKEN_AT + PLAIN_BYTES);
    view.setBigUint64(TOKEN_AT, clientId, true);
    for (let k = 0; k < mac.length; k += 1) memory[TOKEN_AT + 8 + k] = mac.charCodeAt(k);
    this.#packets.sealToken(this.#key, this.#number, PLAIN_BYTES);
  }

  /** Writes the body of a challenge packet (308 bytes) into memory at `at`. */
  write(at: number): void {
    const { memory, view } = this.#packets;
    view.setUint32(at, this.#number.low, true);
    view.setUint32(at + 4, this.#number.high, true);
    memory.copyWithin(at + 8, TOKEN_AT, TOKEN_AT + SEALED_BYTES);
  }

  /** Whether the body of a response answers a challenge that was made for this link. */
  answers(
    body: Uint8Array,
    link: { readonly mac: string; readonly challengeLow: number; readonly challengeHigh: number },
  ): boolean {
    const head = new DataView(body.buffer, body.byteOffset, 8);
    this.#asked.low = head.getUint32(0, true);
    this.#asked.high = head.getUint32(4, true);
    const { memory } = this.#packets;
    memory.set(body.subarray(8, 8 + SEALED_BYTES), TOKEN_AT);
    if (!this.#packets.openToken(this.#key, this.#asked, PLAIN_BYTES)) return false;
    const { low, high } = this.#asked;
    if (high < link.challengeHigh || (high === link.challengeHigh && low < link.challengeLow))
      return false;
    for (let k = 0; k < link.mac.length; k += 1)
      if (memory[TOKEN_AT + 8 + k] !== link.mac.charCodeAt(k)) return false;
    return true;
  }
}
