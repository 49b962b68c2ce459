/** Smoke behind rockets, and a burst where one is no more. A fixed pool of rockets; nothing is allocated while playing. */
import { Vector3 } from 'three';
import type { View } from './crowd.ts';
import type { Effects } from './effects.ts';

const ROCKETS_MAX = 32;
/** Units between two puffs. */
const PUFF_EVERY = 0.7;
/** A rocket that goes on under another handle, as an own one does when the server has it, is so near. */
const SAME_WITHIN = 5;

interface Rocket {
  handle: number;
  owner: number;
  seen: boolean;
  readonly place: Vector3;
  readonly puffed: Vector3;
}

export class Trails {
  readonly #effects: Effects;
  readonly #rockets: readonly Rocket[] = Array.from({ length: ROCKETS_MAX }, () => ({
    handle: 0,
    owner: 0,
    seen: false,
    place: new Vector3(),
    puffed: new Vector3(),
  }));

  constructor(effects: Effects) {
    this.#effects = effects;
  }

  /** Each frame. */
  show(view: View): void {
    for (const rocket of this.#rockets) rocket.seen = false;
    for (const entity of view.entities) {
      if (entity.kind !== 'projectile') continue;
      const rocket = this.#of(entity.handle);
      if (!rocket) continue;
      rocket.place.set(entity.x, entity.z, -entity.y);
      if (rocket.handle === 0) rocket.puffed.copy(rocket.place);
      rocket.handle = entity.handle;
      rocket.owner = entity.owner;
      rocket.seen = true;
      if (rocket.puffed.distanceTo(rocket.place) < PUFF_EVERY) continue;
      this.#effects.puff(rocket.puffed, 0xe9dccb, 0.16);
      rocket.puffed.copy(rocket.place);
    }
    for (const rocket of this.#rockets) {
      if (rocket.handle === 0 || rocket.seen) continue;
      if (!this.#goesOn(rocket)) this.#effects.explosion(rocket.place);
      rocket.handle = 0;
    }
  }

  /** The row of a rocket, or a free one. */
  #of(handle: number): Rocket | undefined {
    let free: Rocket | undefined;
    for (const rocket of this.#rockets) {
      if (rocket.handle === handle) return rocket;
      if (rocket.handle === 0) free = rocket;
    }
    return free;
  }

  #goesOn(gone: Rocket): boolean {
    for (const rocket of this.#rockets) {
      if (rocket.seen && rocket.owner === gone.owner) {
        if (rocket.place.distanceTo(gone.place) < SAME_WITHIN) return true;
      }
    }
    return false;
  }
}
