/** Fingers on a phone, from outside of the page, and what of a page lies over something else. */
import type { CDPSession } from 'playwright-core';

/** Fingers on the glass, as the browser hears of them from a screen. */
export class Thumbs {
  readonly #session: CDPSession;
  readonly #down = new Map<string, { x: number; y: number; id: number }>();

  constructor(session: CDPSession) {
    this.#session = session;
  }

  /** Puts a thumb down, or moves it. */
  async put(thumb: 'left' | 'right', place: { x: number; y: number }): Promise<void> {
    const type = this.#down.has(thumb) ? 'touchMove' : 'touchStart';
    this.#down.set(thumb, { ...place, id: thumb === 'left' ? 1 : 2 });
    await this.#send(type);
  }

  async lift(thumb: 'left' | 'right'): Promise<void> {
    this.#down.delete(thumb);
    await this.#send(this.#down.size === 0 ? 'touchEnd' : 'touchMove');
  }

  async #send(type: 'touchStart' | 'touchMove' | 'touchEnd'): Promise<void> {
    const touchPoints = [...this.#down.values()];
    await this.#session.send('Input.dispatchTouchEvent', { type, touchPoints });
  }
}

/** In the page: pairs of parts that overlap, and parts that are not on the screen or not there. */
export function collisions(names: readonly string[]): string[] {
  const boxes = names.map((id) => document.getElementById(id)?.getBoundingClientRect());
  const found: string[] = [];
  boxes.forEach((a, i) => {
    if (!a || a.width * a.height === 0) found.push(`${names[i]} is not there`);
    else if (a.left < 0 || a.top < 0 || a.right > innerWidth || a.bottom > innerHeight)
      found.push(`${names[i]} hangs out`);
    boxes.slice(0, i).forEach((b, j) => {
      if (!a || !b) return;
      const apart =
        a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
      if (!apart) found.push(`${names[j]} and ${names[i]}`);
    });
  });
  return found;
}
