/** The bar under a journal that is watched: time line with deaths, play, speed, whose eyes. Its style touches nothing of the page. */
import type { GameSchema } from '../client/game.ts';
import type { ReplayReport } from '../room/replay.ts';
import { MarkStrip } from './strip.ts';
import { BAR_STYLE } from './style.ts';
import type { Watched } from './watched.ts';

/**
 * Stands in `place` until the journal is closed. Keys of the whole page, but for those that are typed into a field: space plays and pauses, the
 * arrows jump 5 s, comma and full stop go a tick, N goes to the next death, A shows all, up and down change the speed.
 */
export class Bar {
  readonly #watched: Watched<GameSchema>;
  readonly #host = document.createElement('div');
  readonly #play = button('play', 'Play or pause (space)');
  readonly #time = document.createElement('output');
  readonly #line = document.createElement('input');
  readonly #strip: MarkStrip;
  readonly #speed = document.createElement('select');
  readonly #eyes = document.createElement('select');
  readonly #all = document.createElement('input');
  readonly #verdict = document.createElement('span');
  readonly #texts = new Map<HTMLElement, string>();
  /** The time line is being dragged: what it shows is what is wished. */
  #dragging = false;

  constructor(watched: Watched<GameSchema>, place: HTMLElement) {
    this.#watched = watched;
    this.#strip = new MarkStrip(watched);
    this.#host.className = 'fray-watch';
    const root = this.#host.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(BAR_STYLE);
    root.adoptedStyleSheets = [sheet];
    root.append(this.#parts());
    place.append(this.#host);
    const over = new AbortController();
    const told = document.documentElement.style;
    const measure = (): void => {
      const { height } = root.firstElementChild?.getBoundingClientRect() ?? { height: 0 };
      told.setProperty(HEIGHT_PROPERTY, `${height}px`);
    };
    measure();
    addEventListener('resize', measure, { signal: over.signal });
    addEventListener('keydown', (event) => this.#key(event), { signal: over.signal });
    watched.on('status', (status) => {
      if (status !== 'closed') return;
      over.abort();
      this.#host.remove();
      told.removeProperty(HEIGHT_PROPERTY);
    });
    const frame = (): void => {
      if (watched.status === 'closed') return;
      requestAnimationFrame(frame);
      this.#draw();
    };
    frame();
  }

  #parts(): HTMLElement {
    const bar = document.createElement('div');
    bar.className = 'bar';
    bar.setAttribute('role', 'toolbar');
    bar.setAttribute('aria-label', 'Journal');
    this.#play.addEventListener('click', () => this.#toggle());
    const back = button('back', '5 seconds back (left arrow)', '−5 s');
    const on = button('on', '5 seconds on (right arrow)', '+5 s');
    back.addEventListener('click', () => this.#watched.jump(-JUMP_SECONDS));
    on.addEventListener('click', () => this.#watched.jump(JUMP_SECONDS));
    const close = button('close', 'Close the journal', '×');
    close.addEventListener('click', () => this.#watched.close());
    this.#time.dataset['part'] = 'time';
    this.#verdict.dataset['part'] = 'verdict';
    const row = document.createElement('div');
    row.className = 'row';
    row.append(back, this.#play, on, this.#time, this.#verdict, ...this.#choices(), close);
    bar.append(this.#timeLine(), row);
    // A button that keeps the focus would hear the keys as well.
    bar.addEventListener('click', (event) => {
      if (event.target instanceof HTMLButtonElement) event.target.blur();
    });
    return bar;
  }

  #timeLine(): HTMLElement {
    const line = this.#line;
    line.type = 'range';
    line.step = '1';
    line.dataset['part'] = 'line';
    line.setAttribute('aria-label', 'Tick');
    line.addEventListener('input', () => {
      this.#dragging = true;
      this.#watched.seek(Number(line.value));
    });
    line.addEventListener('change', () => {
      this.#dragging = false;
      line.blur();
    });
    const box = document.createElement('div');
    box.className = 'line';
    box.append(this.#strip.canvas, line);
    return box;
  }

  #choices(): HTMLElement[] {
    for (const times of SPEEDS) this.#speed.append(new Option(`${times}×`, String(times)));
    this.#speed.dataset['part'] = 'speed';
    this.#speed.setAttribute('aria-label', 'Speed');
    this.#speed.addEventListener('change', () => {
      this.#watched.speed = Number(this.#speed.value);
      this.#speed.blur();
    });
    this.#eyes.dataset['part'] = 'eyes';
    this.#eyes.setAttribute('aria-label', 'Whose eyes');
    this.#eyes.addEventListener('change', () => {
      this.#watched.watch(Number(this.#eyes.value));
      this.#eyes.blur();
    });
    this.#all.type = 'checkbox';
    this.#all.dataset['part'] = 'all';
    this.#all.addEventListener('change', () => {
      this.#watched.seesAll = this.#all.checked;
      this.#all.blur();
    });
    const all = document.createElement('label');
    all.title = 'Show also what this player was not sent (A)';
    all.append(this.#all, 'all');
    return [this.#speed, this.#eyes, all];
  }

  #toggle(): void {
    if (this.#watched.playing) this.#watched.pause();
    else this.#watched.play();
  }

  #key(event: KeyboardEvent): void {
    const target = event.composedPath()[0];
    const typing = target instanceof HTMLInputElement && !/range|checkbox|file/.test(target.type);
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = this.#keys[event.code];
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  readonly #keys: { readonly [code: string]: () => void } = {
    Space: () => this.#toggle(),
    ArrowLeft: () => this.#watched.jump(-JUMP_SECONDS),
    ArrowRight: () => this.#watched.jump(JUMP_SECONDS),
    ArrowUp: () => this.#faster(1),
    ArrowDown: () => this.#faster(-1),
    Comma: () => this.#still(-1),
    Period: () => this.#still(1),
    KeyN: () => this.#nextDeath(),
    KeyA: () => {
      this.#watched.seesAll = !this.#watched.seesAll;
    },
  };

  #still(ticks: number): void {
    this.#watched.pause();
    this.#watched.seek(Math.round(this.#watched.tick) + ticks);
  }

