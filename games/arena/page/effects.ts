/** Short-lived sparks, rings, beams and numbers. A fixed pool: nothing is allocated while playing. */
import { palette } from './palette.ts';
import type { Scene } from './scene.ts';

interface Effect {
  kind: 'none' | 'spark' | 'ring' | 'beam' | 'flash';
  x: number;
  y: number;
  vx: number;
  vy: number;
  colour: string;
  bornMs: number;
  lifeMs: number;
  size: number;
}

const EFFECTS_MAX = 160;

export class Effects {
  readonly #pool: Effect[] = Array.from({ length: EFFECTS_MAX }, () => ({
    kind: 'none',
    x: 0,
    y: 0,
    vx: 0,
    vy: 0,
    colour: palette.gold,
    bornMs: 0,
    lifeMs: 0,
    size: 0,
  }));
  #next = 0;
  #nowMs = 0;
  #shake = 0;
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)').matches;

  /** Call once a frame. */
  advance(nowMs: number): void {
    this.#shake *= 0.86;
    this.#nowMs = nowMs;
  }

  /** World units by which the camera shakes now. */
  get shake(): number {
    return this.#shake;
  }

  muzzle(x: number, y: number, aim: number): void {
    this.#add(
      'flash',
      x + Math.cos(aim) * 0.85,
      y + Math.sin(aim) * 0.85,
      0,
      0,
      palette.ink,
      70,
      0.3,
    );
  }

  beam(x: number, y: number, aim: number, length: number): void {
    this.#add('beam', x, y, Math.cos(aim) * length, Math.sin(aim) * length, palette.sky, 260, 0.16);
  }

  hit(x: number, y: number, own: boolean): void {
    this.#burst(x, y, 7, 5, own ? palette.rose : palette.gold);
    if (own && !this.#calm) this.#shake = 0.22;
  }

  death(x: number, y: number, colour: string): void {
    this.#burst(x, y, 22, 8, colour);
    this.#add('ring', x, y, 0, 0, colour, 420, 2.4);
  }

  drawBelow(scene: Scene): void {
    for (const effect of this.#pool) if (effect.kind === 'ring') this.#draw(scene, effect);
  }

  drawAbove(scene: Scene): void {
    for (const effect of this.#pool) {
      if (effect.kind !== 'none' && effect.kind !== 'ring') this.#draw(scene, effect);
    }
  }

  #burst(x: number, y: number, count: number, speed: number, colour: string): void {
    const sparks = this.#calm ? Math.ceil(count / 4) : count;
    for (let index = 0; index < sparks; index += 1) {
      const angle = Math.random() * Math.PI * 2;
      const pace = speed * (0.4 + Math.random() * 0.6);
      this.#add(
        'spark',
        x,
        y,
        Math.cos(angle) * pace,
        Math.sin(angle) * pace,
        colour,
        260 + Math.random() * 160,
        0.12,
      );
    }
  }

  #add(
    kind: Effect['kind'],
    x: number,
    y: number,
    vx: number,
    vy: number,
    colour: string,
    lifeMs: number,
    size: number,
  ): void {
    const effect = this.#pool[this.#next];
    this.#next = (this.#next + 1) % EFFECTS_MAX;
    if (!effect) return;
    effect.kind = kind;
    effect.x = x;
    effect.y = y;
    effect.vx = vx;
    effect.vy = vy;
    effect.colour = colour;
    effect.bornMs = this.#nowMs;
    effect.lifeMs = lifeMs;
    effect.size = size;
  }

  #draw(scene: Scene, effect: Effect): void {
    const age = (this.#nowMs - effect.bornMs) / effect.lifeMs;
    if (age >= 1) {
      effect.kind = 'none';
      return;
    }
    const pen = scene.pen;
    const seconds = (this.#nowMs - effect.bornMs) / 1000;
    pen.globalAlpha = 1 - age;
    pen.fillStyle = effect.colour;
    pen.strokeStyle = effect.colour;
    const x = scene.left(effect.x);
    const y = scene.top(effect.y);
    pen.beginPath();
    if (effect.kind === 'beam') {
      pen.lineWidth = effect.size * scene.scale * (1 - age);
      pen.moveTo(x, y);
      pen.lineTo(scene.left(effect.x + effect.vx), scene.top(effect.y + effect.vy));
      pen.stroke();
    } else if (effect.kind === 'ring') {
      pen.lineWidth = 0.2 * scene.scale * (1 - age);
      pen.arc(x, y, effect.size * scene.scale * (0.3 + 0.7 * age), 0, Math.PI * 2);
      pen.stroke();
    } else {
      const drag = effect.kind === 'spark' ? seconds * (1 - 0.4 * age) : 0;
      pen.arc(
        scene.left(effect.x + effect.vx * drag),
        scene.top(effect.y + effect.vy * drag),
        effect.size * scene.scale * (1 - 0.5 * age),
        0,
        Math.PI * 2,
      );
      pen.fill();
    }
    pen.globalAlpha = 1;
  }
}
