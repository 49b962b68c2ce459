/** What a server writes, and what becomes of it: it outlives the server, and a loss of power tears the ends off. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrayError } from '../../src/errors.ts';
import type { ReplayReport } from '../../src/room/replay.ts';
import { Replay } from '../../src/room/replay.ts';
import type { UsedToken } from '../../src/session/server/table.ts';
import { readJournal } from '../../workers/journal-file.ts';

export class Disk {
  readonly used: UsedToken[] = [];
  /** A folder for journals; '' keeps none. */
  readonly journalDir: string;
  /** Nothing can be written. */
  isFull = false;
  /** Of each journal, how many bytes it had when its end was torn off last. */
  readonly #whole = new Map<string, number>();

  constructor(keepsJournals: boolean) {
    this.journalDir = keepsJournals ? mkdtempSync(join(tmpdir(), 'fray-sim-')) : '';
  }

  /** The process that had the folder is gone; this one, which stands for it, lives. */
  ownerDied(): void {
    if (this.journalDir !== '') rmSync(join(this.journalDir, 'owner'), { force: true });
  }

  /** Cuts so many bytes off each journal that has been written to since the last time. */
  tear(bytes: number): void {
    for (const path of this.#journals()) {
      const { size } = statSync(path);
      if (bytes === 0 || size === this.#whole.get(path)) continue;
      truncateSync(path, Math.max(0, size - bytes));
      this.#whole.set(path, Math.max(0, size - bytes));
    }
  }

  /** Plays each journal again; null: so much was torn off that it has no head any more. */
  *replays(
    core: WebAssembly.Module,
  ): Generator<{ name: string; report: ReplayReport | null }, void> {
    for (const path of this.#journals()) {
      const name = path.slice(this.journalDir.length + 1);
      try {
        const report = new Replay(readJournal(readFileSync(path)), core).play();
        yield { name, report };
      } catch (error) {
        if (!(error instanceof FrayError) || !this.#whole.has(path)) throw error;
        yield { name, report: null };
      }
    }
  }

  wipe(): void {
    if (this.journalDir !== '') rmSync(this.journalDir, { recursive: true });
  }

  #journals(): string[] {
    const { journalDir } = this;
    if (journalDir === '') return [];
    return readdirSync(journalDir)
      .filter((name) => name.endsWith('.journal'))
      .sort()
      .map((name) => join(journalDir, name));
  }
}
