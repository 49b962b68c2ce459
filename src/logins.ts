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
  /** A login of that address has ended after `cancel`: what it answered is for nobody, as its session's number may be another's by now. */
  readonly ended: (address: string) => void;
  /** So many hold a place and do not end, the first of them for `STUCK_MS`. Once, and again when they have all ended in between. */
  readonly stuck: (count: number) => void;
  /** A hook that throws: what it threw, for the log, without the credential. The player hears E_AUTH and no more. */
  readonly failed: (error: string) => void;
}

export class Logins {
  readonly #parts: LoginsParts;
  readonly #waiting = new Map<number, AbortController>();
  /** When each was cancelled that has not ended, us; the oldest first. */
  readonly #cancelled = new Map<AbortSignal, number>();
  #saidStuck = false;

  constructor(parts: LoginsParts) {
    this.#parts = parts;
  }

  /** Calls the hook; its answer, or that it failed, comes by `done` in a later microtask. Never throws. */
  ask(sessionId: number, request: AuthRequest): void {
    const cancelled = new AbortController();
    this.#waiting.set(sessionId, cancelled);
    void this.#ask(sessionId, { ...request, signal: cancelled.signal });
  }

  /** Nobody waits for the answer any more: its `signal` is aborted, and `ended` called once it has ended, which may be before. */
  cancel(sessionId: number, address: string, nowUs: number): void {
    const waiting = this.#waiting.get(sessionId);
    this.#waiting.delete(sessionId);
    if (waiting === undefined) this.#parts.ended(address);
    else {
      this.#cancelled.set(waiting.signal, nowUs);
      waiting.abort();
    }
  }

  /** Tells of those that do not end. O(1); call it now and then. */
  look(nowUs: number): void {
    for (const sinceUs of this.#cancelled.values()) {
      if (this.#saidStuck || nowUs - sinceUs < STUCK_MS * 1000) return;
      this.#saidStuck = true;
      this.#parts.stuck(this.#cancelled.size);
      return;
    }
    this.#saidStuck = false;
  }

  async #ask(
    sessionId: number,
    request: AuthRequest & { readonly signal: AbortSignal },
  ): Promise<void> {
    let result: AuthResult;
    try {
      result = checked(await this.#parts.onAuth(request));
    } catch (error) {
      if (!request.signal.aborted) this.#parts.failed(without(String(error), request.text));
      result = { code: ERROR.E_AUTH, text: '' };
    }
    if (request.signal.aborted) {
      this.#cancelled.delete(request.signal);
      this.#parts.ended(request.address);
      return;
    }
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

/**
 * A message in which no part of the secret stands: what parses a credential likes to quote it in its error. Parts of less than
 * `PART` characters are let be, and so is a secret that is shorter.
 */
function without(message: string, secret: string | null): string {
  const hidden = new Uint8Array(message.length);
  for (let at = 0; secret !== null && at + PART <= secret.length; at += 1) {
    const part = secret.slice(at, at + PART);
    for (let k = message.indexOf(part); k >= 0; k = message.indexOf(part, k + 1))
      hidden.fill(1, k, k + PART);
  }
  let shown = '';
  for (let k = 0; k < message.length; k += 1)
    if (hidden[k] === 0) shown += message[k];
    else if (k === 0 || hidden[k - 1] === 0) shown += '***';
  return shown;
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

/** ms. Whoever passes the signal on ends within moments; a service that is slow, within its own time-outs. */
export const STUCK_MS = 30_000;
/** Characters of a credential that are not told any more. */
const PART = 6;
