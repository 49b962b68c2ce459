/** F3: what the own shots were judged by. Where they went, and where the server saw their targets. */
import type { Game } from 'fray/client';
import { type arena, clamps, results } from '../schema.ts';
import { palette } from './palette.ts';
import type { Scene } from './scene.ts';

/** ms that a receipt is shown. */
const LIFE_MS = 4000;

interface Shape {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly inWay: boolean;
}

export class Receipts {
  /** Told of each, in words. */
  heard: (text: string) => void = () => {};
  readonly #game: Game<typeof arena>;
  readonly #shapes: Shape[] = [];
  #line = { x: 0, y: 0, toX: 0, toY: 0 };
  #fromMs = Number.NEGATIVE_INFINITY;
  #watches = false;

  constructor(game: Game<typeof arena>) {
    this.#game = game;
    game.onMessage('receipt', ({ x, y, aim, distance, ...judged }) => {
      const toX = x + Math.cos(aim) * distance;
      this.#line = { x, y, toX, toY: y + Math.sin(aim) * distance };
      this.#fromMs = performance.now();
      this.#shapes.length = 0;
      const clamp = clamps[judged.clamp] ?? 'none';
      const why = clamp === 'none' ? '' : `, said ${judged.statedMs}: ${clamp}`;
      this.heard(`${results[judged.result] ?? ''}, ${judged.agoMs} ms ago${why}`);
    });
    game.onMessage('shape', (shape) => {
      this.#shapes.push({ ...shape });
    });
  }

  /** Asks for receipts, or for no more of them. */
  watch(on: boolean): void {
    if (on === this.#watches) return;
    this.#watches = on;
    this.#game.send('watch', { on });
  }

  /** Above the scene: the way of the newest shot, and the shapes beside it. */
  draw(scene: Scene, nowMs: number): void {
    if (!this.#watches || nowMs - this.#fromMs > LIFE_MS) return;
    const { pen } = scene;
    const { x, y, toX, toY } = this.#line;
    pen.lineWidth = 2;
    pen.strokeStyle = palette.sky;
    pen.beginPath();
    pen.moveTo(scene.left(x), scene.top(y));
    pen.lineTo(scene.left(toX), scene.top(toY));
    pen.stroke();
    for (const shape of this.#shapes) {
      pen.strokeStyle = shape.inWay ? palette.rose : palette.gold;
      pen.beginPath();
      const radius = shape.radius * scene.scale;
      pen.arc(scene.left(shape.x), scene.top(shape.y), radius, 0, 2 * Math.PI);
      pen.stroke();
    }
  }
}