  #faster(steps: number): void {
    const now = SPEEDS.findIndex((times) => times >= this.#watched.speed);
    const next = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, now + steps))];
    this.#watched.speed = next ?? 1;
  }

  /** A second before it, so that one sees how it came. */
  #nextDeath(): void {
    const { tick, tickRateHz, marks } = this.#watched;
    const next = marks.find((mark) => mark.tick - tickRateHz > tick + 1);
    if (next !== undefined) this.#watched.seek(next.tick - tickRateHz);
  }

  #draw(): void {
    const { tick, firstTick, lastTick, tickRateHz, playing, speed, seesAll } = this.#watched;
    const time = (ticks: number): string => {
      const seconds = Math.max(0, Math.floor(ticks / tickRateHz));
      return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    };
    const whole = Math.floor(tick);
    this.#text(this.#play, playing ? '❚❚' : '▶');
    this.#text(
      this.#time,
      `${time(whole - firstTick)} / ${time(lastTick - firstTick)} · tick ${whole}`,
    );
    this.#line.min = String(firstTick);
    this.#line.max = String(lastTick);
    if (!this.#dragging) this.#line.value = String(whole);
    this.#speed.value = String(speed);
    this.#all.checked = seesAll;
    this.#players();
    this.#text(this.#verdict, verdict(this.#watched));
    this.#verdict.title = this.#verdict.textContent ?? '';
    this.#strip.draw();
  }

  #players(): void {
    const { roster, playerId } = this.#watched;
    const names = roster.map(({ id, name, bot }) => `${id} ${name || '?'}${bot ? ' (bot)' : ''}`);
    if (this.#texts.get(this.#eyes) !== names.join('\n')) {
      this.#texts.set(this.#eyes, names.join('\n'));
      const label = (text: string): string => text.slice(text.indexOf(' ') + 1);
      this.#eyes.replaceChildren(
        ...roster.map(({ id }, k) => new Option(label(names[k] ?? ''), String(id))),
      );
    }
    this.#eyes.value = String(playerId);
  }

  /** Touches the document on change only. */
  #text(element: HTMLElement, text: string): void {
    if (this.#texts.get(element) === text) return;
    this.#texts.set(element, text);
    element.textContent = text;
  }
}

function button(part: string, title: string, text = ''): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.dataset['part'] = part;
  made.title = title;
  made.setAttribute('aria-label', title);
  made.textContent = text;
  return made;
}

function verdict({ report, readTick, firstTick, lastTick }: Watched<GameSchema>): string {
  if (report === null) {
    const part = (readTick - firstTick) / Math.max(1, lastTick - firstTick);
    return `reading, ${Math.min(99, Math.floor(100 * part))} %`;
  }
  return verdictOf(report);
}

function verdictOf({ differs, problem, hashes, checkpoints, end }: ReplayReport): string {
  if (differs !== null) return `differs from tick ${differs} on`;
  if (problem !== null) return `E_MALFORMED: ${problem}`;
  const ended = end === 'over' ? '' : `; ${end}`;
  return `verified, ${hashes} hashes, ${checkpoints} checkpoints${ended}`;
}

/** For the page's own style: how much of it the bar covers, from the bottom up. */
const HEIGHT_PROPERTY = '--fray-watch';
const JUMP_SECONDS = 5;
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
