/** Keyboard, mouse and touch, brought to one shape: a direction, an aim and two buttons. */
import { keyMoves } from '../../page-kit/keys.ts';

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
  /** True after the first touch: the page then shows sticks. */
  readonly touch: () => boolean;
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
  let touched = false;
  const sticks = { move: stick('stick-move'), aim: stick('stick-aim') };

  const surface: ControlSurface = {
    controls,
    enabled: true,
    changed: () => {},
    touch: () => touched,
    sample() {
      let x = 0;
      let y = 0;
      if (surface.enabled) {
        for (const code of held) {
          const step = keyMoves[code];
          if (step) {
            x += step[0];
            y += step[1];
          }
        }
      }
      const length = Math.hypot(x, y);
      controls.move.x = length > 1 ? x / length : x;
      controls.move.y = length > 1 ? y / length : y;
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
    if (event.code in keyMoves || event.code === 'Space') event.preventDefault();
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

  addEventListener(
    'touchstart',
    () => {
      if (touched) return;
      touched = true;
      onTouch();
    },
    { passive: true },
  );
  document.getElementById('stick-dash')?.addEventListener('pointerdown', () => {
    dashPressed = true;
  });
  bindSticks(canvas, sticks);
  return surface;
}

interface Stick {
  x: number;
  y: number;
  length: number;
  finger: number;
  readonly place: HTMLElement | null;
}

function stick(id: string): Stick {
  return { x: 0, y: 0, length: 0, finger: -1, place: document.getElementById(id) };
}

/** Left half of the screen steers, right half aims and fires, from wherever the finger goes down; the knob shows how far. */
function bindSticks(canvas: HTMLElement, sticks: { move: Stick; aim: Stick }): void {
  const origin = new Map<number, { x: number; y: number; stick: Stick }>();
  canvas.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'touch') return;
    const which = event.clientX < innerWidth / 2 ? sticks.move : sticks.aim;
    if (which.finger !== -1) return;
    which.finger = event.pointerId;
    origin.set(event.pointerId, { x: event.clientX, y: event.clientY, stick: which });
    putUnder(which, event.clientX, event.clientY);
  });
  addEventListener('pointermove', (event) => {
    const from = origin.get(event.pointerId);
    if (!from) return;
    const x = (event.clientX - from.x) / STICK_REACH;
    const y = (from.y - event.clientY) / STICK_REACH;
    const length = Math.hypot(x, y);
    const scale = length > 1 ? 1 / length : 1;
    turn(from.stick, x * scale, y * scale);
  });
  const release = (event: PointerEvent) => {
    const from = origin.get(event.pointerId);
    if (!from) return;
    origin.delete(event.pointerId);
    from.stick.finger = -1;
    turn(from.stick, 0, 0);
    if (from.stick.place) from.stick.place.style.translate = '';
  };
  addEventListener('pointerup', release);
  addEventListener('pointercancel', release);
}

/** Draws the stick where the finger is. */
function putUnder(which: Stick, x: number, y: number): void {
  if (!which.place) return;
  const box = which.place.getBoundingClientRect();
  const [right, down] = [x - box.left - box.width / 2, y - box.top - box.height / 2];
  which.place.style.translate = `${right}px ${down}px`;
}

function turn(which: Stick, x: number, y: number): void {
  which.x = x;
  which.y = y;
  which.length = Math.hypot(x, y);
  const knob = which.place?.firstElementChild;
  if (knob instanceof HTMLElement) {
    knob.style.transform = `translate(${x * KNOB_REACH}px, ${-y * KNOB_REACH}px)`;
  }
}

/** CSS pixels from where a finger went down to full deflection. */
const STICK_REACH = 56;
/** CSS pixels that the drawn knob moves. */
const KNOB_REACH = 38;
