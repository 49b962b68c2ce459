/**
 * Signalling in the manner of WHIP: one POST with an offer, answered by 201 with a session description, or by a refusal whose body
 * is its code. What is cheap is looked at first; a body is read only for who may come.
 *
 * The 201 names a `Location` that only its caller knows and that lives as long as its peer. A POST there ends the peer with a last
 * datagram, for pages that are left: what they send over the channel then does not get out.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PACKET_BYTES_MAX } from '../../../../protocol/gen/tables.ts';
import type { ErrorName } from '../../../errors.ts';
import type { PipeFacts } from '../../types.ts';
import { addressOf, originAllowed } from '../peer.ts';
import type { BodyLimits } from './bodies.ts';
import { Bodies } from './bodies.ts';
import { SDP_BYTES_MAX } from './frames.ts';
import { OfferLimits } from './offer-limits.ts';
import { finishAnswer, midOf, readOffer, writeOffer } from './sdp.ts';

export interface SignallingOptions {
  readonly allowedOrigins: readonly string[];
  /** Proxies in front. */
  readonly hops: number;
  readonly admit: (address: string) => boolean;
  readonly offersPerSecond: number;
  readonly offersPerAddressPerSecond: number;
  readonly bodies: BodyLimits;
  /** The one address that answers name; '' for all that the machine has. */
  readonly publicAddress: string;
  /** ICE servers that clients are told of, for example `stun:stun.example.org`. */
  readonly iceServers: readonly string[];
}

/** Why an offer is turned away; each has its status, code and counter. */
export type Refusal = keyof typeof REFUSALS;

/** What became of offers; all rise only. */
export type OfferCounters = { answered: number } & { [name in Refusal]: number };

/** Who the peer is at the other end of a request. */
export interface Caller {
  readonly address: string;
  readonly facts: PipeFacts;
}

export interface OpenedPeer {
  /** Resolves with a session description, or with why there is none. */
  readonly answer: Promise<string | { readonly refusal: Refusal }>;
  /** Resolves when the peer has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** The caller has gone: the peer is not wanted any more. */
  cancel(): void;
  /** Takes a last datagram, which may be empty, and closes. */
  end(last: Uint8Array): void;
}

/** Where peers are made. */
export interface PeerOpener {
  /** Why nobody can come just now, or null. */
  refusal(caller: Caller): Refusal | null;
  open(offer: string, caller: Caller): OpenedPeer;
}

export class Signalling {
  readonly counters = offerCounters();
  readonly #options: SignallingOptions;
  readonly #opener: PeerOpener;
  readonly #limits: OfferLimits;
  readonly #bodies: Bodies;
  /** Answered peers that live, by the secret part of their location. */
  readonly #named = new Map<string, OpenedPeer>();
  /** Names of those that ended less than ENDED_MS ago: as many as offers were answered meanwhile. */
  readonly #ended = new Set<string>();

  constructor(options: SignallingOptions, opener: PeerOpener) {
    this.#options = options;
    this.#opener = opener;
    this.#bodies = new Bodies(options.bodies);
    const { offersPerSecond: perSecond, offersPerAddressPerSecond: perAddressPerSecond } = options;
    this.#limits = new OfferLimits({ perSecond, perAddressPerSecond }, performance.now());
  }

  /** Never throws; resolves when the request is answered. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { allowedOrigins, hops } = this.#options;
    const isAllowed = originAllowed(request, allowedOrigins, hops);
    writeHeaders(request, response, isAllowed);
    if (request.method === 'OPTIONS' && isAllowed) {
      this.#linkServers(response);
      response.writeHead(204).end();
      return;
    }
    const address = addressOf(request, hops);
    const name = nameOf(request);
    if (name !== null) {
      await this.#end(name, address, response);
      return;
    }
    const caller = { address, facts: { headers: request.headers, permit: null } };
    const early = isAllowed ? this.#refusalOf(request, caller) : 'origin';
    const body = early ?? (await this.#bodies.read(request, { address, bytesMax: SDP_BYTES_MAX }));
    if (body === null) return;
    if (typeof body === 'string') this.#refuse(response, body);
    else await this.#open(body.bytes.toString('latin1'), caller, response);
  }

  /** Who knows the name is its caller: no origin is asked for, which a page that goes may not be able to show. */
  async #end(name: string, address: string, response: ServerResponse): Promise<void> {
    const { req: request } = response;
    const early = this.#refusalOfEnd(name, request);
    const bytesMax = PACKET_BYTES_MAX;
    const body = early ?? (await this.#bodies.read(request, { address, bytesMax }));
    if (body === null) return;
    if (typeof body === 'string') {
      this.#refuse(response, body);
      return;
    }
    this.#named.get(name)?.end(body.bytes);
    response.writeHead(204).end();
  }

  #refusalOfEnd(name: string, request: IncomingMessage): Refusal | null {
    if (request.method !== 'POST') return 'method';
    if (!this.#named.has(name) && !this.#ended.has(name)) return 'unknown';
    return Number(request.headers['content-length'] ?? 0) > PACKET_BYTES_MAX ? 'oversize' : null;
  }

