/**
 * Every error that a user of Fray meets. `code` is stable and listed in protocol/tables.ts (ERRORS); the message
 * says "Cannot <action>: <state>".
 */

import type { ErrorCode, ErrorName } from '../protocol/gen/tables.ts';
import { ERROR, errorName } from '../protocol/gen/tables.ts';

export type { ErrorCode, ErrorName };

export class FrayError extends Error {
  /** Stable name, for example `E_ROOM_FULL`. */
  readonly code: ErrorName;

  constructor(code: ErrorName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FrayError';
    this.code = code;
  }

  /** The same code as a number, as it travels. */
  get number(): ErrorCode {
    return ERROR[this.code];
  }
}

/**
 * An error from a code that came from the wire or the core; a number that is no code becomes `E_UNKNOWN`. Without a detail
 * the code stands for itself: pages do not carry the sentence of each, a goodbye brings it.
 */
export function errorOf(code: number, action: string, detail = ''): FrayError {
  const name = errorName(code);
  return new FrayError(name, `Cannot ${action}: ${detail || name}`);
}
