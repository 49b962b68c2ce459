/** A stick for a thumb: it stands wherever the finger goes down, and its knob shows how far it is pushed. */
export class ThumbStick {
  /** -1..1 each; y grows upwards. */
  x = 0;
  y = 0;
  /** 0 let go .. 1 all the way. */
  length = 0;
  readonly #place: HTMLElement | null;
  #finger = -1;
  #fromX = 0;
  #fromY = 0;

  /** Takes the first finger that goes down on `canvas` where `takes` says so, given the part of the way across the screen. */
  constructor(canvas: HTMLElement, place: HTMLElement | null, takes: (across: number) => boolean) {
    this.#place = place;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.pointerType !== 'touch' || this.#finger !== -1) return;
      if (!takes(event.clientX / innerWidth)) return;
      this.#finger = event.pointerId;
      this.#fromX = event.clientX;
      this.#fromY = event.clientY;
      this.#putUnder(event.clientX, event.clientY);
    });
    addEventListener('pointermove', (event) => {
      if (event.pointerId !== this.#finger) return;
      const x = (event.clientX - this.#fromX) / REACH;
      const y = (this.#fromY - event.clientY) / REACH;
      const scale = 1 / Math.max(1, Math.hypot(x, y));
      this.#turn(x * scale, y * scale);
    });
    const release = (event: PointerEvent) => {
      if (event.pointerId !== this.#finger) return;
      this.#finger = -1;
      this.#turn(0, 0);
      if (this.#place) this.#place.style.translate = '';
    };
    addEventListener('pointerup', release);
    addEventListener('pointercancel', release);
  }

  /** Draws the stick where the finger is. */
  #putUnder(x: number, y: number): void {
    if (!this.#place) return;
    const box = this.#place.getBoundingClientRect();
    const [right, down] = [x - box.left - box.width / 2, y - box.top - box.height / 2];
    this.#place.style.translate = `${right}px ${down}px`;
  }

  #turn(x: number, y: number): void {
    this.x = x;
    this.y = y;
    this.length = Math.hypot(x, y);
    const knob = this.#place?.firstElementChild;
    if (knob instanceof HTMLElement)
      knob.style.transform = `translate(${x * KNOB_REACH}px, ${-y * KNOB_REACH}px)`;
  }
}

/** Calls `found` once, when a finger first touches the page. */
export function onFirstTouch(found: () => void): void {
  addEventListener('touchstart', found, { once: true, passive: true });
}

/** CSS pixels from where a finger went down to full deflection. */
const REACH = 56;
/** CSS pixels that the drawn knob moves. */
const KNOB_REACH = 38;
