/** A part of the panel. */
export interface Section {
  readonly title: string;
  readonly body: HTMLElement;
  /** Each frame, open or not: reads counters, touches nothing of the document. */
  look?(): void;
  /** Some times a second while the panel is open: writes what has changed. */
  write(nowMs: number): void;
}

/** An element with its class and text. */
export function made<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className = '',
  text = '',
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** Names and values in two columns. Touches the document on change only. */
export class Rows {
  readonly element = made('dl');
  readonly #values = new Map<string, HTMLElement>();

  /** Writes them all; what is not named any more goes. */
  write(rows: readonly (readonly [name: string, text: string])[]): void {
    const names = rows.map(([name]) => name);
    if (names.join('\n') !== [...this.#values.keys()].join('\n')) this.#lay(names);
    for (const [name, text] of rows) {
      const value = this.#values.get(name);
      if (value && value.textContent !== text) value.textContent = text;
    }
  }

  #lay(names: readonly string[]): void {
    this.#values.clear();
    this.element.replaceChildren();
    for (const name of names) {
      const value = made('dd');
      this.element.append(made('dt', '', name), value);
      this.#values.set(name, value);
    }
  }
}

/** Fits a canvas to the pixels it covers; answers its pen in CSS pixels, cleared, or null while it is not seen. */
export function penOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  const { clientWidth: width, clientHeight: height } = canvas;
  const pen = canvas.getContext('2d');
  if (!pen || width === 0) return null;
  const ratio = globalThis.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

/**
 * Told apart by lightness as well as by hue, and by place or shape wherever they mean something (Okabe and Ito's set, which the
 * colour-blind tell apart).
 */
export const COLOUR = {
  ink: '#eef1f8',
  dim: '#9aa7c7',
  calm: '#56b4e9',
  warn: '#e69f00',
  bad: '#ff7b5c',
  good: '#4fd3a5',
} as const;
