/** Journals of real servers, and the command that shows them in a page. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The command of this repository, as it is built. */
export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** What the tests use of `fray.game` in a page that plays a journal. */
export interface Film {
  readonly status: string;
  readonly tick: number;
  readonly firstTick: number;
  readonly lastTick: number;
  readonly seeking: boolean;
  readonly playing: boolean;
  speed: number;
  readonly playerId: number;
  readonly marks: readonly unknown[];
  readonly report: {
    readonly differs: number | null;
    readonly problem: string | null;
    readonly hashes: number;
  } | null;
  readonly roster: readonly { readonly id: number; readonly name: string; readonly bot: boolean }[];
  seesAll: boolean;
  pause(): void;
  seek(tick: number): void;
  view(): { readonly me: Seen | null; readonly players: readonly Seen[] };
}
export interface Seen {
  readonly handle: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly health: number;
  readonly alive: boolean;
  readonly name: string;
}

/** The journal of the room that was played in; another room stood ready, and nobody came. */
export function longestOf(folder: string): string {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.journal'))
    .map((name) => join(folder, name));
  const [longest = ''] = files.sort((a, b) => statSync(b).size - statSync(a).size);
  return longest;
}

export interface ServedJournal {
  /** The address that the command printed. */
  readonly url: string;
  /** Ends it by a signal; the code that it ends with. */
  stop(): Promise<number | null>;
}

/** `fray replay FILE --watch` with further flags, in `folder` by the command that is there. */
export async function serveJournal(
  file: string,
  flags: readonly string[] = [],
  { folder = '.', command = CLI } = {},
): Promise<ServedJournal> {
  const child: ChildProcess = spawn(
    process.execPath,
    [command, 'replay', file, '--watch', ...flags],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const said: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        const found = /http:\S+/.exec(line)?.[0];
        if (found !== undefined) resolve(found);
      });
    }
    ended.then((code) => reject(new Error(`It ended with ${code}: ${said.join('\n')}`)));
  });
  return {
    url,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
