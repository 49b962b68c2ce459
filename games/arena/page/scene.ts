/** Draws the arena on a 2D canvas. Nothing here knows the network: it is handed what the client shows. */
import type { ViewOf } from 'fray/client';
import { ARENA_SIZE, walls } from '../map.ts';
import { type arena, contents } from '../schema.ts';
import type { Effects } from './effects.ts';
import { darker, palette, playerColour } from './palette.ts';

export type View = ViewOf<typeof arena>;
export type ShownPlayer = View['players'][number];
export type ShownEntity = View['entities'][number];

/** World units from the middle of the screen to its nearer edge. */
const REACH = 12.5;
/** World units by which a wall's top stands above the floor. */
const RISE = 0.45;
const HALF = ARENA_SIZE / 2;

export class Scene {
  readonly #canvas: HTMLCanvasElement;
  readonly #pen: CanvasRenderingContext2D;
  readonly #mapPlace: HTMLElement;
  #mapBox = new DOMRect();
  #width = 0;
  #height = 0;
  /** CSS pixels per world unit. */
  #scale = 1;
  #x = 0;
  #y = 0;
  readonly #labels = new Map<string, HTMLCanvasElement>();

  /** The map is drawn where `mapPlace` stands; the style sheet decides that. */
  constructor(canvas: HTMLCanvasElement, mapPlace: HTMLElement) {
    const pen = canvas.getContext('2d', { alpha: false });
    if (!pen) throw new Error('This browser has no 2D canvas.');
    this.#canvas = canvas;
    this.#pen = pen;
    this.#mapPlace = mapPlace;
    this.resize();
    addEventListener('resize', () => this.resize());
  }

