/** Everything drawn by the page's own elements: scores, feed, talk, bars. Touches the document only on change. */
import { element } from '../../page-kit/element.ts';
import { playerColour } from './palette.ts';
import type { View } from './scene.ts';

/** Rows of the score table, own row included. */
const SCORE_ROWS = 8;
/** Milliseconds between two looks at the scores. */
const SCORE_MS = 250;
const LINE_MS = 7000;

export interface Standing {
  readonly id: number;
  readonly name: string;
  readonly kills: number;
  readonly colour: number;
}

export class Hud {
  readonly #root = element('hud');
  readonly #scores = element('scores');
  readonly #feed = element('feed');
  readonly #talk = element('talk');
  readonly #health = element('health');
  readonly #dash = element('dash');
  readonly #gun = element('gun');
  readonly #fallen = element('fallen');
  #scoresDueMs = 0;
  #scoresText = '';
  #healthShown = -1;
  #dashShown = -1;
  #gunShown = '';
  #fallenShown = '';

  show(): void {
    this.#root.hidden = false;
  }

  /** Own bars, each frame. */
  vitals(health: number, dashReady: number, gun: string): void {
    const whole = Math.max(0, Math.round(health));
    if (whole !== this.#healthShown) {
      this.#healthShown = whole;
      bar(this.#health, whole / 100);
      this.#health.classList.toggle('low', whole <= 35);
      const number = this.#health.querySelector('b');
      if (number) number.textContent = String(whole);
    }
    const step = Math.round(dashReady * 50);
    if (step !== this.#dashShown) {
      this.#dashShown = step;
      bar(this.#dash, step / 50);
    }
    if (gun !== this.#gunShown) {
      this.#gunShown = gun;
      this.#gun.textContent = gun;
      this.#gun.classList.toggle('hot', gun !== 'blaster');
    }
  }

  /** The line in the middle while dead; empty hides it. */
  fallen(title: string, hint: string): void {
    const text = title + hint;
    if (text === this.#fallenShown) return;
    this.#fallenShown = text;
    this.#fallen.hidden = text === '';
    this.#fallen.replaceChildren(title, small(hint));
  }

  scores(standings: () => Standing[], me: number, nowMs: number): void {
    if (nowMs < this.#scoresDueMs) return;
    this.#scoresDueMs = nowMs + SCORE_MS;
    const all = standings().sort((a, b) => b.kills - a.kills || a.id - b.id);
    const shown = all.slice(0, SCORE_ROWS);
    const own = all.find((row) => row.id === me);
    if (own && !shown.includes(own)) shown[SCORE_ROWS - 1] = own;
    const text = [me, ...shown.map((row) => `${row.id}:${row.name}:${row.kills}`)].join();
    if (text === this.#scoresText) return;
    this.#scoresText = text;
    this.#scores.replaceChildren(
      ...shown.map((row) => {
        const line = document.createElement('li');
        line.className = row.id === me ? 'me' : '';
        const dot = document.createElement('i');
        dot.style.background = playerColour(row.colour);
        const name = document.createElement('span');
        name.textContent = row.name;
        const kills = document.createElement('b');
        kills.textContent = String(row.kills);
        line.append(dot, name, kills);
        return line;
      }),
    );
  }

  kill(attacker: string, victim: string, streak: number): void {
    const line = document.createElement('li');
    const mark = document.createElement('em');
    mark.textContent = attacker === victim ? 'fell' : '▸';
    line.append(bold(attacker), mark);
    if (attacker !== victim) line.append(bold(victim));
    if (streak >= 3) line.append(`  ×${streak}`);
    push(this.#feed, line, 6);
  }

  say(from: string, text: string): void {
    const line = document.createElement('li');
    line.append(bold(from), ` ${text}`);
    push(this.#talk, line, 5);
  }
}

/** Gun name and dash readiness (0..1) of the own player, for the bars. */
export function gunOf(me: NonNullable<View['me']>): string {
  return me.weapon ?? 'blaster';
}

function push(list: HTMLElement, line: HTMLElement, most: number): void {
  list.append(line);
  while (list.childElementCount > most) list.firstElementChild?.remove();
  setTimeout(() => line.remove(), LINE_MS);
}

function bar(box: HTMLElement, share: number): void {
  const fill = box.querySelector('i');
  if (fill) fill.style.transform = `scaleX(${Math.min(1, Math.max(0, share))})`;
}

function bold(text: string): HTMLElement {
  const node = document.createElement('b');
  node.textContent = text;
  return node;
}

function small(text: string): HTMLElement {
  const node = document.createElement('small');
  node.textContent = text;
  return node;
}
