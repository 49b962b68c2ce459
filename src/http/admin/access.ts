/**
 * Who may see and do what the admin port offers: whoever sits at this machine, or shows a token of the configuration. A page of another
 * site that this machine's browser shows is neither: its requests name that site, or a host that is not this machine.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../../config.ts';
import { FrayError } from '../../errors.ts';

/** `tokens`: those of the configuration, 64 hex digits each. Throws E_TOKEN_REQUIRED, E_TOKEN_INVALID or E_ORIGIN. */
export function checkAccess(request: IncomingMessage, tokens: readonly string[]): void {
  const { headers } = request;
  if (headers.origin !== undefined && !isOwnOrigin(headers.origin, headers.host))
    throw new FrayError('E_ORIGIN', 'Cannot answer: the page that asks is of another site');
  const shown = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (shown !== undefined) {
    if (tokens.some((token) => isSame(token, shown))) return;
    throw new FrayError('E_TOKEN_INVALID', 'Cannot answer: that is no token of adminTokens');
  }
  if (isLocal(request)) return;
  throw new FrayError(
    'E_TOKEN_REQUIRED',
    tokens.length > 0
      ? 'Cannot answer: it needs Authorization: Bearer and a token of adminTokens'
      : 'Cannot answer: from this machine alone, as adminTokens is empty',
  );
}

/** From this machine, by a name of this machine, and not passed on by a proxy: that one may speak for anybody. */
export function isLocal({ socket, headers }: IncomingMessage): boolean {
  const isPassedOn = PROXY_HEADERS.some((name) => headers[name] !== undefined);
  const peer = socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  return !isPassedOn && isLoopback(peer) && isLocalName(headers.host);
}

/** Whether a Host names this machine: a page whose own name was turned to 127.0.0.1 is of one origin with it, and asks nobody. */
export function isLocalName(host = ''): boolean {
  const url = `http://${host}`;
  return URL.canParse(url) && isLoopback(new URL(url).hostname);
}

function isOwnOrigin(origin: string, host = ''): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** In a time that does not tell where they differ. */
function isSame(token: string, shown: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(token.toLowerCase()), digest(shown.toLowerCase()));
}

const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];
