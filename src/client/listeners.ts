/**
 * The functions that wait for one kind of event. Adding and removing copies the list, so that both are safe while it is
 * being called; calling it allocates nothing. A listener that throws does not disturb the others or the game: its
 * error surfaces as an uncaught one, as from any event handler.
 */
export class Listeners<First, Second = undefined> {
  #all: readonly ((first: First, second: Second) => void)[] = [];

  /** Answers the function that removes `fn` again. */
  add(fn: (first: First, second: Second) => void): () => void {
    const own = (first: First, second: Second) => fn(first, second);
    this.#all = [...this.#all, own];
    return () => {
      this.#all = this.#all.filter((other) => other !== own);
    };
  }

  call(first: First, second: Second): void {
    const all = this.#all;
    for (let i = 0; i < all.length; i += 1) {
      try {
        all[i]?.(first, second);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#all = [];
  }
}
