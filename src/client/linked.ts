/** Simulated links before the pipes of one client. Cuts count from the first pipe on, so that a new pipe meets what is left of them. */
import { type LinkSettings, PERFECT_LINK } from '../transport/link.ts';
import { type LossyPipe, lossyPipe } from '../transport/lossy.ts';
import type { ClientPipe } from '../transport/types.ts';

export class LinkedPipes {
  #link: LinkSettings | undefined;
  readonly #startMs: number;
  readonly #nowMs: () => number;
  readonly #pipes: { readonly pipe: LossyPipe; readonly sinceMs: number; readonly seed: number }[] =
    [];

  #made = 0;

  /** `link`: none yet. */
  constructor(link: LinkSettings | undefined, nowMs: () => number) {
    this.#link = link;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  /** The pipe behind a link of its own, where there is one. */
  before(pipe: ClientPipe): ClientPipe {
    if (this.#link === undefined || this.#pipes.some((one) => one.pipe === pipe)) return pipe;
    const sinceMs = this.#nowMs() - this.#startMs;
    const seed = this.#made;
    this.#made += 1;
    // A game has two pipes at a time and a third that is being opened.
    if (this.#pipes.length >= PIPES_MAX) this.#pipes.shift();
    const linked = lossyPipe(pipe, at(this.#link, sinceMs, seed));
    this.#pipes.push({ pipe: linked, sinceMs, seed });
    return linked;
  }

  set(link: LinkSettings): void {
    this.#link = link;
    for (const { pipe, sinceMs, seed } of this.#pipes) pipe.setLink(at(link, sinceMs, seed));
  }
}

/** The link as a pipe meets it that was made `sinceMs` after the first: other chances, and what is left of the cuts. */
function at(link: LinkSettings, sinceMs: number, more: number): LinkSettings {
  const cuts = link.cuts.map(({ fromMs, toMs }) => ({
    fromMs: fromMs - sinceMs,
    toMs: toMs - sinceMs,
  }));
  return { ...PERFECT_LINK, ...link, seed: (link.seed + more) >>> 0, cuts };
}

const PIPES_MAX = 8;
