/**
 * Connect tokens for issuers: any process that knows its players and shares the key with the game servers, such as an
 * account service. The same as `src/session/token.ts`, with this machine's clock and chance.
 */
import { randomFillSync } from 'node:crypto';
import * as pure from './session/token.ts';

export type { IssuedToken, OpenedToken } from './session/token.ts';
export { DEVELOPMENT_KEY } from './session/token.ts';

/** As the pure order; `nowMs` and `random` need not be named. */
export type TokenOrder = Omit<pure.TokenOrder, 'nowMs' | 'random'> &
  Partial<Pick<pure.TokenOrder, 'nowMs' | 'random'>>;

/**
 * Makes a token. Throws `E_CONFIG` for an order that cannot be met. Some 30 us.
 *
 *     const { token } = issueConnectToken({ userId: 'ann', room: 'r7', servers: ['203.0.113.5:40000'], key });
 */
export function issueConnectToken(order: TokenOrder): pure.IssuedToken {
  return pure.issueConnectToken({
    nowMs: Date.now(),
    random: (into) => void randomFillSync(into),
    ...order,
  });
}

/** Opens a token with one of the keys. Throws `E_TOKEN_INVALID` or `E_TOKEN_EXPIRED`. Some 10 us. */
export function openConnectToken(
  token: string | Uint8Array,
  keys: readonly Uint8Array[],
): pure.OpenedToken {
  return pure.openConnectToken(token, { keys, nowMs: Date.now() });
}
