/** What happened to this client, newest first: corrections, late commands, own shots and hits, changes of the line, notes of the author. */
import type { Game, GameSchema } from '../client/game.ts';
import { COLOUR, made, penOf, type Section } from './section.ts';

interface Line {
  readonly ms: number;
  readonly tick: number;
  readonly kind: string;
  readonly text: string;
}

export class TimelineSection implements Section {
  readonly title = 'Timeline';
  readonly body = made('div');
  readonly #game: Game<GameSchema>;
  readonly #strip = made('canvas');
  readonly #list = made('ol');
  readonly #lines: Line[] = [];
  readonly #off: readonly (() => void)[];
  #written: Line | undefined;
  #corrections = 0;
  #late = 0;
  #touched = 0;
  #transport = '';

  constructor(game: Game<GameSchema>) {
    this.#game = game;
    this.#strip.setAttribute('role', 'img');
    this.#strip.setAttribute('aria-label', 'The last ten seconds, a lane for each kind');
    this.#list.tabIndex = 0;
    this.#list.setAttribute('aria-label', 'Timeline, newest first');
    this.body.append(this.#strip, this.#list);
    const { stats } = game;
    this.#corrections = stats.corrections;
    this.#late = stats.commandsLate;
    this.#transport = stats.transport;
    this.#off = [
      game.on('event', ({ kind, own, object, damage, weapon }) => {
        if (own && kind === 'shot') this.note('shot', weapon);
        else if (own && kind === 'hit')
          this.note('hit', `${damage} points, ${nameOf(game, object)}`);
        else if (object === game.handle) this.note(kind, `own player, ${damage} points`);
      }),
      game.on('setback', ({ ticksLost, messagesLost }) =>
        this.note('setback', `${ticksLost} ticks, ${messagesLost} messages lost`),
      ),
      game.on('fault', ({ code }) => this.note('fault', code)),
      game.on('status', (status) => this.note('status', status)),
    ];
  }

  note(kind: string, text: string): void {
    this.#lines.push({ ms: performance.now(), tick: this.#game.stats.snapshotTick, kind, text });
    if (this.#lines.length > LINES_MAX) this.#lines.shift();
  }

  look(): void {
    const { stats } = this.#game;
    if (stats.corrections !== this.#corrections) {
      this.#corrections = stats.corrections;
      const cause =
        stats.touchedTicks === this.#touched ? 'nothing touched it' : 'touched from outside';
      this.note('correction', `${stats.correctionUnits.toFixed(3)} units, ${cause}`);
    }
    this.#touched = stats.touchedTicks;
    if (stats.commandsLate !== this.#late) {
      this.note('late', `${stats.commandsLate - this.#late} commands after their tick`);
      this.#late = stats.commandsLate;
    }
    if (stats.transport !== this.#transport) {
      this.#transport = stats.transport;
      this.note('transport', `${stats.transport}: ${stats.transportWhy}`);
    }
  }

  write(nowMs: number): void {
    this.#draw(nowMs);
    const newest = this.#lines.at(-1);
    if (newest === this.#written) return;
    this.#written = newest;
    const shown = this.#lines.slice(-LINES_SHOWN).reverse();
    this.#list.replaceChildren(
      ...shown.map(({ tick, kind, text }) => {
        const line = made('li');
        line.dataset['kind'] = kind;
        line.append(made('span', '', String(tick)), made('span', '', kind), made('span', '', text));
        return line;
      }),
    );
  }

  close(): void {
    for (const off of this.#off) off();
  }

  /** A lane for each kind, its name at its left: nobody has to tell colours apart. */
  #draw(nowMs: number): void {
    const pen = penOf(this.#strip);
    if (!pen) return;
    const { clientWidth: width, clientHeight: height } = this.#strip;
    const recent = this.#lines.filter(({ ms }) => nowMs - ms < SPAN_MS);
    const lanes = LANES.map(([kind]) => kind as string);
    const others = recent.map(({ kind }) => kind).find((kind) => !lanes.includes(kind));
    const all = [...LANES, [others ?? 'other', COLOUR.good] as const];
    const tall = height / all.length;
    pen.font = `${Math.min(10, tall - 1)}px ui-sans-serif, system-ui, sans-serif`;
    pen.textBaseline = 'middle';
    all.forEach(([name, colour], lane) => {
      const middle = (lane + 0.5) * tall;
      pen.fillStyle = COLOUR.dim;
      pen.fillText(name, 4, middle);
      pen.fillStyle = colour;
      for (const { kind, ms } of recent) {
        const here = lanes.includes(kind) ? kind === name : lane === all.length - 1;
        if (!here) continue;
        const left = LABEL_WIDTH + (width - LABEL_WIDTH) * (1 - (nowMs - ms) / SPAN_MS);
        pen.fillRect(left - 1, middle - tall * 0.4, 2, tall * 0.8);
      }
    });
  }
}

function nameOf(game: Game<GameSchema>, handle: number): string {
  return game.roster.find((row) => row.handle === handle)?.name ?? `entity ${handle & 0xffff}`;
}

const LANES = [
  ['correction', COLOUR.warn],
  ['late', COLOUR.bad],
  ['shot', COLOUR.calm],
  ['hit', COLOUR.ink],
] as const;
const LINES_MAX = 200;
const LINES_SHOWN = 60;
/** ms from the left of the strip to its right. */
const SPAN_MS = 10_000;
/** CSS pixels for the names of lanes. */
const LABEL_WIDTH = 62;
