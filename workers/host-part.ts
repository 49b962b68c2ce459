/** What of a room lies in no region and goes into its shadow: session by slot, then what its game has of its own. */

export class HostPart {
  readonly #sessions: Uint8Array;
  #bytes = new Uint8Array(0);
  #game: Uint8Array = NOTHING;

  /** `sessions`: the memory of u32 by slot. */
  constructor(sessions: Uint8Array) {
    this.#sessions = sessions;
  }

  /** As of now; good until the next call. A game's part for which `bytesMax` has no room is left out. */
  bytes(game: Uint8Array, bytesMax: number): Uint8Array {
    const sessions = this.#sessions;
    const fitting = sessions.length + game.length > bytesMax ? NOTHING : game;
    if (this.#game !== fitting || this.#bytes.length === 0) {
      this.#bytes = new Uint8Array(sessions.length + fitting.length);
      this.#bytes.set(fitting, sessions.length);
      this.#game = fitting;
    }
    this.#bytes.set(sessions);
    return this.#bytes;
  }
}

const NOTHING = new Uint8Array(0);
