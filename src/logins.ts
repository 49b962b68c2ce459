/**
 * Asks the author's own login (`onAuth`) about players who want in, while nobody waits: each answer comes back by `done`, once, and
 * may come late. How many wait at once, and how long, is the session table's affair; this only calls, and catches.
 */
import { pathToFileURL } from 'node:url';
import { ERROR } from '../protocol/gen/tables.ts';
import { FrayError } from './errors.ts';
import type { OnAuth } from './plugin/auth.ts';
import type { AuthRequest, AuthResult } from './session/server/table.ts';

export interface LoginsParts {
  readonly onAuth: OnAuth;
  readonly done: (sessionId: number, result: AuthResult) => void;
  /** A hook that throws: its error, for the log. The player hears E_AUTH and no more. */
  readonly failed: (error: unknown) => void;
}

export class Logins {
  readonly #parts: LoginsParts;
  readonly #waiting = new Map<number, AbortController>();

  constructor(parts: LoginsParts) {
    this.#parts = parts;
  }

  /** Calls the hook; its answer, or that it failed, comes by `done` in a later microtask. Never throws. */
  ask(sessionId: number, request: AuthRequest): void {
    const cancelled = new AbortController();
    this.#waiting.set(sessionId, cancelled);
    void this.#ask(sessionId, { ...request, signal: cancelled.signal });
  }

  /** Nobody waits for the answer any more: its `signal` is aborted. */
  cancel(sessionId: number): void {
    this.#waiting.get(sessionId)?.abort();
    this.#waiting.delete(sessionId);
  }

  async #ask(
    sessionId: number,
    request: AuthRequest & { readonly signal: AbortSignal },
  ): Promise<void> {
    let result: AuthResult;
    try {
      result = checked(await this.#parts.onAuth(request));
    } catch (error) {
      if (!request.signal.aborted) this.#parts.failed(error);
      result = { code: ERROR.E_AUTH, text: '' };
    }
    if (request.signal.aborted) return;
    this.#waiting.delete(sessionId);
    this.#parts.done(sessionId, result);
  }
}

/** The default export of an ES module, as the option `auth` names it. Rejects with E_CONFIG. */
export async function loadLogin(path: string): Promise<OnAuth> {
  const refuse = (state: string, cause?: unknown): FrayError =>
    new FrayError('E_CONFIG', `Cannot load the login ${path}: ${state}`, { cause });
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module;
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause), cause);
  }
  const { default: onAuth } = module;
  if (typeof onAuth !== 'function') throw refuse('its default export is no function');
  return onAuth as OnAuth;
}

/** What an author's code answered, where the types cannot be trusted. Throws for what is neither of both shapes. */
function checked(answer: unknown): AuthResult {
  if (typeof answer !== 'object' || answer === null)
    throw new TypeError('Cannot let a player in: onAuth answered neither a userId nor a text');
  const { userId, userData, code, text } = answer as Record<string, unknown>;
  if (typeof userId === 'string')
    return userData instanceof Uint8Array ? { userId, userData } : { userId };
  if (typeof text !== 'string')
    throw new TypeError('Cannot let a player in: onAuth answered neither a userId nor a text');
  const known = Object.values(ERROR).find((one) => one === code);
  return known === undefined ? { text } : { code: known, text };
}
