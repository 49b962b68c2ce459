/**
 * Who is at the other end of an HTTP request: the address that limits count by, and the page that asks. Pure.
 */
import type { IncomingMessage } from 'node:http';

/** What is read of a request. */
export type RequestFacts = Pick<IncomingMessage, 'headers'> & {
  readonly socket: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean };
};

/**
 * The peer's address. `hops` proxies in front each append what they saw to X-Forwarded-For, so the `hops`-th entry from
 * the right is the first that no client can forge. With fewer entries than that, the socket's own address counts.
 */
export function addressOf(request: RequestFacts, hops: number): string {
  const own = plainAddress(request.socket.remoteAddress ?? '');
  if (hops < 1) return own;
  const header = request.headers['x-forwarded-for'];
  const entries = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',');
  const entry = entries[entries.length - hops]?.trim() ?? '';
  return ADDRESS.test(entry) ? plainAddress(entry) : own;
}

/**
 * Whether a page may connect. Requests without an Origin header come from programs, which could claim any origin, and
 * pass. The origin that the request went to always may, which is its Host, or X-Forwarded-Host behind a trusted proxy: whoever
 * names a portal does not mean to lock the server's own page out.
 */
export function originAllowed(
  request: RequestFacts,
  allowed: readonly string[],
  hops: number,
): boolean {
  const origin = request.headers.origin;
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true;
  const forwarded = hops > 0 ? request.headers['x-forwarded-host'] : undefined;
  const host = (Array.isArray(forwarded) ? forwarded[0] : forwarded) ?? request.headers.host;
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}

/** An IPv4 address inside IPv6 (`::ffff:1.2.3.4`) is the IPv4 address; a zone (`%eth0`) and a port are left out. */
function plainAddress(address: string): string {
  const bare = address.startsWith('[')
    ? address.slice(1, address.indexOf(']'))
    : address.replace(/^([\d.]+):\d+$/, '$1');
  const zone = bare.indexOf('%');
  const inner = zone < 0 ? bare : bare.slice(0, zone);
  return /^::ffff:[\d.]+$/i.test(inner) ? inner.slice(7) : inner;
}

const ADDRESS = /^(\[[\da-f:.]{2,45}\](:\d{1,5})?|[\d.]{7,15}(:\d{1,5})?|[\da-f:.]{2,45})$/i;
