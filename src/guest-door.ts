/**
 * `GET /connect` of the public port: a short-lived connect token for a guest, so that a program can begin over UDP, which takes nobody
 * without a token. Who may have one, and how often, is the session table's rule; here it becomes HTTP.
 */
import { errorName } from '../protocol/gen/tables.ts';
import type { ErrorName } from './errors.ts';
import type { PublicHttpOptions } from './http/public.ts';
import type { SessionTable } from './session/server/table.ts';
import { addressOf, originAllowed } from './transport/server/peer.ts';

export interface GuestDoorOptions {
  /** Null until the server is ready. */
  readonly sessions: () => SessionTable | null;
  readonly allowedOrigins: readonly string[];
  /** Proxies in front. */
  readonly hops: number;
  /** There is a UDP port that takes the tokens. */
  readonly udp: boolean;
  readonly nowUs: () => number;
}

/** Path of it. */
export const GUEST_PATH = '/connect';

type Route = NonNullable<PublicHttpOptions['routes']>[string];

/** Answers 200 with JSON, `{ token, expiresAtMs }`, or a refusal whose body is its code. */
export function guestDoor(options: GuestDoorOptions): Route {
  const { allowedOrigins, hops, udp, nowUs } = options;
  return (request, response) => {
    const isAllowed = originAllowed(request, allowedOrigins, hops);
    const { origin } = request.headers;
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Vary', 'Origin');
    if (isAllowed && origin !== undefined) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', 'Retry-After');
    }
    const sessions = options.sessions();
    const refuse = (status: number, code: ErrorName): void => {
      // What is over a rate is counted by the rate.
      if (sessions !== null && code !== 'E_RATE') sessions.refused[code] += 1;
      if (status === 429 || status === 503) response.setHeader('Retry-After', '1');
      if (status === 405) response.setHeader('Allow', 'GET');
      response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(`${code}\n`);
    };
    if (request.method !== 'GET') return refuse(405, 'E_MALFORMED');
    if (!isAllowed) return refuse(403, 'E_ORIGIN');
    if (!udp) return refuse(404, 'E_CLOSED');
    if (sessions === null) return refuse(503, 'E_CLOSED');
    const issued = sessions.guestToken(addressOf(request, hops), nowUs());
    if (typeof issued === 'number') {
      const code = errorName(issued);
      return refuse(STATUS[code] ?? 503, code);
    }
    const { token, expiresAtMs } = issued;
    const body = JSON.stringify({ token, expiresAtMs });
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
    });
    response.end(body);
  };
}

/** HTTP status of a refusal by the sessions; 503 for others. */
const STATUS: { readonly [code in ErrorName]?: number } = {
  E_TOKEN_REQUIRED: 403,
  E_RATE: 429,
  E_SESSIONS_LIMIT: 429,
};