  async #open(body: string, caller: Caller, response: ServerResponse): Promise<void> {
    const offer = readOffer(body);
    // Asked again: others came while the body was read.
    const refusal = offer === null ? 'malformed' : this.#opener.refusal(caller);
    if (offer === null || refusal !== null) {
      this.#refuse(response, refusal ?? 'malformed');
      return;
    }
    const peer = this.#opener.open(writeOffer(offer), caller);
    const cancel = (): void => peer.cancel();
    response.once('close', cancel);
    const answer = await peer.answer;
    response.removeListener('close', cancel);
    if (typeof answer !== 'string') {
      this.#refuse(response, answer.refusal);
      return;
    }
    this.counters.answered += 1;
    const { publicAddress } = this.#options;
    const description = finishAnswer(answer, { mid: midOf(body), publicAddress });
    this.#linkServers(response);
    response.writeHead(201, {
      'Content-Type': 'application/sdp',
      'Content-Length': description.length,
      // Relative: proxies may have the signalling at another path.
      Location: `rtc/${this.#name(peer)}`,
    });
    response.end(description);
  }

  /** A name that cannot be guessed; it ends with its peer. */
  #name(peer: OpenedPeer): string {
    const name = randomBytes(NAME_BYTES).toString('base64url');
    this.#named.set(name, peer);
    void peer.ended.then(() => {
      this.#named.delete(name);
      this.#ended.add(name);
      setTimeout(() => this.#ended.delete(name), ENDED_MS).unref();
    });
    return name;
  }

  #linkServers(response: ServerResponse): void {
    const links = this.#options.iceServers.map((url) => `<${encodeURI(url)}>; rel="ice-server"`);
    if (links.length > 0) response.setHeader('Link', links);
  }

  #refusalOf(request: IncomingMessage, caller: Caller): Refusal | null {
    if (request.method !== 'POST') return 'method';
    if (!CONTENT_TYPE.test(request.headers['content-type'] ?? '')) return 'contentType';
    if (Number(request.headers['content-length'] ?? 0) > SDP_BYTES_MAX) return 'oversize';
    if (!this.#limits.take(caller.address, performance.now())) return 'rate';
    if (!this.#options.admit(caller.address)) return 'address';
    return this.#opener.refusal(caller);
  }

  #refuse(response: ServerResponse, refusal: Refusal): void {
    this.counters[refusal] += 1;
    if (response.headersSent || response.destroyed) return;
    const refused = REFUSALS[refusal];
    if (refused === null) {
      answerWithout(response.req, response);
      return;
    }
    const { status, code } = refused;
    const body = `${code}\n`;
    if (status === 429 || status === 503) response.setHeader('Retry-After', '1');
    if (status === 405) response.setHeader('Allow', 'POST, OPTIONS');
    // A body that was not read ends with the socket.
    response.writeHead(status, {
      Connection: 'close',
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': body.length,
    });
    response.end(body);
    response.req.resume();
  }
}

/**
 * The answer of a server without WebRTC, or without it just now, to pages of any origin: 204. No refusal, since nothing is wrong
 * with the offer, and a browser puts refusals on the console of the page.
 */
export function answerWithout(request: IncomingMessage, response: ServerResponse): void {
  writeHeaders(request, response, true);
  // A body that was not read ends with the socket.
  response.writeHead(204, { Connection: 'close' }).end();
  request.resume();
}

/** What pages of other origins have to be told, and that nobody keeps an answer. */
function writeHeaders(
  request: IncomingMessage,
  response: ServerResponse,
  isAllowed: boolean,
): void {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Vary', 'Origin');
  const { origin } = request.headers;
  if (!isAllowed || origin === undefined) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', 'Link, Location, Retry-After');
  if (request.method !== 'OPTIONS') return;
  response.setHeader('Access-Control-Allow-Methods', 'POST');
  response.setHeader('Access-Control-Allow-Headers', 'content-type');
  response.setHeader('Access-Control-Max-Age', '7200');
}

/** The name in the path of a location; null for the path of offers. */
function nameOf({ url = '' }: IncomingMessage): string | null {
  return /^[^?#]*\/rtc\/([^?#]*)/.exec(url)?.[1] ?? null;
}

/**
 * ms for which a goodbye to a peer that has ended is no refusal: it crossed the end, or came twice, and a browser puts refusals on the
 * console of the page.
 */
const ENDED_MS = 10_000;
/** Bytes. 128 bits are beyond guessing. */
const NAME_BYTES = 16;
const CONTENT_TYPE = /^application\/sdp\s*(;|$)/i;
const REFUSALS = {
  origin: { status: 403, code: 'E_ORIGIN' },
  method: { status: 405, code: 'E_MALFORMED' },
  contentType: { status: 415, code: 'E_MALFORMED' },
  /** Not a session description, or not one of one data channel. */
  malformed: { status: 400, code: 'E_MALFORMED' },
  oversize: { status: 413, code: 'E_OVERSIZE' },
  rate: { status: 429, code: 'E_RATE' },
  /** The body did not come in time. */
  slow: { status: 408, code: 'E_TIMEOUT' },
  /** This address has as many sessions, open offers or bodies on their way as it may. */
  address: { status: 429, code: 'E_SESSIONS_LIMIT' },
  full: { status: 503, code: 'E_SESSIONS_LIMIT' },
  /** No peer that lives has this location. */
  unknown: { status: 404, code: 'E_CLOSED' },
  /** `fray-rtc` is not there just now, or never, or did not answer: see `answerWithout`. */
  unavailable: null,
} as const satisfies { readonly [name: string]: { status: number; code: ErrorName } | null };

export function offerCounters(): OfferCounters {
  return {
    answered: 0,
    origin: 0,
    method: 0,
    contentType: 0,
    malformed: 0,
    oversize: 0,
    rate: 0,
    slow: 0,
    address: 0,
    full: 0,
    unknown: 0,
    unavailable: 0,
  };
}
