/** The point: a ring on the deck and a column of light in the colour of who holds it. */
import {
  AdditiveBlending,
  CylinderGeometry,
  DoubleSide,
  Mesh,
  MeshBasicMaterial,
  RingGeometry,
  type Scene,
} from 'three';
import { POINT } from '../map.ts';
import type { View } from './crowd.ts';
import { teamColours } from './palette.ts';

export class Beacon {
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  readonly #ring: Mesh;
  readonly #column: Mesh;
  readonly #paint = new MeshBasicMaterial({ transparent: true, opacity: 0.85, fog: false });
  readonly #glow = new MeshBasicMaterial({
    transparent: true,
    opacity: 0.16,
    blending: AdditiveBlending,
    side: DoubleSide,
    depthWrite: false,
    fog: false,
  });

  constructor(scene: Scene) {
    const flat = new RingGeometry(POINT.radius - 0.16, POINT.radius, 48).rotateX(-Math.PI / 2);
    this.#ring = new Mesh(flat, this.#paint);
    this.#column = new Mesh(new CylinderGeometry(0.5, 0.9, 26, 16, 1, true), this.#glow);
    this.#ring.visible = false;
    this.#column.visible = false;
    scene.add(this.#ring, this.#column);
  }

  show(view: View, nowMs: number): void {
    for (const entity of view.entities) {
      if (entity.kind !== 'point') continue;
      this.#ring.position.set(entity.x, entity.z + 0.02, -entity.y);
      this.#column.position.set(entity.x, entity.z + 13, -entity.y);
      this.#ring.visible = true;
      this.#column.visible = true;
    }
    const { holder, contested } = view.room;
    const colour = teamColours[holder] ?? teamColours[0];
    this.#paint.color.setHex(colour);
    this.#glow.color.setHex(colour);
    const beat = contested && !this.#calm ? 0.5 + 0.5 * Math.sin(nowMs / 70) : 1;
    this.#glow.opacity = 0.1 + 0.12 * beat;
  }
}
