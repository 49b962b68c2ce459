/** Everything drawn by the page's own elements: clock, points, hold, bars, feed, table. Touches the document only on change. */
import type { Game } from 'fray/client';
import { element } from '../../page-kit/element.ts';
import { HOLD_MOST, HOLD_NOBODY, OVER, type outpost, weapons } from '../schema.ts';
import type { View } from './crowd.ts';
import { teamCss, teamNames } from './palette.ts';

type OutpostGame = Game<typeof outpost>;
type Row = OutpostGame['roster'][number];

const FEED_LINES = 6;
const LINE_MS = 6000;
const MARK_MS = 160;
/** ms between two looks at the table of scores. */
const TABLE_MS = 250;

export class Hud {
  readonly #texts = new Map<string, string>();
  readonly #feed = element('feed');
  readonly #table = element('table');
  readonly #mark = element('mark');
  readonly #hurt = element('hurt');
  #tableDueMs = 0;
  #markUntilMs = 0;
  #hurtUntilMs = 0;
  #healthShown = -1;
  #holdShown = -1;

  show(): void {
    element('hud').hidden = false;
  }

  /** The strip at the top: clock, both teams' points, who holds the point. */
  state({ room, tick, me }: View, tickRateHz: number): void {
    const left = Math.max(0, Math.ceil((room.endsAt - tick) / tickRateHz));
    this.#text('clock', `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`);
    this.#text('points1', String(room.points1));
    this.#text('points2', String(room.points2));
    if (room.hold !== this.#holdShown) {
      this.#holdShown = room.hold;
      const bar = element('hold');
      const part = (room.hold - HOLD_NOBODY) / (HOLD_MOST - HOLD_NOBODY);
      bar.style.setProperty('--part', String(Math.abs(part)));
      bar.style.setProperty('--colour', teamCss[part < 0 ? 1 : 2]);
      bar.classList.toggle('left', part < 0);
    }
    const holder = teamNames[room.holder] ?? '';
    this.#text(
      'holder',
      room.contested
        ? 'contested'
        : room.holder === 0
          ? 'take the point'
          : `${holder} holds the point`,
    );
    element('holder').style.color = teamCss[room.contested ? 0 : room.holder] ?? teamCss[0];
    const over = room.phase === OVER;
    const result = room.winner === 0 ? 'A draw' : `${teamNames[room.winner]} wins`;
    const down = me && !me.alive ? 'You are down' : '';
    this.#text('banner', over ? result : down);
    element('banner').style.color = over ? (teamCss[room.winner] ?? '') : '';
  }

  vitals(health: number, weapon: string, team: number): void {
    this.#text('gun', weapon);
    this.#text('team', teamNames[team] ?? '');
    element('team').style.color = teamCss[team] ?? '';
    if (health === this.#healthShown) return;
    if (health < this.#healthShown) this.#hurtUntilMs = performance.now() + 260;
    this.#healthShown = health;
    element('health').style.setProperty('--part', String(Math.max(0, health) / 100));
    this.#text('points', String(Math.max(0, health)));
  }

  /** Each frame. */
  fade(nowMs: number): void {
    this.#mark.style.opacity = nowMs < this.#markUntilMs ? '1' : '0';
    this.#hurt.style.opacity = nowMs < this.#hurtUntilMs ? '1' : '0';
  }

  /** Who is in the crosshair; empty for nobody. */
  target(name: string, team: number): void {
    if (this.#text('target', name)) element('target').style.color = teamCss[team] ?? '';
  }

  hit(killed: boolean): void {
    this.#mark.classList.toggle('killed', killed);
    this.#markUntilMs = performance.now() + (killed ? 2.2 : 1) * MARK_MS;
  }

  kill(attacker: Row | undefined, victim: Row | undefined, weapon: number): void {
    const line = document.createElement('li');
    const tool = document.createElement('em');
    tool.textContent = attacker === victim ? 'fell' : (weapons[weapon] ?? '');
    line.append(nameOf(attacker), tool);
    if (attacker !== victim) line.append(nameOf(victim));
    if (attacker?.own || victim?.own) line.className = 'own';
    this.#push(line);
  }

  taken(team: number): void {
    const line = document.createElement('li');
    const name = document.createElement('b');
    name.textContent = teamNames[team] ?? '';
    name.style.color = teamCss[team] ?? '';
    line.append(name, ' took the point');
    this.#push(line);
  }

  /** Tab: both teams, best first. */
  table(roster: readonly Row[], shown: boolean, nowMs: number): void {
    this.#table.hidden = !shown;
    if (!shown || nowMs < this.#tableDueMs) return;
    this.#tableDueMs = nowMs + TABLE_MS;
    this.#table.replaceChildren(...[1, 2].map((team) => tableOf(roster, team)));
  }

  #push(line: HTMLElement): void {
    this.#feed.append(line);
    while (this.#feed.childElementCount > FEED_LINES) this.#feed.firstElementChild?.remove();
    setTimeout(() => line.remove(), LINE_MS);
  }

  /** True if it changed. */
  #text(id: string, text: string): boolean {
    if (this.#texts.get(id) === text) return false;
    this.#texts.set(id, text);
    element(id).textContent = text;
    return true;
  }
}

function tableOf(roster: readonly Row[], team: number): HTMLElement {
  const table = document.createElement('table');
  const head = table.createTHead().insertRow();
  for (const title of [teamNames[team] ?? '', 'kills', 'assists', 'deaths', 'held']) {
    const cell = document.createElement('th');
    cell.textContent = title;
    head.append(cell);
  }
  table.style.setProperty('--team', teamCss[team] ?? '');
  const body = table.createTBody();
  const rows = roster.filter((row) => row.team === team);
  rows.sort((a, b) => b.kills - a.kills || a.deaths - b.deaths || a.id - b.id);
  for (const row of rows) {
    const line = body.insertRow();
    if (row.own) line.className = 'own';
    for (const text of [row.name, row.kills, row.assists, row.deaths, `${row.held} s`])
      line.insertCell().textContent = String(text);
  }
  return table;
}

function nameOf(row: Row | undefined): HTMLElement {
  const name = document.createElement('b');
  name.textContent = row?.name ?? 'somebody';
  name.style.color = teamCss[row?.team ?? 0] ?? '';
  return name;
}
