/**
 * An author's own login: a module whose default export is asked, on the host, for every player who would come in.
 *
 *     // auth.ts, started with `fray start --auth ./auth.js`
 *     import type { OnAuth } from 'fray/plugin';
 *     const onAuth: OnAuth = async ({ text, signal }) => {
 *       const user = await myAccounts.check(text, { signal });
 *       return user ? { userId: user.id } : { text: 'log in again' };
 *     };
 *     export default onAuth;
 */

/** Who wants in, and what with. With neither `token` nor `text` it is a guest. */
export interface LoginRequest {
  /** What a connect token says that was opened with this server's key; null without one. */
  readonly token: {
    readonly userId: string;
    /** '' for any. */
    readonly room: string;
    readonly userData: Uint8Array;
    /** Milliseconds since 1970. */
    readonly expiresAtMs: number;
  } | null;
  /** The client's `credential`, at most 1,000 bytes of UTF-8, such as a JWT. Nothing has checked it. */
  readonly text: string | null;
  /** Address of the client, as limits see it. */
  readonly address: string;
  /** Header fields of the HTTP request that opened the pipe; null over UDP. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>> | null;
  /**
   * Aborted when nobody waits for the answer any more: after `authTimeoutMs`, or when the client has gone. Settle then: what
   * runs on keeps one of the `authsMax` places.
   */
  readonly signal: AbortSignal;
}

/**
 * Lets in, as `userId` (1 to 64 bytes of UTF-8), with at most 128 bytes of data beside it (default: those of the token), both of which
 * the game's `onJoin` is told; or refuses with a text that the client is told, and a code of Fray's (default E_AUTH).
 */
export type LoginAnswer =
  | { readonly userId: string; readonly userData?: Uint8Array }
  | { readonly code?: number; readonly text: string };

/** Answers at once or later. What it throws is logged, and refuses with E_AUTH. */
export type OnAuth = (request: LoginRequest) => LoginAnswer | Promise<LoginAnswer>;
