/** The page of `fray bench --out FILE.html`: goals first, then each benchmark with its pictures and all its rows, met or missed alike. */
import type { PageReport } from '../../src/cli/bench-page.ts';
import type { BenchOutcome, BenchRow } from '../../src/cli/bench-report.ts';
import 'uplot/dist/uPlot.min.css';
import './style.css';
import { picture, roundsPicture } from './pictures.ts';

const report = JSON.parse(document.getElementById('run')?.textContent ?? '') as PageReport;
const main = document.getElementById('report') as HTMLElement;
/** Pictures are drawn once they stand in the page, which gives them their width; and anew with another width or other colours. */
const drawn: (() => void)[] = [];

fill();
drawAll();
let width = main.clientWidth;
new ResizeObserver(() => {
  if (main.clientWidth === width) return;
  width = main.clientWidth;
  drawAll();
}).observe(main);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);

function drawAll(): void {
  for (const draw of drawn) draw();
}

function fill(): void {
  const { head, goals, benches } = report;
  const count = (state: string): number => goals.filter((goal) => goal.state === state).length;
  main.append(
    element('h1', `Fray's benchmarks: ${count('met')} of ${goals.length} goals met`),
    element(
      'p',
      `${count('missed')} missed, ${count('not run')} not shown by this run. ${head.machine}, ${head.memoryGb} GB, ${head.kernel}, ` +
        `node ${head.node}, v8 ${head.v8}, fray ${head.fray}, core ${head.core}, seed ${head.seed}, ${head.when} UTC.` +
        (head.quick ? ' Short forms (--quick): figures are coarse.' : ''),
      'faint',
    ),
    element(
      'p',
      'CPU time of whole processes where nothing else is said. A ratio is of one round in which both sides took turns: the median, and in brackets the least and the most.',
      'faint',
    ),
  );
  const cards = element('section', '', 'goals');
  for (const { id, what, goal, by, state, lines } of goals) {
    const card = element('article', '', `card ${state === 'not run' ? '' : state}`);
    card.append(
      element('span', state === 'not run' ? `not run: ${by}` : state, 'state'),
      element('h3', `${id} ${what}`),
      element('p', goal, 'faint'),
    );
    const list = element('ul');
    for (const line of lines) list.append(element('li', line));
    if (lines.length > 0) card.append(list);
    cards.append(card);
  }
  main.append(cards);
  for (const bench of benches) main.append(...benchOf(bench));
}

function benchOf(bench: BenchOutcome): HTMLElement[] {
  const head = element('h2', `${bench.name} `);
  head.id = bench.name;
  head.append(element('small', `${bench.summary}; ${bench.seconds} s`));
  const parts = [head];
  if (bench.failure !== null) parts.push(element('p', `Failed: ${bench.failure}`, 'failure'));
  const pictures = element('div', '', 'pictures');
  for (const chart of bench.charts) {
    const figure = element('figure');
    figure.append(element('figcaption', chart.title));
    const place = element('div');
    figure.append(place);
    pictures.append(figure);
    drawn.push(() => picture(place, chart));
  }
  if (bench.charts.length > 0) parts.push(pictures);
  const judged = bench.rows.filter((row) => row.goal !== null || row.ratio !== null);
  const rows = element('div', '', 'rows');
  for (const row of judged) rows.append(rowOf(row));
  if (judged.length > 0) parts.push(rows);
  const plain = bench.rows.filter((row) => !judged.includes(row));
  if (plain.length > 0) parts.push(tableOf(plain));
  for (const { peer, more } of report.more) {
    if (!bench.rows.some((row) => row.peerName === peer && row.more?.peer === more.peer)) continue;
    parts.push(
      element('p', `${peer}, settings: ${more.settings}`, 'faint'),
      element('p', `${peer} does more: ${more.peer}`, 'faint'),
      element('p', `Ours does more: ${more.ours}`, 'faint'),
    );
  }
  if (bench.progress.length > 0) {
    const details = element('details');
    details.append(
      element('summary', `What it said: ${bench.progress.length} lines`),
      element('pre', bench.progress.join('\n')),
    );
    parts.push(details);
  }
  return parts;
}

function rowOf(row: BenchRow): HTMLElement {
  const state = row.met === null ? '' : row.met ? 'met' : 'missed';
  const said = report.said[row.name];
  const card = element('article', '', `card ${state}`);
  if (state !== '') card.append(element('span', state, 'state'));
  card.append(
    element('h3', row.name),
    element('strong', number(row.ours)),
    element('span', ` ${row.unit}`, 'faint'),
  );
  if (row.ratio !== null)
    card.append(element('p', `${row.peerName}: ${number(row.peer ?? 0)}; ${said?.ratio}`));
  if (row.goal !== null) {
    const by = said?.by ? `, missed by ${said.by}` : '';
    const id = row.goalId === null ? '' : `${row.goalId}: `;
    card.append(element('p', `${id}${row.goal}${by}`, 'faint'));
  }
  if (row.rounds.length > 1) {
    const place = element('div');
    card.append(place);
    drawn.push(() => roundsPicture(place, row));
  }
  return card;
}

function tableOf(rows: readonly BenchRow[]): HTMLElement {
  const box = element('div', '', 'plain');
  box.style.marginTop = '0.75rem';
  const table = element('table');
  for (const row of rows) {
    const line = element('tr');
    line.append(
      element('td', row.name),
      element('td', number(row.ours)),
      element('td', row.unit, 'faint'),
    );
    table.append(line);
  }
  box.append(table);
  return box;
}

function number(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en');
  return size >= 100 ? value.toFixed(0) : value.toFixed(size >= 10 ? 1 : 2);
}

function element(name: string, text = '', className = ''): HTMLElement {
  const made = document.createElement(name);
  if (text !== '') made.textContent = text;
  if (className.trim() !== '') made.className = className.trim();
  return made;
}
