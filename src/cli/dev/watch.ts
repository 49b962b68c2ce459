/** Tells when one of some files changes. */
import { type FSWatcher, watch } from 'node:fs';
import { dirname, join } from 'node:path';

export class FileWatch {
  readonly #onChange: () => void;
  readonly #folders = new Map<string, FSWatcher>();
  #files: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;

  /** `onChange` is called once for changes that come together. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /**
   * Which files, absolute, from now on. Watches their folders: editors put a new file in the place of the old one, and a file that is
   * not there yet may come.
   */
  set(files: readonly string[]): void {
    this.#files = new Set(files);
    const wanted = new Set(files.map((file) => dirname(file)));
    for (const folder of wanted) if (!this.#folders.has(folder)) this.#open(folder);
    for (const [folder, watcher] of this.#folders) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  #open(folder: string): void {
    const watcher = watch(folder, (_kind, name) => {
      if (name !== null && !this.#files.has(join(folder, name))) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.#onChange, SETTLE_MS);
    });
    // A folder that is removed is nothing to fall over for.
    watcher.on('error', () => {});
    this.#folders.set(folder, watcher);
  }
}

/** ms. An editor writes a file in several steps. */
const SETTLE_MS = 50;
