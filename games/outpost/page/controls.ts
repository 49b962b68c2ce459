/**
 * Keyboard and mouse. A click takes the mouse (pointer lock). Where the browser refuses that (in an iframe without leave, or
 * headless), dragging with a button held looks around instead, and the left button fires as ever.
 */
import { keyMoves } from '../../page-kit/keys.ts';

export interface Controls {
  /** -1..1 each; y is forward. */
  readonly move: { x: number; y: number };
  /** Radians, 0 = the world's right, counter-clockwise. */
  aim: number;
  /** Radians, up is positive. */
  pitch: number;
  fire: boolean;
  jump: boolean;
  crouch: boolean;
}

/** Radians for one pixel of the mouse. */
const SENSITIVITY = 0.0022;
const PITCH_MOST = 1.5;

export class ControlSurface {
  readonly controls: Controls = {
    move: { x: 0, y: 0 },
    aim: 0,
    pitch: 0,
    fire: false,
    jump: false,
    crouch: false,
  };
  /** Called at once when a key or button changes: a frame earlier than the next `sample` would see it. */
  changed: () => void = () => {};
  /** The player asks for a weapon: 0, 1, or -1 for the other one. */
  arm: (weapon: number) => void = () => {};
  /** False in the lobby: the mouse is free. */
  playing = false;
  readonly #held = new Set<string>();
  readonly #canvas: HTMLCanvasElement;
  #firing = false;
  #dragging = false;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#keys();
    canvas.addEventListener('pointerdown', (event) => {
      if (!this.playing) return;
      if (!this.locked) this.#lock();
      this.#dragging = true;
      if (event.button === 0) this.#firing = true;
      if (event.button === 2) this.arm(-1);
      this.changed();
    });
    addEventListener('pointerup', () => {
      this.#firing = false;
      this.#dragging = false;
      this.changed();
    });
    addEventListener('mousemove', (event) => {
      if (this.playing && (this.locked || this.#dragging))
        this.turn(event.movementX, event.movementY);
    });
    addEventListener('wheel', () => this.playing && this.arm(-1), { passive: true });
    canvas.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  get locked(): boolean {
    return document.pointerLockElement === this.#canvas;
  }

  /** Is Tab held? */
  get scores(): boolean {
    return this.#held.has('Tab');
  }

  /** By pixels of the mouse. */
  turn(dx: number, dy: number): void {
    const { controls } = this;
    controls.aim -= dx * SENSITIVITY;
    const pitch = controls.pitch - dy * SENSITIVITY;
    controls.pitch = Math.max(-PITCH_MOST, Math.min(PITCH_MOST, pitch));
  }

  /** Brings keys into `controls`; call once a frame. */
  sample(): Controls {
    const { controls } = this;
    let [x, y] = [0, 0];
    for (const code of this.#held) {
      const step = keyMoves[code];
      if (!step) continue;
      x += step[0];
      y += step[1];
    }
    const length = Math.hypot(x, y);
    controls.move.x = length > 1 ? x / length : x;
    controls.move.y = length > 1 ? y / length : y;
    controls.fire = this.#firing || this.#held.has('KeyJ');
    controls.jump = this.#held.has('Space');
    controls.crouch = this.#held.has('KeyC') || this.#held.has('ShiftLeft');
    return controls;
  }

  #lock(): void {
    // Older browsers answer nothing, newer ones a promise that may be refused: then dragging looks around.
    const asked: unknown = this.#canvas.requestPointerLock();
    if (asked instanceof Promise) asked.catch(() => {});
  }

  #keys(): void {
    addEventListener('keydown', (event) => {
      if (!this.playing || event.target instanceof HTMLInputElement) return;
      if (event.code in keyMoves || event.code === 'Space' || event.code === 'Tab')
        event.preventDefault();
      if (!event.repeat && event.code === 'Digit1') this.arm(0);
      if (!event.repeat && event.code === 'Digit2') this.arm(1);
      if (!event.repeat && event.code === 'KeyQ') this.arm(-1);
      this.#held.add(event.code);
      this.changed();
    });
    addEventListener('keyup', (event) => {
      this.#held.delete(event.code);
      this.changed();
    });
    // What is held when the page loses the keyboard is let go elsewhere. No frame is drawn then that would say so.
    const release = () => {
      this.#held.clear();
      this.#firing = false;
      this.#dragging = false;
      this.changed();
    };
    addEventListener('blur', release);
    document.addEventListener('visibilitychange', release);
  }
}
