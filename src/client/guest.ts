/** How a guest without a page begins over UDP: its server hands it a connect token over HTTP. */
import { ERROR } from '../../protocol/gen/tables.ts';
import type { ErrorName } from '../errors.ts';
import { FrayError } from '../errors.ts';

/**
 * Asks `connect` beside the page at `url`. Rejects with the code of the server's refusal, or with E_CLOSED: it is not there, or hands
 * out no tokens.
 */
export async function askGuestToken(url: string, signal: AbortSignal): Promise<string> {
  const target = new URL('connect', url);
  let refusal = '';
  try {
    const answer = await fetch(target, { signal, headers: { Accept: 'application/json' } });
    const text = await answer.text();
    if (answer.ok) {
      const { token } = JSON.parse(text) as { readonly token?: unknown };
      if (typeof token === 'string') return token;
    } else refusal = text.trim();
  } catch (cause) {
    throw new FrayError('E_CLOSED', `Cannot connect by UDP: ${target.origin} gives no token`, {
      cause,
    });
  }
  const code: ErrorName = Object.hasOwn(ERROR, refusal) ? (refusal as ErrorName) : 'E_CLOSED';
  throw new FrayError(code, `Cannot connect by UDP: ${target.origin} gives no token to guests`);
}
