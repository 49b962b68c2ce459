/** Keyboard, mouse and touch, brought to one shape: a direction, an aim and two buttons. */
import { keyAims, keyMoves, sumOf } from '../../page-kit/keys.ts';
import { onFirstTouch, ThumbStick } from '../../page-kit/sticks.ts';

export interface Controls {
  /** -1..1 each; y grows upwards. */
  readonly move: { x: number; y: number };
  /** Radians, 0 = right, counter-clockwise. */
  aim: number;
  fire: boolean;
  dash: boolean;
}

export interface ControlSurface {
  readonly controls: Controls;
  /** False while somebody types. */
  enabled: boolean;
  /** Called at once when a key or button changes: a frame earlier than the next `sample` would see it. */
  changed: () => void;
  /** Brings keys and sticks into `controls`; call once a frame. */
  sample(): Controls;
}

/** Listens on the page. `onTouch` is called once, when a finger first touches. */
export function listen(canvas: HTMLCanvasElement, onTouch: () => void): ControlSurface {
  const held = new Set<string>();
  const controls: Controls = { move: { x: 0, y: 0 }, aim: 0, fire: false, dash: false };
  let mouseFire = false;
  let dashPressed = false;
  let sampledMs = performance.now();
  const turn = { x: 0, y: 0 };
  // The left half of the screen steers, the right half aims and fires.
  const sticks = {
    move: new ThumbStick(canvas, document.getElementById('stick-move'), (across) => across < 0.5),
    aim: new ThumbStick(canvas, document.getElementById('stick-aim'), (across) => across >= 0.5),
  };

  const surface: ControlSurface = {
    controls,
    enabled: true,
    changed: () => {},
    sample() {
      const nowMs = performance.now();
      const seconds = Math.min(0.1, (nowMs - sampledMs) / 1000);
      sampledMs = nowMs;
      sumOf(surface.enabled ? held : NOTHING, keyMoves, controls.move);
      sumOf(surface.enabled ? held : NOTHING, keyAims, turn);
      if (turn.x !== 0 || turn.y !== 0)
        controls.aim = turned(controls.aim, Math.atan2(turn.y, turn.x), seconds * TURN_PER_SECOND);
      if (sticks.move.length > 0.12) {
        controls.move.x = sticks.move.x;
        controls.move.y = sticks.move.y;
      }
      if (sticks.aim.length > 0.25) controls.aim = Math.atan2(sticks.aim.y, sticks.aim.x);
      controls.fire = surface.enabled && (mouseFire || held.has('KeyJ') || sticks.aim.length > 0.6);
      controls.dash =
        surface.enabled && (dashPressed || held.has('Space') || held.has('ShiftLeft'));
      dashPressed = false;
      return controls;
    },
  };

  addEventListener('keydown', (event) => {
    if (event.target instanceof HTMLInputElement) return;
    if (event.code in keyMoves || event.code in keyAims || event.code === 'Space')
      event.preventDefault();
    held.add(event.code);
    surface.changed();
  });
  addEventListener('keyup', (event) => {
    held.delete(event.code);
    surface.changed();
  });
  // What is held when the page loses the keyboard is let go elsewhere. No frame is drawn then that would say so.
  const release = () => {
    held.clear();
    mouseFire = false;
    surface.changed();
  };
  addEventListener('blur', release);
  document.addEventListener('visibilitychange', release);
  canvas.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'touch') return;
    const box = canvas.getBoundingClientRect();
    controls.aim = Math.atan2(box.height / 2 - event.clientY, event.clientX - box.width / 2);
  });
  canvas.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch') return;
    mouseFire = event.button === 0;
    if (event.button === 2) dashPressed = true;
    surface.changed();
  });
  addEventListener('pointerup', () => {
    mouseFire = false;
  });
  canvas.addEventListener('contextmenu', (event) => event.preventDefault());

  onFirstTouch(onTouch);
  document.getElementById('stick-dash')?.addEventListener('pointerdown', () => {
    dashPressed = true;
  });
  return surface;
}

/** `aim` brought nearer to `wanted` by at most `most`, the short way. */
function turned(aim: number, wanted: number, most: number): number {
  const away = Math.atan2(Math.sin(wanted - aim), Math.cos(wanted - aim));
  return aim + Math.max(-most, Math.min(most, away));
}

/** Radians per second by the arrow keys: a tap is a few degrees, half a turn takes half a second. */
const TURN_PER_SECOND = 6;
const NOTHING: ReadonlySet<string> = new Set();