  /** Call it whenever the page's layout has changed; it hears of the window itself. */
  resize(): void {
    this.#mapBox = this.#mapPlace.getBoundingClientRect();
    const ratio = Math.min(devicePixelRatio || 1, PIXEL_RATIO_MAX);
    this.#width = innerWidth;
    this.#height = innerHeight;
    this.#canvas.width = Math.round(this.#width * ratio);
    this.#canvas.height = Math.round(this.#height * ratio);
    this.#pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#scale = Math.max(
      Math.min(this.#width, this.#height) / (2 * REACH),
      Math.max(this.#width, this.#height) / (2 * FARTHEST),
    );
  }

  /** One frame. `shake` moves the camera by so many units. */
  draw(view: View, effects: Effects, shake: number): void {
    const pen = this.#pen;
    const me = view.me;
    if (me) {
      this.#x = me.x + shake * Math.sin(view.tick * 12.9);
      this.#y = me.y + shake * Math.cos(view.tick * 7.3);
    }
    pen.fillStyle = palette.outside;
    pen.fillRect(0, 0, this.#width, this.#height);
    this.#floor();
    for (const entity of view.entities) if (entity.kind === 'crate') this.#crate(entity, view.tick);
    this.#wallShadows();
    effects.drawBelow(this);
    for (const entity of view.entities) if (entity.kind === 'projectile') this.#bolt(entity);
    for (const player of view.players)
      if (player.alive && player !== me) this.#player(player, false);
    if (me?.alive) this.#player(me, true);
    this.#walls();
    effects.drawAbove(this);
    this.#map(view);
  }

  /** For effects: the pen, and places in CSS pixels. */
  get pen(): CanvasRenderingContext2D {
    return this.#pen;
  }
  get scale(): number {
    return this.#scale;
  }
  left(x: number): number {
    return this.#width / 2 + (x - this.#x) * this.#scale;
  }
  top(y: number): number {
    return this.#height / 2 - (y - this.#y) * this.#scale;
  }
  inSight(x: number, y: number, margin: number): boolean {
    return (
      Math.abs(x - this.#x) * this.#scale < this.#width / 2 + margin * this.#scale &&
      Math.abs(y - this.#y) * this.#scale < this.#height / 2 + margin * this.#scale
    );
  }

  #floor(): void {
    const pen = this.#pen;
    const scale = this.#scale;
    const left = this.left(-HALF);
    const top = this.top(HALF);
    const edge = ARENA_SIZE * scale;
    pen.fillStyle = palette.floor;
    pen.fillRect(left, top, edge, edge);
    pen.fillStyle = palette.floorLight;
    const firstColumn = Math.max(0, Math.floor((this.#x - this.#width / 2 / scale + HALF) / TILE));
    const lastColumn = Math.min(
      ARENA_SIZE / TILE - 1,
      Math.floor((this.#x + this.#width / 2 / scale + HALF) / TILE),
    );
    const firstRow = Math.max(0, Math.floor((this.#y - this.#height / 2 / scale + HALF) / TILE));
    const lastRow = Math.min(
      ARENA_SIZE / TILE - 1,
      Math.floor((this.#y + this.#height / 2 / scale + HALF) / TILE),
    );
    for (let row = firstRow; row <= lastRow; row += 1) {
      for (
        let column = firstColumn + ((firstColumn + row) & 1);
        column <= lastColumn;
        column += 2
      ) {
        pen.fillRect(
          this.left(column * TILE - HALF),
          this.top((row + 1) * TILE - HALF),
          TILE * scale,
          TILE * scale,
        );
      }
    }
    pen.lineWidth = 3;
    pen.strokeStyle = palette.edge;
    pen.strokeRect(left, top, edge, edge);
  }

  #wallShadows(): void {
    const pen = this.#pen;
    pen.fillStyle = palette.shadow;
    for (const wall of walls) {
      if (!this.inSight(wall.x, wall.y, wall.width + wall.depth)) continue;
      const left = this.left(wall.x - wall.width / 2);
      const top = this.top(wall.y + wall.depth / 2);
      const offset = 0.35 * this.#scale;
      pen.fillRect(left + offset, top + offset, wall.width * this.#scale, wall.depth * this.#scale);
    }
  }

  #walls(): void {
    const pen = this.#pen;
    const scale = this.#scale;
    const rise = RISE * scale;
    for (const wall of walls) {
      if (!this.inSight(wall.x, wall.y, wall.width + wall.depth)) continue;
      const left = this.left(wall.x - wall.width / 2);
      const top = this.top(wall.y + wall.depth / 2);
      const width = wall.width * scale;
      const depth = wall.depth * scale;
      pen.fillStyle = palette.wallSide;
      pen.fillRect(left, top, width, depth);
      pen.fillStyle = palette.wallTop;
      pen.fillRect(left, top - rise, width, depth);
      pen.fillStyle = palette.wallRim;
      pen.fillRect(left, top - rise, width, Math.max(1.5, 0.06 * scale));
    }
  }

  #crate(crate: ShownEntity & { kind: 'crate' }, tick: number): void {
    if (!this.inSight(crate.x, crate.y, 2)) return;
    const pen = this.#pen;
    const scale = this.#scale;
    const half = (0.62 + 0.05 * Math.sin(tick / 9 + crate.x)) * scale;
    const x = this.left(crate.x);
    const y = this.top(crate.y);
    const content = contents[crate.content] ?? 'medkit';
    const colour =
      content === 'medkit' ? palette.mint : content === 'rapid' ? palette.gold : palette.sky;
    pen.fillStyle = palette.shadow;
    round(pen, x - half + 4, y - half + 5, half * 2, half * 2, half * 0.35);
    pen.fill();
    pen.fillStyle = palette.night;
    pen.strokeStyle = colour;
    pen.lineWidth = Math.max(2, 0.1 * scale);
    round(pen, x - half, y - half, half * 2, half * 2, half * 0.35);
    pen.fill();
    pen.stroke();
    pen.beginPath();
    if (content === 'medkit') {
      pen.moveTo(x - half * 0.5, y);
      pen.lineTo(x + half * 0.5, y);
      pen.moveTo(x, y - half * 0.5);
      pen.lineTo(x, y + half * 0.5);
    } else if (content === 'rapid') {
      for (const shift of [-0.42, 0, 0.42]) {
        pen.moveTo(x + half * (shift - 0.16), y - half * 0.42);
        pen.lineTo(x + half * (shift + 0.16), y);
        pen.lineTo(x + half * (shift - 0.16), y + half * 0.42);
      }
    } else {
      pen.moveTo(x - half * 0.5, y + half * 0.45);
      pen.lineTo(x + half * 0.5, y - half * 0.45);
    }
    pen.stroke();
  }

  #bolt(bolt: ShownEntity): void {
    if (!this.inSight(bolt.x, bolt.y, 2)) return;
    const pen = this.#pen;
    const speed = Math.hypot(bolt.vx, bolt.vy) || 1;
    const length = 0.7;
    const x = this.left(bolt.x);
    const y = this.top(bolt.y);
    const tailX = this.left(bolt.x - (bolt.vx / speed) * length);
    const tailY = this.top(bolt.y - (bolt.vy / speed) * length);
    pen.lineCap = 'round';
    pen.strokeStyle = 'rgba(242, 184, 75, 0.28)';
    pen.lineWidth = 0.42 * this.#scale;
    line(pen, tailX, tailY, x, y);
    pen.strokeStyle = bolt.predicted ? palette.ink : palette.gold;
    pen.lineWidth = 0.18 * this.#scale;
    line(pen, tailX, tailY, x, y);
  }

  #player(player: ShownPlayer, own: boolean): void {
    if (!this.inSight(player.x, player.y, 2)) return;
    const pen = this.#pen;
    const scale = this.#scale;
    const x = this.left(player.x);
    const y = this.top(player.y);
    const radius = 0.5 * scale;
    const colour = playerColour(player.colour);
    pen.fillStyle = palette.shadow;
    disc(pen, x + 0.12 * scale, y + 0.16 * scale, radius);
    pen.lineCap = 'round';
    pen.strokeStyle = darker(colour, 0.55);
    pen.lineWidth = 0.34 * scale;
    line(
      pen,
      x,
      y,
      x + Math.cos(player.aim) * 0.78 * scale,
      y - Math.sin(player.aim) * 0.78 * scale,
    );
    pen.fillStyle = darker(colour, 0.42);
    disc(pen, x, y, radius);
    pen.fillStyle = colour;
    disc(pen, x, y, radius * 0.8);
    if (player.protected) {
      pen.strokeStyle = palette.sky;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(x, y, radius * 1.35, 0, Math.PI * 2);
      pen.stroke();
    }
    if (own) {
      pen.strokeStyle = palette.own;
      pen.lineWidth = Math.max(1.5, 0.08 * scale);
      pen.beginPath();
      pen.arc(x, y, radius, 0, Math.PI * 2);
      pen.stroke();
    } else {
      this.#label(player.name, x, y - radius - 0.36 * scale);
      if (player.health < 100) this.#health(player.health, x, y + radius + 0.2 * scale);
    }
  }

  #health(health: number, x: number, y: number): void {
    const pen = this.#pen;
    const width = 1.1 * this.#scale;
    pen.fillStyle = 'rgba(0, 0, 0, 0.5)';
    pen.fillRect(x - width / 2, y, width, 4);
    pen.fillStyle = health > 35 ? palette.mint : palette.rose;
    pen.fillRect(x - width / 2, y, (width * Math.max(0, health)) / 100, 4);
  }

  /** Text is slow to draw: each name is drawn once and kept as a picture. */
  #label(name: string, x: number, y: number): void {
    let picture = this.#labels.get(name);
    if (!picture) {
      if (this.#labels.size > LABELS_MAX) this.#labels.clear();
      picture = document.createElement('canvas');
      const pen = picture.getContext('2d');
      if (!pen) return;
      const font = '600 26px ui-sans-serif, system-ui, "DejaVu Sans", sans-serif';
      pen.font = font;
      picture.width = Math.ceil(pen.measureText(name).width) + 12;
      picture.height = 36;
      pen.font = font;
      pen.fillStyle = 'rgba(0, 0, 0, 0.6)';
      pen.fillText(name, 7, 28);
      pen.fillStyle = palette.ink;
      pen.fillText(name, 6, 26);
      this.#labels.set(name, picture);
    }
    const width = picture.width / 2;
    this.#pen.drawImage(picture, x - width / 2, y - 10, width, 18);
  }

  #map(view: View): void {
    const pen = this.#pen;
    const { left, top, width: edge } = this.#mapBox;
    if (edge === 0) return;
    const unit = edge / ARENA_SIZE;
    pen.globalAlpha = 0.82;
    pen.fillStyle = palette.night;
    round(pen, left, top, edge, edge, 10);
    pen.fill();
    pen.fillStyle = palette.edge;
    for (const wall of walls) {
      pen.fillRect(
        left + (wall.x - wall.width / 2 + HALF) * unit,
        top + (HALF - wall.y - wall.depth / 2) * unit,
        Math.max(1, wall.width * unit),
        Math.max(1, wall.depth * unit),
      );
    }
    pen.globalAlpha = 1;
    for (const player of view.players) {
      if (!player.alive) continue;
      pen.fillStyle = player === view.me ? palette.own : playerColour(player.colour);
      disc(
        pen,
        left + (player.x + HALF) * unit,
        top + (HALF - player.y) * unit,
        player === view.me ? 3.5 : 2.5,
      );
    }
  }
}

function line(pen: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

function disc(pen: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, Math.PI * 2);
  pen.fill();
}

function round(
  pen: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  radius: number,
): void {
  pen.beginPath();
  pen.roundRect(x, y, width, height, radius);
}

/** World units of one floor tile. */
const TILE = 4;
/** World units shown at most from the middle to the farther edge: less than the view radius. */
const FARTHEST = 20;
/** Above this a software rasteriser pays for pixels nobody sees. */
const PIXEL_RATIO_MAX = 1.5;
const LABELS_MAX = 200;
