/** Where a client goes to: what the caller named, as the kinds of transports read it. */
import { FrayError } from '../../errors.ts';

/** An `http`, `https`, `ws` or `wss` URL. Throws `E_ADDRESS`. */
export function serverUrl(text: string): { readonly url: URL; readonly isSecure: boolean } {
  const fail = (state: string, cause?: unknown): never => {
    const shown = JSON.stringify(text);
    throw new FrayError('E_ADDRESS', `Cannot connect to ${shown}: ${state}`, { cause });
  };
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    return fail('it is not a URL', cause);
  }
  if (!/^(http|ws)s?:$/.test(url.protocol)) fail('its scheme is not http, https, ws or wss');
  return { url, isSecure: /^(https|wss):$/.test(url.protocol) };
}
