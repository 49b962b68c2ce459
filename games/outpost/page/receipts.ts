/** F3: what the own shots were judged by. Where they went, and where the server saw their targets. */
import type { Game } from 'fray/client';
import {
  BufferAttribute,
  BufferGeometry,
  CylinderGeometry,
  InstancedMesh,
  Line,
  LineBasicMaterial,
  Matrix4,
  MeshBasicMaterial,
  type Scene,
} from 'three';
import { BODY_HEIGHT } from '../map.ts';
import { clamps, type outpost, results } from '../schema.ts';

/** ms that a receipt is shown. */
const LIFE_MS = 4000;
/** Shapes of one receipt. */
const SHAPES_MAX = 8;

export class Receipts {
  /** Told of each, in words. */
  heard: (text: string) => void = () => {};
  readonly #game: Game<typeof outpost>;
  readonly #scene: Scene;
  readonly #line: Line;
  readonly #ends = new BufferAttribute(new Float32Array(6), 3);
  readonly #shapes: InstancedMesh;
  readonly #matrix = new Matrix4();
  #fromMs = Number.NEGATIVE_INFINITY;
  #watches = false;

  constructor(game: Game<typeof outpost>, scene: Scene) {
    this.#game = game;
    this.#scene = scene;
    const way = new BufferGeometry().setAttribute('position', this.#ends);
    this.#line = new Line(way, new LineBasicMaterial({ color: 0x2c5cff, fog: false }));
    const wires = new MeshBasicMaterial({ color: 0xd81b60, wireframe: true, fog: false });
    const body = new CylinderGeometry(1, 1, BODY_HEIGHT, 10, 1);
    this.#shapes = new InstancedMesh(body, wires, SHAPES_MAX);
    this.#shapes.count = 0;
    for (const part of [this.#line, this.#shapes]) {
      part.frustumCulled = false;
      part.visible = false;
      scene.add(part);
    }
    game.onMessage('receipt', ({ x, y, z, aim, pitch, distance, ...judged }) => {
      const across = Math.cos(pitch) * distance;
      this.#ends.setXYZ(0, x, z - 0.08, -y);
      const [toX, toY] = [x + Math.cos(aim) * across, y + Math.sin(aim) * across];
      this.#ends.setXYZ(1, toX, z + Math.sin(pitch) * distance, -toY);
      this.#ends.needsUpdate = true;
      this.#fromMs = performance.now();
      this.#shapes.count = 0;
      const clamp = clamps[judged.clamp] ?? 'none';
      const why = clamp === 'none' ? '' : `, said ${judged.statedMs}: ${clamp}`;
      this.heard(`${results[judged.result] ?? ''}, ${judged.agoMs} ms ago${why}`);
    });
    game.onMessage('shape', ({ x, y, z, radius }) => {
      if (this.#shapes.count >= SHAPES_MAX) return;
      this.#matrix.makeScale(radius, 1, radius).setPosition(x, z + BODY_HEIGHT / 2, -y);
      this.#shapes.setMatrixAt(this.#shapes.count, this.#matrix);
      this.#shapes.count += 1;
      this.#shapes.instanceMatrix.needsUpdate = true;
    });
  }

  /** Asks for receipts, or for no more of them. */
  watch(on: boolean): void {
    if (on === this.#watches) return;
    this.#watches = on;
    this.#game.send('watch', { on });
  }

  /** Each frame. */
  show(nowMs: number): void {
    const visible = this.#watches && nowMs - this.#fromMs < LIFE_MS;
    this.#line.visible = visible;
    this.#shapes.visible = visible;
  }

  remove(): void {
    for (const part of [this.#line, this.#shapes]) {
      this.#scene.remove(part);
      part.geometry.dispose();
    }
  }
}
