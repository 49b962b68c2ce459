/** Sliders that make a line worse, to see how the game bears it. */
import type { LinkParams } from 'fray/client';

const sliders = [
  { key: 'rtt', label: 'delay', unit: 'ms', max: 400 },
  { key: 'jitter', label: 'jitter', unit: 'ms', max: 100 },
  { key: 'loss', label: 'loss', unit: '%', max: 30 },
] as const;

/** One line each; `set` is called with all of them when one was moved. */
export function linkSliders(set: (link: LinkParams) => void): HTMLElement[] {
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
      set(link);
    });
    line.append(label, input, output);
    return line;
  });
}
