/** F3: what the line does, and sliders that make it worse. */
import type { Game } from 'fray/client';
import { element } from '../../page-kit/element.ts';
import { linkSliders } from '../../page-kit/sliders.ts';
import type { arena } from '../schema.ts';
import { palette } from './palette.ts';
import { Receipts } from './receipts.ts';
import type { Scene } from './scene.ts';

type ArenaGame = Game<typeof arena>;

/** Snapshots shown in the strip. */
const COLUMNS = 120;

export class NetGraph {
  readonly #panel = element('net');
  readonly #pen: CanvasRenderingContext2D | null;
  readonly #rows = new Map<string, HTMLElement>();
  readonly #bytes = new Float32Array(COLUMNS);
  readonly #corrected = new Float32Array(COLUMNS);
  #column = 0;
  #snapshots = 0;
  #corrections = 0;
  #dueMs = 0;
  readonly #game: ArenaGame;
  readonly #receipts: Receipts;

  /** `signal` ends it. */
  constructor(game: ArenaGame, signal: AbortSignal) {
    this.#game = game;
    this.#receipts = new Receipts(game);
    const strip = document.createElement('canvas');
    strip.width = COLUMNS * 2;
    strip.height = 64;
    this.#pen = strip.getContext('2d');
    const list = document.createElement('dl');
    for (const name of [
      'round trip',
      'loss',
      'snapshot',
      'correction',
      'input margin',
      'buffer',
      'visible',
      'transport',
      'why',
      'last shot',
    ]) {
      const term = document.createElement('dt');
      term.textContent = name;
      const value = document.createElement('dd');
      list.append(term, value);
      this.#rows.set(name, value);
    }
    this.#panel.replaceChildren(strip, list, ...linkSliders((link) => this.#game.link(link)));
    const key = (event: KeyboardEvent) => {
      if (event.key !== 'F3') return;
      event.preventDefault();
      this.#panel.hidden = !this.#panel.hidden;
      this.#receipts.watch(!this.#panel.hidden);
    };
    addEventListener('keydown', key, { signal });
  }

  /** Call once a frame, after the scene; draws nothing while hidden. */
  draw(nowMs: number, scene: Scene): void {
    const stats = this.#game.stats;
    if (stats.snapshots !== this.#snapshots) {
      this.#snapshots = stats.snapshots;
      this.#column = (this.#column + 1) % COLUMNS;
      this.#bytes[this.#column] = stats.snapshotBytes;
      this.#corrected[this.#column] = stats.corrections === this.#corrections ? 0 : 1;
      this.#corrections = stats.corrections;
    }
    if (this.#panel.hidden) return;
    this.#receipts.draw(scene, nowMs);
    this.#strip();
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + 200;
    this.#write('round trip', `${stats.rttMs.toFixed(0)} ms`);
    this.#write('loss', `${stats.lossPercent.toFixed(1)} %`);
    this.#write('snapshot', `${stats.bytesPerSnapshot.toFixed(0)} B`);
    this.#write('correction', `${stats.correctionUnits.toFixed(3)} units`);
    this.#write('input margin', `${stats.marginTicks.toFixed(1)} ticks`);
    this.#write('buffer', `${stats.bufferTicks.toFixed(1)} ticks`);
    this.#write('visible', String(stats.visible));
    this.#write('transport', stats.transport);
    this.#write('why', this.#game.status === 'resuming' ? 'reconnecting' : stats.transportWhy);
    this.#write('last shot', this.#receipts.text);
  }

  #write(name: string, text: string): void {
    const row = this.#rows.get(name);
    if (row && row.textContent !== text) row.textContent = text;
  }

  /** Bytes of each snapshot as a column; red where the own player was corrected. */
  #strip(): void {
    const pen = this.#pen;
    if (!pen) return;
    pen.clearRect(0, 0, COLUMNS * 2, 64);
    for (let index = 0; index < COLUMNS; index += 1) {
      const at = (this.#column + 1 + index) % COLUMNS;
      const height = Math.min(62, (this.#bytes[at] ?? 0) / 3);
      pen.fillStyle = this.#corrected[at] ? palette.rose : palette.mint;
      pen.fillRect(index * 2, 64 - height, 1.5, height);
    }
  }
}
