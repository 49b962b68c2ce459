/**
 * The transports of a client: which it may use, which is better, and how each is opened. What a platform can do comes in
 * as `Openers`; nothing here knows a socket.
 */
import { FrayError } from '../errors.ts';
import type { ClientPipe, TransportKind } from '../transport/types.ts';

/** `auto`: the transports that there are here, the better ones before the others. */
export type TransportChoice = 'auto' | 'websocket' | 'webrtc' | 'udp';

/** Where a pipe leads. */
export interface PipeTarget {
  /** Of the WebSocket, `wss://host/ws`; the signalling of WebRTC is `rtc` beside it. */
  readonly url: string;
  /** The connect token, for UDP, whose own handshake takes it and which finds its servers in it. */
  readonly token: Uint8Array | null;
}

export interface PipeLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Rejects with a FrayError. */
export type PipeOpener = (target: PipeTarget, limits: PipeLimits) => Promise<ClientPipe>;

/** What there is on a platform. */
export type Openers = { readonly [Kind in TransportKind]?: PipeOpener | undefined } & {
  /** Has a catch here: taken only by those that ask for it by name. */
  readonly byName?: TransportKind;
};

/** The kinds that a choice allows here, best first. Throws E_CONFIG for one that there is not. */
export function kindsOf(choice: TransportChoice, openers: Openers): readonly TransportKind[] {
  const there = BEST_FIRST.filter((kind) => openers[kind] !== undefined);
  const allowed = there.filter((kind) =>
    choice === 'auto' ? kind !== openers.byName : kind === choice,
  );
  return allowed.length > 0 ? allowed : refuse(choice, there);
}

/** How much better a kind is than others, 0 for the least. */
export function rankOf(kind: TransportKind): number {
  return BEST_FIRST.length - 1 - BEST_FIRST.indexOf(kind);
}

/**
 * `http` and `https` addresses name a page: the socket is `ws` beside it. `ws` and `wss` addresses are taken as they
 * are. Throws E_ADDRESS.
 */
export function socketUrl(text: string): string {
  try {
    const url = new URL(text);
    return url.protocol.startsWith('http') ? new URL('ws', url).href : url.href;
  } catch (cause) {
    throw new FrayError('E_ADDRESS', `Cannot connect to ${JSON.stringify(text)}: it is not a URL`, {
      cause,
    });
  }
}

/** The code of ours with which the server closed a pipe; 0: it says nothing of the session. */
export function endCode(code: number): number {
  return code > 0 && code < TRANSPORT_CODES ? code : 0;
}

function refuse(choice: TransportChoice, there: readonly TransportKind[]): never {
  throw new FrayError(
    'E_CONFIG',
    `Cannot connect by ${choice}: there is ${there.length > 0 ? there.join(', ') : 'nothing'} here`,
  );
}

const BEST_FIRST: readonly TransportKind[] = ['udp', 'webrtc', 'websocket', 'memory'];
/** Close codes from here on are the transport's own. */
const TRANSPORT_CODES = 1000;
