/** Room ids: what stands in an invite link. */
import { randomBytes } from 'node:crypto';

/** Characters of a room id. 16 of 64 are 96 bits: nobody guesses one. */
export const ROOM_ID_CHARACTERS = 16;

/** A new id of url-safe characters (A-Z a-z 0-9 - _). */
export function newRoomId(): string {
  return randomBytes((ROOM_ID_CHARACTERS * 6) / 8).toString('base64url');
}
