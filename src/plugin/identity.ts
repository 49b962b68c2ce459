/** Who a player is: what stands behind the record of its join, and nowhere else in the room. */

/** As its connect token or the game's own login named it; read by `onJoin`. */
export interface Identity {
  /**
   * 1 to 64 bytes of UTF-8, the same each time the player comes. Of a guest `guest-` and 16 hex digits, another with each
   * session; of a bot ''.
   */
  readonly userId: string;
  /** What the token's issuer or `onAuth` gave along, at most 128 bytes. Empty where nothing was, and of guests and bots. */
  readonly userData: Uint8Array;
}

/** Reads the tail of a record Join. What does not fit in there is left out. */
export function identityOf(tail: Uint8Array): Identity {
  const userIdEnd = 1 + (tail[0] ?? 0);
  return {
    userId: new TextDecoder().decode(tail.subarray(1, userIdEnd)),
    userData: tail.slice(userIdEnd),
  };
}

/** A bot's. */
export const NOBODY: Identity = Object.freeze({ userId: '', userData: new Uint8Array(0) });
