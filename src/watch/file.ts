/** From an address, a file that a person chose, or bytes to the bytes of a journal. */
import { FrayError } from '../errors.ts';

export type JournalSource = string | URL | Blob | Uint8Array;

/** Rejects with E_CONFIG for what cannot be read, E_OVERSIZE for too much. What the bytes are is not looked at. */
export async function fileOf(source: JournalSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof Blob) {
    checkSize(source.size);
    return read('the file', () => source.arrayBuffer());
  }
  const name = String(source);
  return read(name, async () => {
    const response = await fetch(source);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    checkSize(Number(response.headers.get('content-length') ?? 0));
    return response.arrayBuffer();
  });
}

async function read(name: string, bytes: () => Promise<ArrayBuffer>): Promise<Uint8Array> {
  try {
    return new Uint8Array(await bytes());
  } catch (cause) {
    if (cause instanceof FrayError) throw cause;
    const state = cause instanceof Error ? cause.message : String(cause);
    throw new FrayError('E_CONFIG', `Cannot read the journal ${name}: ${state}`, { cause });
  }
}

function checkSize(bytes: number): void {
  if (bytes > FILE_BYTES_MAX)
    throw new FrayError(
      'E_OVERSIZE',
      `Cannot watch a journal of ${bytes} bytes: at most ${FILE_BYTES_MAX} fit a page`,
    );
}

/** A player-hour takes some 1.5 MB. */
const FILE_BYTES_MAX = 1 << 30;
