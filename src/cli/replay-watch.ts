/** `fray replay FILE --watch`: the page of the game and the journal, for a browser on this machine. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FrayError } from '../errors.ts';
import { ownFile } from '../http/own-file.ts';
import { PublicHttp } from '../http/public.ts';
import { listenForSignals } from '../ops/signals.ts';
import type { JournalHead } from '../room/replay-file.ts';
import type { Io, Values } from './command.ts';
import { EXIT, textOf, wholeNumber } from './command.ts';
import { findGame, installedGames, loadSchema } from './games.ts';
import { shown } from './table.ts';

/**
 * Serves until a signal. A journal has what players typed and what their tokens said: it goes to this machine alone, and to nobody
 * who comes by another name for it. `core`: of a release that played it, where that is another. Throws E_CONFIG for a game without a page, or where none fits; E_SCHEMA_MISMATCH; E_PORT.
 */
export async function watchJournal(
  path: string,
  of: { head: JournalHead; core: Uint8Array | null; values: Values; io: Io },
): Promise<number> {
  const { head, core, values, io } = of;
  const port = wholeNumber(values, 'port', { min: 0, max: 65_535 });
  const game = await gameOf(head, values, io);
  const { page } = findGame(game, { folder: io.folder });
  if (page === null)
    throw new FrayError('E_CONFIG', `Cannot watch with ${game}: it has no page (index.html)`);
  const files: [string, string, string][] = [['/journal', path, 'application/octet-stream']];
  const unpacked = core === null ? null : mkdtempSync(join(tmpdir(), 'fray-core-'));
  const own = unpacked === null ? values['core'] : join(unpacked, 'fray_core.wasm');
  if (core !== null) writeFileSync(String(own), core);
  if (own !== undefined) files.push(['/fray_core.wasm', String(own), 'application/wasm']);
  const routes = files.map(([route, file, type]) => [route, ownFile(resolve(file), type)]);
  const http = new PublicHttp({
    mounts: [{ path: '/', directory: page }],
    routes: Object.fromEntries(routes),
  });
  const taken = await http.listen(port, HOST);
  const signals = listenForSignals(process, (code) => process.exit(code));
  io.out(`Watch room ${shown(head.roomId)} (${game}): http://${HOST}:${taken}/?journal=journal`);
  io.progress('Ctrl-C ends it');
  await signals.first;
  signals.remove();
  await http.stop(0);
  if (unpacked !== null) rmSync(unpacked, { recursive: true, force: true });
  return EXIT.done;
}

/** The game that is named, or the built one whose schema the journal's room had. */
async function gameOf(head: JournalHead, values: Values, io: Io): Promise<string> {
  const named = values['game'] === undefined ? [] : [textOf(values, 'game')];
  const games = named.length > 0 ? named : installedGames();
  for (const game of games) {
    const schema = await loadSchema(game, io.folder);
    if (schema.hash === head.schemaHash) return game;
  }
  const hash = head.schemaHash.toString(16);
  if (named.length > 0)
    throw new FrayError(
      'E_SCHEMA_MISMATCH',
      `Cannot watch with ${named[0]}: the room had the schema ${hash}, not that of this game`,
    );
  throw new FrayError(
    'E_CONFIG',
    `Cannot watch: no built game has the schema ${hash} (${games.join(', ') || 'none is built'}); name yours with --game`,
  );
}

const HOST = '127.0.0.1';
