/** Sliders that make the line worse, to see how the game bears it. */
import type { Game, GameSchema } from '../client/game.ts';
import { made, type Section } from './section.ts';

export class LinkSection implements Section {
  readonly title = 'Link';
  readonly body = made('div');
  readonly #game: Game<GameSchema>;
  readonly #values = { rtt: 0, jitter: 0, loss: 0, reorder: 0, duplicate: 0 };
  readonly #shown: (() => void)[] = [];

  constructor(game: Game<GameSchema>) {
    this.#game = game;
    for (const slider of SLIDERS) this.body.append(this.#slider(slider));
    const reset = made('button', '', 'as it is');
    reset.type = 'button';
    reset.title = 'All sliders to 0';
    reset.addEventListener('click', () => {
      for (const { key } of SLIDERS) this.#values[key] = 0;
      this.#set();
    });
    this.body.append(reset);
  }

  write(): void {}

  #slider({ key, label, unit, max }: (typeof SLIDERS)[number]): HTMLElement {
    const line = made('label', '', label);
    const input = made('input');
    input.type = 'range';
    input.min = '0';
    input.max = String(max);
    input.dataset['link'] = key;
    const output = made('output');
    input.addEventListener('input', () => {
      this.#values[key] = Number(input.value);
      this.#set();
    });
    const show = (): void => {
      input.value = String(this.#values[key]);
      output.textContent = `${this.#values[key]} ${unit}`;
    };
    show();
    this.#shown.push(show);
    line.append(input, output);
    return line;
  }

  #set(): void {
    this.#game.link(this.#values);
    for (const show of this.#shown) show();
  }
}

const SLIDERS = [
  { key: 'rtt', label: 'delay', unit: 'ms', max: 400 },
  { key: 'jitter', label: 'jitter', unit: 'ms', max: 100 },
  { key: 'loss', label: 'loss', unit: '%', max: 30 },
  { key: 'reorder', label: 'reorder', unit: '%', max: 20 },
  { key: 'duplicate', label: 'double', unit: '%', max: 20 },
] as const;
