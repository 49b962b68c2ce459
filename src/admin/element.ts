/** Elements, and tables that change in place: focus and scroll stay where they are while figures move. */
export function byId<E extends HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

export function element(name: string, text = '', className = ''): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  if (className !== '') made.className = className;
  return made;
}

export interface Column<R> {
  readonly head: string;
  readonly number?: boolean;
  /** Text of a cell, or what fills it anew. */
  readonly cell: (row: R) => string | HTMLElement;
}

/** One button before each row: at hand on a narrow screen too. */
export interface RowButton<R> {
  readonly text: string;
  readonly label: (row: R) => string;
  readonly press: (row: R) => void;
}

export interface TableOf<R> {
  readonly columns: readonly Column<R>[];
  /** Rows of one key are the same row. */
  readonly key: (row: R) => string;
  readonly empty: string;
  readonly button?: RowButton<R>;
}

/** A table inside `place`; the answer shows rows. */
export function table<R>(place: HTMLElement, of: TableOf<R>): (rows: readonly R[]) => void {
  const grid = element('table');
  const head = element('tr');
  if (of.button !== undefined) head.append(element('th'));
  for (const { head: text, number } of of.columns) {
    const cell = element('th', text, number === true ? 'number' : '');
    cell.setAttribute('scope', 'col');
    head.append(cell);
  }
  const body = element('tbody');
  const top = element('thead');
  top.append(head);
  grid.append(top, body);
  place.append(grid);
  const lines = new Map<string, { row: R; line: HTMLElement }>();
  const none = element('tr');
  const cell = element('td', of.empty, 'empty');
  cell.setAttribute('colspan', String(of.columns.length + 1));
  none.append(cell);
  return (rows) => {
    const keys = new Set(rows.map(of.key));
    for (const [key, { line }] of lines) {
      if (keys.has(key)) continue;
      line.remove();
      lines.delete(key);
    }
    rows.forEach((row, at) => {
      const kept = lines.get(of.key(row)) ?? newLine(of, row);
      kept.row = row;
      lines.set(of.key(row), kept);
      fill(of, row, kept.line);
      if (body.children[at] !== kept.line) body.insertBefore(kept.line, body.children[at] ?? null);
    });
    if (rows.length === 0) body.append(none);
    else none.remove();
  };
}

function newLine<R>(of: TableOf<R>, row: R): { row: R; line: HTMLElement } {
  const line = element('tr');
  const kept = { row, line };
  for (const { number } of of.columns)
    line.append(element('td', '', number === true ? 'number' : ''));
  if (of.button === undefined) return kept;
  const { text, label, press } = of.button;
  const button = element('button', text) as HTMLButtonElement;
  button.type = 'button';
  button.setAttribute('aria-label', label(row));
  button.addEventListener('click', () => press(kept.row));
  const cell = element('td');
  cell.append(button);
  line.prepend(cell);
  return kept;
}

function fill<R>(of: TableOf<R>, row: R, line: HTMLElement): void {
  const first = of.button === undefined ? 0 : 1;
  of.columns.forEach(({ cell }, at) => {
    const shown = cell(row);
    const place = line.children[first + at] as HTMLElement;
    if (typeof shown !== 'string') place.replaceChildren(shown);
    else if (place.textContent !== shown) place.textContent = shown;
  });
}
