/**
 * The bodies of requests to the signalling: how long each may take, and how many are read at once, of all and of one address prefix.
 * They are counted from the head on, since a body that never comes holds a place of the public port all the same.
 */
import type { IncomingMessage } from 'node:http';
import { Tally } from '../../../limits.ts';

export interface BodyLimits {
  /** Bodies of all addresses at once. */
  readonly readingMax: number;
  /** The same of one address prefix. */
  readonly readingPerAddressMax: number;
  /** Time from the head to the end of the body. */
  readonly bodyMs: number;
}

/** `full`, `address`: too many at once, of all or of this prefix. */
export type BodyRefusal = 'oversize' | 'slow' | 'address' | 'full';

export class Bodies {
  readonly #bodyMs: number;
  readonly #reading: Tally;

  constructor({ readingMax, readingPerAddressMax, bodyMs }: BodyLimits) {
    this.#bodyMs = bodyMs;
    this.#reading = new Tally(readingMax, readingPerAddressMax);
  }

  /** The body, or why not; null: the caller has gone. */
  async read(
    request: IncomingMessage,
    { address, bytesMax }: { readonly address: string; readonly bytesMax: number },
  ): Promise<{ readonly bytes: Buffer } | BodyRefusal | null> {
    const refusal = this.#reading.refusal(address);
    if (refusal !== null) return refusal;
    this.#reading.enter(address);
    const body = await collect(request, bytesMax, this.#bodyMs);
    this.#reading.leave(address);
    return body;
  }
}

function collect(
  request: IncomingMessage,
  bytesMax: number,
  ms: number,
): Promise<{ bytes: Buffer } | 'oversize' | 'slow' | null> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    // After what lies in the socket is read: it may be this process that was late.
    const timer = setTimeout(() => setImmediate(done, 'slow'), ms);
    function done(body: { bytes: Buffer } | 'oversize' | 'slow' | null): void {
      clearTimeout(timer);
      resolve(body);
    }
    request.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes <= bytesMax) parts.push(part);
      else done('oversize');
    });
    request.on('end', () => done({ bytes: Buffer.concat(parts) }));
    request.on('close', () => done(null));
    request.on('error', () => done(null));
  });
}
