/**
 * Keyboard, mouse and thumbs. A click takes the mouse (pointer lock). Where the browser refuses that (in an iframe without leave, or
 * headless), dragging with a button held looks around instead, and the left button fires as ever.
 */
import { element } from '../../page-kit/element.ts';
import { keyAims, keyMoves, sumOf } from '../../page-kit/keys.ts';
import { onFirstTouch, ThumbStick } from '../../page-kit/sticks.ts';

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
/** Radians for one CSS pixel of a finger: half a screen of a phone is a quarter turn. */
const FINGER_SENSITIVITY = 0.0085;
/** Radians per second by the arrow keys, at first and once they are held for a while. */
const KEY_TURN = [0.9, 2.6] as const;
/** Seconds until then: a tap turns a degree or two. */
const KEY_TURN_AFTER = 0.25;

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
  readonly #stick: ThumbStick;
  /** What thumbs hold down, by the id of its button. */
  readonly #pressed = new Set<string>();
  readonly #turn = { x: 0, y: 0 };
  #firing = false;
  #dragging = false;
  #sampledMs = performance.now();
  #turningSeconds = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#keys();
    this.#stick = new ThumbStick(canvas, element('stick-move'), (across) => across < 0.5);
    this.#thumbs();
    canvas.addEventListener('pointerdown', (event) => {
      if (!this.playing || event.pointerType === 'touch') return;
      if (!this.locked) this.#lock();
      this.#dragging = true;
      if (event.button === 0) this.#firing = true;
      if (event.button === 2) this.arm(-1);
      this.changed();
    });
    addEventListener('pointerup', (event) => {
      if (event.pointerType === 'touch') return;
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

  /** Is Tab held, or its button? */
  get scores(): boolean {
    return this.#held.has('Tab') || this.#pressed.has('thumb-scores');
  }

  /** By pixels of the mouse. */
  turn(dx: number, dy: number, sensitivity = SENSITIVITY): void {
    const { controls } = this;
    controls.aim -= dx * sensitivity;
    const pitch = controls.pitch - dy * sensitivity;
    controls.pitch = Math.max(-PITCH_MOST, Math.min(PITCH_MOST, pitch));
  }

  /** Brings keys into `controls`; call once a frame. */
  sample(): Controls {
    const { controls } = this;
    sumOf(this.#held, keyMoves, controls.move);
    if (this.#stick.length > STICK_DEAD) {
      controls.move.x = this.#stick.x;
      controls.move.y = this.#stick.y;
    }
    this.#turnByKeys();
    const pressed = (id: string) => this.#pressed.has(id);
    controls.fire = this.#firing || this.#held.has('KeyJ') || pressed('thumb-fire');
    controls.jump = this.#held.has('Space') || pressed('thumb-jump');
    controls.crouch =
      this.#held.has('KeyC') || this.#held.has('ShiftLeft') || pressed('thumb-crouch');
    return controls;
  }

  /** The arrows look around, slowly at first: a tap corrects, a held key turns. */
  #turnByKeys(): void {
    const nowMs = performance.now();
    const seconds = Math.min(0.1, (nowMs - this.#sampledMs) / 1000);
    this.#sampledMs = nowMs;
    sumOf(this.#held, keyAims, this.#turn);
    const turns = this.#turn.x !== 0 || this.#turn.y !== 0;
    this.#turningSeconds = turns ? this.#turningSeconds + seconds : 0;
    if (!turns) return;
    const pace = KEY_TURN[this.#turningSeconds > KEY_TURN_AFTER ? 1 : 0] * seconds;
    this.turn(this.#turn.x * pace, -this.#turn.y * pace, 1);
  }

  /** Buttons, and the right half of the screen, on which a finger looks around; so does the one that fires. */
  #thumbs(): void {
    onFirstTouch(() => {
      document.body.classList.add('touch');
      element('thumbs').hidden = false;
    });
    const looking = new Map<number, { x: number; y: number }>();
    const look = (event: PointerEvent) => {
      if (event.pointerType === 'touch')
        looking.set(event.pointerId, { x: event.clientX, y: event.clientY });
    };
    this.#canvas.addEventListener('pointerdown', (event) => {
      if (event.clientX >= innerWidth / 2) look(event);
    });
    addEventListener('pointermove', (event) => {
      const last = looking.get(event.pointerId);
      if (!last || !this.playing) return;
      this.turn(event.clientX - last.x, event.clientY - last.y, FINGER_SENSITIVITY);
      look(event);
    });
    const holders = new Map<number, string>();
    for (const button of element('thumbs').querySelectorAll('button')) {
      button.addEventListener('pointerdown', (event) => {
        holders.set(event.pointerId, button.id);
        if (button.id === 'thumb-arm') this.arm(-1);
        else this.#pressed.add(button.id);
        if (button.id === 'thumb-fire') look(event);
        this.changed();
      });
    }
    const release = (event: PointerEvent) => {
      looking.delete(event.pointerId);
      const held = holders.get(event.pointerId);
      holders.delete(event.pointerId);
      if (held === undefined) return;
      this.#pressed.delete(held);
      this.changed();
    };
    addEventListener('pointerup', release);
    addEventListener('pointercancel', release);
  }

  #lock(): void {
    // Older browsers answer nothing, newer ones a promise that may be refused: then dragging looks around.
    const asked: unknown = this.#canvas.requestPointerLock();
    if (asked instanceof Promise) asked.catch(() => {});
  }

  #keys(): void {
    addEventListener('keydown', (event) => {
      if (!this.playing || event.target instanceof HTMLInputElement) return;
      if (event.code in keyMoves || event.code in keyAims || /^(Space|Tab)$/.test(event.code))
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
      this.#pressed.clear();
      this.#firing = false;
      this.#dragging = false;
      this.changed();
    };
    addEventListener('blur', release);
    document.addEventListener('visibilitychange', release);
  }
}

/** Part of the way to which a thumb counts as resting. */
const STICK_DEAD = 0.12;
