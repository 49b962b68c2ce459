/**
 * Connect tokens for issuers: any process that knows its players and shares the key with the game servers, such as an
 * account service. The same as `src/session/token.ts`, with this machine's clock and chance.
 */
import { randomFillSync } from 'node:crypto';
import { FrayError } from './errors.ts';
import * as pure from './session/token.ts';

export type { IssuedToken, OpenedToken } from './session/token.ts';
export { DEVELOPMENT_KEY } from './session/token.ts';

/** As the pure order; `nowMs` and `random` need not be named. */
export type TokenOrder = Omit<pure.TokenOrder, 'nowMs' | 'random'> &
  Partial<Pick<pure.TokenOrder, 'nowMs' | 'random'>> & {
    /** Address of the server's page, such as `https://play.example.org/`: the answer then names its doors for browsers. */
    readonly url?: string;
  };

export interface Issued extends pure.IssuedToken {
  /** Where a browser takes the token; empty without `url`. */
  readonly websocketUrl: string;
  readonly webrtcUrl: string;
}

/**
 * Makes a token. Throws `E_CONFIG` for an order that cannot be met. Some 30 us.
 *
 *     const { token } = issueConnectToken({ userId: 'ann', room: 'r7', servers: ['203.0.113.5:40000'], key });
 */
export function issueConnectToken(order: TokenOrder): Issued {
  const { url = '', ...rest } = order;
  const issued = pure.issueConnectToken({
    nowMs: Date.now(),
    random: (into) => void randomFillSync(into),
    ...rest,
  });
  return { ...issued, ...doors(url) };
}

/** The doors of a page, with the same scheme of safety as the page itself. */
function doors(url: string): { websocketUrl: string; webrtcUrl: string } {
  if (url === '') return { websocketUrl: '', webrtcUrl: '' };
  const page = URL.canParse(url) ? new URL(url) : null;
  if (page === null || !/^https?:$/.test(page.protocol)) {
    throw new FrayError(
      'E_CONFIG',
      `Cannot issue a connect token: ${JSON.stringify(url)} is not the http(s) address of a page`,
    );
  }
  const webrtcUrl = new URL('rtc', page).href;
  return { websocketUrl: new URL('ws', page).href.replace(/^http/, 'ws'), webrtcUrl };
}

/** Opens a token with one of the keys. Throws `E_TOKEN_INVALID` or `E_TOKEN_EXPIRED`. Some 10 us. */
export function openConnectToken(
  token: string | Uint8Array,
  keys: readonly Uint8Array[],
): pure.OpenedToken {
  return pure.openConnectToken(token, { keys, nowMs: Date.now() });
}
