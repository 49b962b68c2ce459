/** An author named what the schema has not: the error says what it has. */
import { FrayError } from '../errors.ts';

/** `action` as "Cannot ..." goes on; `what` in the plural. E_VALUE. */
export function unknownName(action: string, what: string, names: Iterable<string>): FrayError {
  const known = [...names].join(', ') || `no ${what}`;
  return new FrayError('E_VALUE', `Cannot ${action}: the schema has ${known}`);
}
