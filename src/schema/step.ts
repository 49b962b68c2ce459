/** A step of a game's own, as `fray step` writes it into a module that server and page import. */

/** Made by `ownStep`; for `player.movement.step` of a schema. */
export class OwnStep {
  /** The module, base64: a part of what the schema's hash covers. */
  readonly code: string;

  constructor(code: string) {
    this.code = code;
  }

  /** The module. Throws a DOMException for what is no base64. */
  bytes(): Uint8Array {
    return Uint8Array.from(atob(this.code), (letter) => letter.charCodeAt(0));
  }
}

/** The step in a module that `fray step` has made. See docs/own-movement.md. */
export function ownStep(code: string): OwnStep {
  return new OwnStep(code);
}
