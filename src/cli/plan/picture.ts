/** The simulated day as a picture: a chart of characters, and one SVG that needs nothing. Pure. */
import type { Day } from './day.ts';
import { DAY_MINUTES } from './day.ts';

/** Two charts over the hours: players, and hosts that run. */
export function dayChart(day: Day): string {
  const columns = Array.from({ length: WIDTH }, (_, column) => {
    const from = Math.floor((column * DAY_MINUTES) / WIDTH);
    const to = Math.floor(((column + 1) * DAY_MINUTES) / WIDTH);
    return day.minutes.slice(from, to);
  });
  const most = (read: (one: Day['minutes'][number]) => number): number[] =>
    columns.map((minutes) => Math.max(...minutes.map(read)));
  return [
    chart(
      'players',
      most((one) => one.players),
    ),
    chart(
      'hosts',
      most((one) => one.hosts + one.draining + one.starting),
    ),
    `${' '.repeat(9)}0 h${' '.repeat(WIDTH / 4 - 4)}6${' '.repeat(WIDTH / 4 - 2)}12${' '.repeat(WIDTH / 4 - 3)}18${' '.repeat(WIDTH / 4 - 4)}24`,
  ].join('\n');
}

function chart(name: string, values: readonly number[]): string {
  const top = Math.max(1, ...values);
  const rows = Array.from({ length: HEIGHT }, (_, row) => {
    const floor = HEIGHT - 1 - row;
    const cells = values.map((value) => {
      const eighths = Math.round(((value / top) * HEIGHT - floor) * 8);
      return BLOCKS[Math.max(0, Math.min(8, eighths))] ?? ' ';
    });
    const label = row === 0 ? top.toLocaleString('en-US') : row === HEIGHT - 1 ? name : '';
    return `${label.padStart(7)} |${cells.join('')}`.trimEnd();
  });
  return rows.join('\n');
}

export function daySvg(day: Day, title: string): string {
  const { minutes } = day;
  const playersMost = Math.max(1, day.playersMost);
  const hostsMost = Math.max(1, day.hostsMost);
  const x = (minute: number): number => LEFT + (minute / DAY_MINUTES) * PLOT_WIDTH;
  const area = (
    read: (one: Day['minutes'][number]) => number,
    at: { top: number; most: number },
  ): string => {
    const y = (value: number): number => at.top + PLOT_HEIGHT * (1 - value / at.most);
    const line = minutes.map((one, minute) => `${x(minute).toFixed(1)},${y(read(one)).toFixed(1)}`);
    return `M${x(0)},${y(0)} L${line.join(' ')} L${x(minutes.length - 1).toFixed(1)},${y(0)} Z`;
  };
  const [players, hosts] = [TOP, TOP + PLOT_HEIGHT + GAP];
  const running = (one: Day['minutes'][number]): number => one.hosts + one.draining + one.starting;
  const hours = [0, 6, 12, 18, 24].map(
    (hour) =>
      `<text x="${x(hour * 60).toFixed(0)}" y="${hosts + PLOT_HEIGHT + 16}" text-anchor="middle">${hour} h</text>`,
  );
  const label = (text: string, y: number): string =>
    `<text x="${LEFT - 6}" y="${y}" text-anchor="end">${text}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + PLOT_WIDTH + 20} ${hosts + PLOT_HEIGHT + 28}" font-family="system-ui, sans-serif" font-size="11" fill="#222">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="${LEFT}" y="16" font-size="13">${escaped(title)}</text>`,
    `<path d="${area((one) => one.players, { top: players, most: playersMost })}" fill="#4477aa"/>`,
    `<path d="${area(running, { top: hosts, most: hostsMost })}" fill="#bbbbbb"/>`,
    `<path d="${area((one) => one.hosts + one.draining, { top: hosts, most: hostsMost })}" fill="#ccbb44"/>`,
    `<path d="${area((one) => one.hosts, { top: hosts, most: hostsMost })}" fill="#228833"/>`,
    label(playersMost.toLocaleString('en-US'), players + 8),
    label('players', players + PLOT_HEIGHT),
    label(String(hostsMost), hosts + 8),
    label('hosts', hosts + PLOT_HEIGHT),
    `<text x="${LEFT + PLOT_WIDTH}" y="${hosts - 6}" text-anchor="end">green: take players; yellow: drain; grey: start</text>`,
    ...hours,
    '</svg>',
    '',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

const WIDTH = 96;
const HEIGHT = 8;
const BLOCKS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const LEFT = 60;
const TOP = 28;
const PLOT_WIDTH = 720;
const PLOT_HEIGHT = 130;
const GAP = 30;
