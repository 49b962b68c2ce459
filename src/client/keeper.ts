/**
 * Where a session's token outlives its page, so that a tab that crashed and is loaded again is the same player. A page
 * that is left says goodbye and forgets it; only one that ends without a word leaves it behind.
 */

/** What is kept of a session. */
export interface Kept {
  /** base64url. */
  readonly token: string;
  /** The last number it was shown with. */
  readonly attach: number;
  readonly room: string;
}

export interface Keeper {
  /** What a page before this one left behind; null: nothing, or it is another tab's that still plays. */
  take(key: string): Promise<Kept | null>;
  put(key: string, kept: Kept): void;
  forget(key: string): void;
}

/**
 * The storage of this tab (`sessionStorage`). A duplicated tab has a copy of it: a lock named after the session tells
 * whether the first still plays, and falls when a tab ends in whatever way. Where storage or locks are not allowed the
 * game does without.
 */
export function tabKeeper(): Keeper | undefined {
  try {
    return globalThis.sessionStorage === undefined
      ? undefined
      : new TabKeeper(globalThis.sessionStorage);
  } catch {
    return undefined;
  }
}

class TabKeeper implements Keeper {
  readonly #storage: Storage;
  #release: () => void = () => undefined;
  #locked = '';

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async take(key: string): Promise<Kept | null> {
    const kept = this.#read(key);
    if (kept === null || (await this.#lock(kept.lock))) return kept;
    return null;
  }

  put(key: string, kept: Kept): void {
    if (this.#locked === '') void this.#lock(crypto.randomUUID?.() ?? String(Math.random()));
    try {
      this.#storage.setItem(NAME + key, JSON.stringify({ ...kept, lock: this.#locked }));
    } catch {
      // A full or forbidden storage: a crash then costs the place.
    }
  }

  forget(key: string): void {
    this.#storage.removeItem(NAME + key);
    this.#locked = '';
    this.#release();
  }

  #read(key: string): (Kept & { readonly lock: string }) | null {
    try {
      const value: unknown = JSON.parse(this.#storage.getItem(NAME + key) ?? 'null');
      const { token, attach, room, lock } = value as Record<string, unknown>;
      const fits = typeof token === 'string' && Number.isSafeInteger(attach);
      if (!fits || typeof room !== 'string' || typeof lock !== 'string') return null;
      return { token, attach: attach as number, room, lock };
    } catch {
      return null;
    }
  }

  /** False: another tab has it. */
  #lock(name: string): Promise<boolean> {
    this.#locked = name;
    // Only pages of a secure origin have locks.
    const locks = globalThis.navigator?.locks as LockManager | undefined;
    if (locks === undefined || name === '') return Promise.resolve(true);
    return new Promise((answer) => {
      const held = (lock: Lock | null): Promise<void> | undefined => {
        answer(lock !== null);
        if (lock === null) this.#locked = '';
        return lock === null
          ? undefined
          : new Promise((release) => {
              this.#release = release;
            });
      };
      locks.request(NAME + name, { ifAvailable: true }, held).catch(() => answer(true));
    });
  }
}

const NAME = 'fray ';
