/** What is in sight: where, how old, what it costs, how often its state is due; and the fields of the one that is chosen. */
import type { Game, GameSchema } from '../client/game.ts';
import type { SchemaLayout } from '../schema/layout.ts';
import { made, Rows, type Section } from './section.ts';

/** A row of the view, whatever its schema. */
interface Seen extends Readonly<Record<string, unknown>> {
  readonly kind: string;
  readonly handle: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly predicted: boolean;
  readonly own?: boolean;
  readonly name?: string;
}

export class EntitiesSection implements Section {
  readonly title = 'Entities';
  readonly body = made('div');
  readonly #game: Game<GameSchema>;
  readonly #layout: SchemaLayout;
  readonly #table = made('tbody');
  readonly #fields = new Rows();
  readonly #lines: Line[] = [];
  readonly #note = made('p', 'note');
  #chosen = 0;

  constructor(game: Game<GameSchema>) {
    this.#game = game;
    this.#layout = game.schema.layout;
    const table = made('table');
    const head = made('tr');
    for (const [name, title] of HEADS) {
      const cell = made('th', '', name);
      cell.title = title;
      head.append(cell);
    }
    const top = made('thead');
    top.append(head);
    table.append(top, this.#table);
    const scroll = made('div', 'table');
    scroll.append(table);
    this.body.append(scroll, this.#fields.element, this.#note);
    this.#table.addEventListener('keydown', (event) => this.#key(event));
  }

  write(nowMs: number): void {
    const view = this.#game.view(nowMs);
    const me = view.me as unknown as Seen | null;
    const all = [...view.players, ...view.entities] as unknown as readonly Seen[];
    const away = (row: Seen): number =>
      me ? Math.hypot(row.x - me.x, row.y - me.y, row.z - me.z) : 0;
    const near = [...all].sort((a, b) => away(a) - away(b));
    const rows = near.slice(0, ROWS_MAX);
    while (this.#lines.length < rows.length) this.#lines.push(this.#line());
    let sum = 0;
    for (const row of all) if (isTold(row)) sum += this.#game.costOf(row.handle).bits;
    this.#lines.forEach((line, k) => {
      const row = rows[k];
      line.row.hidden = row === undefined;
      if (row) this.#fill(line, row, away(row), me);
    });
    const chosen = all.find(({ handle }) => handle === this.#chosen) ?? me ?? undefined;
    this.#fields.write(chosen ? fieldsOf(chosen, this.#layout) : []);
    this.#note.textContent =
      `${all.length} shown${all.length > rows.length ? `, the nearest ${rows.length} listed` : ''}. ` +
      `Their newest states: ${(sum / 8).toFixed(0)} B. ` +
      'Tiers are those of the schema; a server with too much to do sends more seldom. ' +
      'Priorities are known to the server alone.';
  }

  #line(): Line {
    const row = made('tr');
    const pick = made('button');
    pick.type = 'button';
    const first = made('td');
    first.append(pick);
    const cells = HEADS.slice(1).map(() => made('td'));
    row.append(first, ...cells);
    const line: Line = { row, pick, cells, handle: 0 };
    row.addEventListener('click', () => {
      this.#chosen = line.handle;
      for (const { row: other } of this.#lines)
        other.setAttribute('aria-selected', String(other === row));
    });
    this.#table.append(row);
    return line;
  }

  #fill(line: Line, row: Seen, away: number, me: Seen | null): void {
    const { tick, bits } = this.#game.costOf(row.handle);
    const told = isTold(row);
    const age = told ? `${this.#game.stats.snapshotTick - tick}` : '–';
    const texts = [
      away.toFixed(1),
      age,
      told ? (bits / 8).toFixed(1) : '–',
      told ? tierOf(row, me, this.#game) : '–',
    ];
    line.handle = row.handle;
    write(line.pick, row.name ? row.name : `${row.kind} ${row.handle & 0xffff}`);
    texts.forEach((text, k) => {
      const cell = line.cells[k];
      if (cell) write(cell, text);
    });
    line.row.setAttribute('aria-selected', String(row.handle === this.#chosen));
  }

  /** Up and down go from row to row. */
  #key(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const at = this.#lines.findIndex(({ pick }) => pick === event.target);
    const next = this.#lines[at + step];
    if (next && !next.row.hidden) next.pick.focus();
  }
}

interface Line {
  readonly row: HTMLElement;
  readonly pick: HTMLElement;
  readonly cells: readonly HTMLElement[];
  handle: number;
}

/** The server tells of it as of any other: it is neither the own player, which is part of every snapshot, nor a shot ahead of it. */
function isTold(row: Seen): boolean {
  return !(row.predicted || (row.kind === 'player' && row.own === true));
}

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** How often its state is due, by the schema's rule of distance: never further apart than the interpolation delay. */
function tierOf(row: Seen, me: Seen | null, game: Game<GameSchema>): string {
  if (!me) return '–';
  const { net } = game.schema.layout;
  const radius = Number(me['viewRadius'] ?? 0);
  const away = Math.hypot(row.x - me.x, row.y - me.y);
  const beyond = (from: number): boolean => from > 0 && away > from * radius;
  const wished = beyond(net.quarterRateFrom) ? 4 : beyond(net.halfRateFrom) ? 2 : 1;
  const most = Math.max(1, Math.floor(game.interpolationTicks / net.sendEvery));
  return `1/${wished <= most ? wished : most >= 2 ? 2 : 1}`;
}

/** Everything that this client knows of it: what every entity has, then its declared fields. */
function fieldsOf(row: Seen, layout: SchemaLayout): (readonly [string, string])[] {
  const kind = layout.kinds.find(({ name }) => name === row.kind);
  const declared = [...(kind?.fields ?? []), ...(kind?.texts ?? [])].filter(
    ({ name, audience }) =>
      !name.startsWith('$') && audience !== 'none' && (audience !== 'owner' || row.own === true),
  );
  const names = [...BASE, ...(row.own === true && row.kind === 'player' ? OWN : [])];
  return [
    ['handle', `${row.handle} (index ${row.handle & 0xffff})`],
    ...names
      .filter((name) => row[name] !== undefined)
      .map((name) => [name, textOf(row[name])] as const),
    ...declared.map(({ name, audience }) => [`${name} · ${audience}`, textOf(row[name])] as const),
  ];
}

function textOf(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(3) : String(value);
}

const HEADS = [
  ['entity', 'nearest first'],
  ['away', 'units from the own player'],
  ['age', 'ticks that its newest state is older than the newest snapshot'],
  ['B', 'bytes that its newest state took'],
  ['tier', 'snapshots that carry its state, by the schema'],
] as const;
const BASE = [
  ...['kind', 'id', 'name', 'bot', 'x', 'y', 'z', 'vx', 'vy', 'vz', 'aim', 'pitch'],
  ...['health', 'team', 'weapon', 'radius', 'height', 'owner', 'predicted'],
];
const OWN = [
  ...['topSpeed', 'acceleration', 'friction', 'viewRadius', 'grounded', 'crouched', 'protected'],
  ...['dashReady', 'weaponReady'],
];
/** Rows of the table. */
const ROWS_MAX = 40;
