/**
 * Runs inside Chromium: plays the arena, draws many frames between two of the browser's, and answers
 * by how many bytes the heap has grown. Chromium has to be started with precise memory figures and `gc` exposed.
 */
import { connect } from 'fray/client';
import { arena } from '../../games/arena/schema.ts';

/** What is done in each frame: what a page does that draws, or the same with one object of garbage. */
export type Act = 'draw' | 'planted';

export interface HeapReport {
  readonly frames: number;
  /** Bytes that the heap grew by in the frames, less those of as many turns of an empty loop; NaN if it was collected. */
  readonly bytes: number;
  /** Own commands that left in the frames. */
  readonly commands: number;
  /** Players in the last frame. */
  readonly players: number;
}

declare global {
  interface Window {
    measureGarbage(act: Act, blocks: number): Promise<HeapReport>;
    gc(options: { type: 'minor' | 'major' }): void;
  }
  interface Performance {
    readonly memory: { readonly usedJSHeapSize: number };
  }
}

/** Frames between two of the browser's. */
const FRAMES = 200;
/**
 * ms by which the measured frames are ahead of the clock. What is due in between is then due in them and not on the
 * client's own timer: their figures contain each command that leaves.
 */
const AHEAD_MS = 25;

const game = await connect(location.href, { schema: arena, name: 'Frames' });

// Objects already, as a browser hands times over: a number made here would be garbage of this page's own.
const times: unknown[] = ['time'];
const sums = new Float64Array(4);
let kept: object = {};

/** The view, and what a page reads of it. */
function draw(nowMs: number): void {
  const { players, entities, me } = game.view(nowMs);
  for (const one of players) {
    sums[0] = (sums[0] as number) + one.x + one.y;
    sums[1] = (sums[1] as number) + one.aim + one.health;
  }
  for (const one of entities) sums[2] = (sums[2] as number) + one.x + one.y;
  if (me) sums[3] = (sums[3] as number) + me.dashReady + me.weaponReady;
}

function drawn(): void {
  for (let i = 1; i <= FRAMES; i += 1) draw(times[i] as number);
}

function planted(): void {
  for (let i = 1; i <= FRAMES; i += 1) {
    draw(times[i] as number);
    kept = {};
  }
}

function empty(): void {
  for (let i = 1; i <= FRAMES; i += 1) sums[0] = i;
}

const acts: Record<Act, () => void> = { draw: drawn, planted };

function grownBy(act: () => void): number {
  const before = performance.memory.usedJSHeapSize;
  act();
  const bytes = performance.memory.usedJSHeapSize - before;
  return bytes < 0 ? Number.NaN : bytes;
}

window.measureGarbage = async (act, blocks) => {
  let [bytes, commands] = [0, 0];
  let last = performance.now() + AHEAD_MS;
  for (let block = 0; block < blocks; block += 1) {
    await new Promise(requestAnimationFrame);
    const now = performance.now() + AHEAD_MS;
    for (let i = 1; i <= FRAMES; i += 1) times[i] = last + ((now - last) * i) / FRAMES;
    last = now;
    window.gc({ type: 'minor' });
    const sent = game.stats.commands;
    bytes += grownBy(acts[act]);
    commands += game.stats.commands - sent;
    bytes -= grownBy(empty);
  }
  const { players } = game.view();
  if (!kept) throw new Error('the planted object is gone');
  return { frames: blocks * FRAMES, bytes, commands, players: players.length };
};
