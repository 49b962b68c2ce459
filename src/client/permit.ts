/**
 * What lets a client in again: the newest connect token, and how often it has been shown. The server hands out tokens
 * over the reliable channel and renews them; on a pipe inside TLS each showing needs a number above the last one, and UDP
 * takes each token once.
 */
import { TOKEN_BYTES, tokenBytes } from '../session/token-layout.ts';

export class Permit {
  /** Called after each change: where it is kept beyond this page. */
  changed: () => void = () => undefined;
  #bytes: Uint8Array | null;
  #text: string | null = null;
  #attach: number;
  #fresh: boolean;

  /** `token`: the caller's, if any; `attach`: the last number it was shown with. Throws `E_TOKEN_INVALID`. */
  constructor(token?: string | Uint8Array, attach = 0) {
    this.#bytes = token === undefined ? null : tokenBytes(token);
    this.#fresh = this.#bytes !== null;
    this.#attach = attach;
  }

  get token(): Uint8Array | null {
    return this.#bytes;
  }

  /** base64url; null: there is none. */
  get text(): string | null {
    if (this.#bytes !== null) this.#text ??= base64Url(this.#bytes);
    return this.#text;
  }

  /** The number that was used last, 0 for none. */
  get attach(): number {
    return this.#attach;
  }

  /** The token has not been shown yet: UDP takes it. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** The number of the next showing. */
  show(): number {
    this.#attach += 1;
    this.#fresh = false;
    this.changed();
    return this.#attach;
  }

  /** UDP took the token, which asks for no number. */
  spend(): void {
    this.#fresh = false;
  }

  /** The server has seen higher numbers than this page remembers. */
  skip(): void {
    this.#attach += SKIP;
  }

  /** A newer token, as it travels: without the zeros at its end. What is none is left alone. */
  renew(bytes: Uint8Array): void {
    if (bytes.length > TOKEN_BYTES) return;
    const whole = new Uint8Array(TOKEN_BYTES);
    whole.set(bytes);
    try {
      this.#bytes = tokenBytes(whole);
    } catch {
      return;
    }
    this.#text = null;
    this.#fresh = true;
    this.changed();
  }
}

function base64Url(bytes: Uint8Array): string {
  let letters = '';
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** More showings than a page that has crashed can have made. */
const SKIP = 65_536;
