/**
 * A person at the outpost's page, who shoots at what the screen shows: looks for an enemy in clear sight, aims at its chest, fires, and
 * walks towards the point meanwhile, by the ways of the map. Bundled into the page by outpost-aim.test.ts. It knows what the page
 * knows, and nothing else.
 */
import { clearPart, EYE_HEIGHT, POINT } from '../../games/outpost/map.ts';
import { results } from '../../games/outpost/schema.ts';
import { nearestPlace, next, places, stepsToPoint } from '../../games/outpost/ways.ts';

interface Shown {
  readonly id: number;
  readonly own: boolean;
  readonly team: number;
  readonly alive: boolean;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}
interface Page {
  readonly game: {
    view(): { readonly me: Shown | null; readonly players: readonly Shown[] };
    setInput(input: object): void;
    send(kind: 'watch', message: { on: boolean }): void;
    onMessage(kind: 'receipt', heard: (receipt: Receipt) => void): void;
  };
  readonly controls: { aim: number; pitch: number };
}
interface Receipt {
  readonly aim: number;
  readonly result: number;
  readonly agoMs: number;
  readonly statedMs: number;
}

/** What became of the shots, and how long ago what they were judged by was: ms. */
export interface Score {
  hits: number;
  /** The target was alive half a second later, and was not hit. */
  misses: number;
  /** It was not: it was dead already where it counts, by the shots before, or by somebody else. */
  late: number;
  agoMsMost: number;
  agoMsSum: number;
  /** The same, as the page had said. */
  statedMsSum: number;
}

interface Aimed {
  readonly aim: number;
  readonly target: number;
}

/** World units: farther enemies are small on the screen. */
const REACH = 32;
const CHEST = 1.1;
/** ms. */
const TURN_MS = 16;
const NEWS_MS = 500;
/** Turns that are remembered. */
const MEMORY = 120;

class Marksman {
  readonly score: Score = {
    ...{ hits: 0, misses: 0, late: 0 },
    ...{ agoMsMost: 0, agoMsSum: 0, statedMsSum: 0 },
  };
  readonly #page = (globalThis as unknown as { fray: Page }).fray;
  readonly #aimed: Aimed[] = [];
  /** Shots that hit nobody, and that nobody was seen to die of yet. */
  readonly #open: { readonly target: number; readonly untilMs: number }[] = [];
  readonly #held = new Set<string>();
  #place = -1;

  /** Plays on for as long as the page is there. */
  play(): void {
    const { game } = this.#page;
    game.onMessage('receipt', (receipt) => this.#judged(receipt));
    game.send('watch', { on: true });
    setInterval(() => this.#turn(), TURN_MS);
  }

  #judged({ aim, result, agoMs, statedMs }: Receipt): void {
    this.score.agoMsSum += agoMs;
    this.score.statedMsSum += statedMs;
    this.score.agoMsMost = Math.max(this.score.agoMsMost, agoMs);
    const name = results[result];
    if (name === 'hit' || name === 'harmless') this.score.hits += 1;
    else {
      const off = (one: Aimed): number => Math.abs(Math.sin(one.aim - aim));
      const [shot] = [...this.#aimed].sort((one, other) => off(one) - off(other));
      const untilMs = performance.now() + NEWS_MS;
      this.#open.push({ target: shot?.target ?? -1, untilMs });
    }
  }

  #turn(): void {
    const { game, controls } = this.#page;
    const { me, players } = game.view();
    this.#settle(players);
    if (me === null) return;
    const target = me.alive ? nearest(me, players) : undefined;
    this.#hold('KeyJ', target !== undefined);
    this.#place = me.alive ? onwards(me, this.#place) : -1;
    const goal = places[this.#place] ?? POINT;
    const isFar = Math.hypot(goal.x - me.x, goal.y - me.y) > 1;
    this.#hold('KeyW', me.alive && target === undefined && isFar);
    const at = target ?? { ...goal, z: me.z + EYE_HEIGHT - CHEST };
    const [dx, dy, dz] = [at.x - me.x, at.y - me.y, at.z + CHEST - (me.z + EYE_HEIGHT)];
    controls.aim = Math.atan2(dy, dx);
    controls.pitch = Math.atan2(dz, Math.hypot(dx, dy));
    game.setInput(controls);
    if (target !== undefined) this.#aimed.push({ aim: controls.aim, target: target.id });
    if (this.#aimed.length > MEMORY) this.#aimed.shift();
  }

  /** A shot at who is seen to die soon was late; at who lives on, a miss. */
  #settle(players: readonly Shown[]): void {
    for (const shot of this.#open.splice(0)) {
      if (players.find(({ id }) => id === shot.target)?.alive !== true) this.score.late += 1;
      else if (performance.now() > shot.untilMs) this.score.misses += 1;
      else this.#open.push(shot);
    }
  }

  #hold(code: string, down: boolean): void {
    if (this.#held.has(code) === down) return;
    if (down) this.#held.add(code);
    else this.#held.delete(code);
    dispatchEvent(new KeyboardEvent(down ? 'keydown' : 'keyup', { code }));
  }
}

function nearest(me: Shown, players: readonly Shown[]): Shown | undefined {
  const eye = { x: me.x, y: me.y, z: me.z + EYE_HEIGHT };
  let found: Shown | undefined;
  let least = REACH;
  for (const other of players) {
    if (other.own || !other.alive || other.team === me.team) continue;
    const distance = Math.hypot(other.x - me.x, other.y - me.y);
    if (distance >= least || clearPart(eye, { x: other.x, y: other.y, z: other.z + CHEST }) < 1)
      continue;
    [found, least] = [other, distance];
  }
  return found;
}

/** The place that it walks to; the next one to the point where it has come to this. */
function onwards(me: Shown, place: number): number {
  if (place < 0) return nearestPlace(me);
  const at = places[place] ?? POINT;
  if (Math.hypot(at.x - me.x, at.y - me.y) > 1.5) return place;
  return (next[place] ?? []).reduce(
    (best, to) => ((stepsToPoint[to] ?? 99) < (stepsToPoint[best] ?? 99) ? to : best),
    place,
  );
}

Object.assign(globalThis, {
  takeAim(): Score {
    const marksman = new Marksman();
    marksman.play();
    return marksman.score;
  },
});
