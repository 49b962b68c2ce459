/** F3: what the line does, what the last shot was judged by, and sliders that make the line worse. */
import type { Game } from 'fray/client';
import type { outpost } from '../schema.ts';
import { element } from './hud.ts';
import type { Receipts } from './receipts.ts';

const ROWS = [
  'frames',
  'draw calls',
  'round trip',
  'loss',
  'snapshot',
  'correction',
  'input margin',
  'buffer',
  'visible',
  'transport',
  'last shot',
] as const;

const sliders = [
  { key: 'rtt', label: 'delay', unit: 'ms', max: 400 },
  { key: 'jitter', label: 'jitter', unit: 'ms', max: 100 },
  { key: 'loss', label: 'loss', unit: '%', max: 30 },
] as const;

const WRITE_MS = 250;

export class NetGraph {
  readonly #game: Game<typeof outpost>;
  readonly #receipts: Receipts;
  readonly #panel = element('net');
  readonly #cells = new Map<string, HTMLElement>();
  #dueMs = 0;
  #frames = 0;

  /** `signal` ends it. */
  constructor(game: Game<typeof outpost>, receipts: Receipts, signal: AbortSignal) {
    this.#game = game;
    this.#receipts = receipts;
    const list = document.createElement('dl');
    for (const name of ROWS) {
      const term = document.createElement('dt');
      term.textContent = name;
      const value = document.createElement('dd');
      list.append(term, value);
      this.#cells.set(name, value);
    }
    this.#panel.hidden = true;
    this.#panel.replaceChildren(list, ...this.#sliders());
    const key = (event: KeyboardEvent) => {
      if (event.key !== 'F3') return;
      event.preventDefault();
      this.#panel.hidden = !this.#panel.hidden;
      this.#receipts.watch(!this.#panel.hidden);
    };
    addEventListener('keydown', key, { signal });
  }

  /** Call once a frame; writes nothing while hidden. */
  draw(nowMs: number, drawCalls: number): void {
    this.#receipts.show(nowMs);
    this.#frames += 1;
    if (nowMs < this.#dueMs) return;
    const seconds = (nowMs - this.#dueMs + WRITE_MS) / 1000;
    const frames = this.#frames;
    this.#dueMs = nowMs + WRITE_MS;
    this.#frames = 0;
    if (this.#panel.hidden) return;
    const { stats } = this.#game;
    this.#write('frames', `${(frames / seconds).toFixed(0)} /s`);
    this.#write('draw calls', String(drawCalls));
    this.#write('round trip', `${stats.rttMs.toFixed(0)} ms`);
    this.#write('loss', `${stats.lossPercent.toFixed(1)} %`);
    this.#write('snapshot', `${stats.bytesPerSnapshot.toFixed(0)} B`);
    this.#write('correction', `${stats.correctionUnits.toFixed(3)} units`);
    this.#write('input margin', `${stats.marginTicks.toFixed(1)} ticks`);
    this.#write('buffer', `${stats.bufferTicks.toFixed(1)} ticks`);
    this.#write('visible', String(stats.visible));
    this.#write('transport', stats.transport);
    this.#write('last shot', this.#receipts.text);
  }

  #write(name: (typeof ROWS)[number], text: string): void {
    const cell = this.#cells.get(name);
    if (cell && cell.textContent !== text) cell.textContent = text;
  }

  #sliders(): HTMLElement[] {
    const link = { rtt: 0, jitter: 0, loss: 0 };
    return sliders.map(({ key, label, unit, max }) => {
      const line = document.createElement('label');
      const input = document.createElement('input');
      input.type = 'range';
      input.min = '0';
      input.max = String(max);
      input.value = '0';
      input.dataset['link'] = key;
      const output = document.createElement('output');
      output.textContent = `0 ${unit}`;
      input.addEventListener('input', () => {
        link[key] = Number(input.value);
        output.textContent = `${input.value} ${unit}`;
        this.#game.link(link);
      });
      line.append(label, input, output);
      return line;
    });
  }
}
