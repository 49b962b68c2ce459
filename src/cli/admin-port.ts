/** What `fray debug` asks of a server's admin port. */
import { FrayError } from '../errors.ts';
import { DEBUG_HEADER } from '../http/debug.ts';

export interface AdminPort {
  /** Throws E_CONFIG where it is not reached, or refuses. */
  ask(method: 'GET' | 'POST', path: string): Promise<unknown>;
  /** Asks again and again until `isSo`; `what` is the case as long as it is not. Throws E_TIMEOUT after 30 s. */
  until<T>(path: string, what: string, isSo: (now: T) => boolean): Promise<T>;
}

export function adminPort(url: string): AdminPort {
  const ask = async (method: string, path: string): Promise<unknown> => {
    const headers = { [DEBUG_HEADER]: '1' };
    const response = await fetch(new URL(path, url), { method, headers }).catch((cause) => {
      throw new FrayError('E_CONFIG', `Cannot reach ${url}: ${String(cause)}`, { cause });
    });
    const said: unknown = await response.json();
    if (response.ok) return said;
    throw new FrayError('E_CONFIG', `Cannot ${method} ${path}: ${JSON.stringify(said)}`);
  };
  return {
    ask,
    async until<T>(path: string, what: string, isSo: (now: T) => boolean): Promise<T> {
      for (const endMs = Date.now() + WAIT_MS; Date.now() < endMs; ) {
        const now = (await ask('GET', path)) as T;
        if (isSo(now)) return now;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
      throw new FrayError('E_TIMEOUT', `Cannot go on: ${what} for ${WAIT_MS / 1000} s`);
    },
  };
}

/** ms. */
const LOOK_MS = 20;
const WAIT_MS = 30_000;
