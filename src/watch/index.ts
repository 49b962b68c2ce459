/**
 * `fray/watch`: plays the journal of a room in a page, through the same core that played it. Load it when it is asked for
 * (`await import('fray/watch')`): it brings the whole core, `fray_core.wasm`, which lies beside this module. Works in Node, too.
 *
 * A journal holds what people typed and what their tokens said of them: it is for those who run the game.
 */

import { JournalReader } from '../../workers/journal-format.ts';
import type { GameSchema } from '../client/game.ts';
import type { WasmSource } from '../client/wasm.ts';
import { FrayError } from '../errors.ts';
import { Bar } from './bar.ts';
import { coreFor } from './core.ts';
import { fileOf, type JournalSource } from './file.ts';
import { pageTools } from './unpack.ts';
import { Watched } from './watched.ts';

export type { Watchable } from '../client/watchable.ts';
export { FrayError } from '../errors.ts';
export type { ReplayReport } from '../room/replay.ts';
export type { JournalSource } from './file.ts';
export type { Mark } from './scan.ts';
export type { Watched } from './watched.ts';

export interface WatchOptions<S extends GameSchema> {
  /** The same module that the room's game used. */
  readonly schema: S;
  /** The core that played it. Default: `fray_core.wasm` beside this module. */
  readonly wasm?: WasmSource;
  /** Where the bar with time line, speed and players goes; null: no bar. Default: the page's body. */
  readonly bar?: HTMLElement | null;
  /** Tick to begin at. Default: the first. */
  readonly tick?: number;
}

/**
 * Opens a journal and answers what to draw: the same as a running game to a page that draws a `Watchable`. Rejects with a
 * `FrayError` whose `code` says why: E_MALFORMED for what is no journal, E_SCHEMA_MISMATCH for one of another game, E_CORE for one that
 * another core played, E_CONFIG for what cannot be fetched, E_OVERSIZE for more than 1 GiB.
 */
export async function watch<S extends GameSchema>(
  source: JournalSource,
  options: WatchOptions<S>,
): Promise<Watched<S>> {
  const { schema, wasm = new URL('./fray_core.wasm', import.meta.url), tick } = options;
  const file = await fileOf(source);
  const { roomId, schemaHash, coreHash } = new JournalReader(file, pageTools).head;
  if (schemaHash !== schema.hash)
    throw new FrayError(
      'E_SCHEMA_MISMATCH',
      `Cannot watch room ${roomId}: its game had the schema ${schemaHash.toString(16)}, this page has ${schema.hash.toString(16)}`,
    );
  const module = await coreFor(coreHash, wasm);
  const watched = new Watched({ schema, file, module });
  if (tick !== undefined) watched.seek(tick);
  const place = options.bar === undefined ? globalThis.document?.body : options.bar;
  if (place) new Bar(watched as unknown as Watched<GameSchema>, place);
  return watched;
}
