/** Who has a folder of journals: `src/room/folder-lock.ts` writes it, and the thread that writes journals looks before each turn. */
import { readFileSync } from 'node:fs';

/** The name that stands in the file of the owner; '' where there is none, null where it cannot be told. */
export function ownerName(path: string): string | null {
  try {
    const { name } = JSON.parse(readFileSync(path, 'utf8')) as { name?: unknown };
    return typeof name === 'string' ? name : '';
  } catch (error) {
    // A system that is out of descriptors says nothing of the owner.
    const isNone = error instanceof SyntaxError || (error as { code?: string }).code === 'ENOENT';
    return isNone ? '' : null;
  }
}
