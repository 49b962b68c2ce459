/** The overlay itself: its shadow tree, its keys, and when its sections are written. */
import { made, type Section } from './section.ts';
import { PANEL_STYLE } from './style.ts';

export interface PanelOptions {
  readonly key?: string;
  readonly open?: boolean;
  readonly place?: HTMLElement;
  readonly onToggle?: (open: boolean) => void;
}

export class Panel {
  readonly #sections: readonly Section[];
  readonly #options: PanelOptions;
  readonly #host = made('div', 'fray-devtools');
  readonly #box = made('div', 'panel');
  readonly #over = new AbortController();
  /** Who wants less motion gets a picture a second that stands still in between. */
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)');
  /** What had the focus before the panel took it. */
  #before: Element | null = null;
  #dueMs = 0;

  constructor(sections: readonly Section[], options: PanelOptions) {
    this.#sections = sections;
    this.#options = options;
    const root = this.#host.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(PANEL_STYLE);
    root.adoptedStyleSheets = [sheet];
    this.#fill();
    root.append(this.#box);
    this.#host.hidden = true;
    (options.place ?? document.body).append(this.#host);
    const { signal } = this.#over;
    addEventListener('keydown', (event) => this.#key(event), { signal, capture: true });
    // What is typed here is none of the game's, nor is a click.
    for (const kind of ['keydown', 'keyup', 'pointerdown', 'wheel', 'touchstart'] as const)
      this.#host.addEventListener(kind, (event) => event.stopPropagation(), { passive: true });
    const frame = (nowMs: number): void => {
      if (signal.aborted) return;
      requestAnimationFrame(frame);
      this.#frame(nowMs);
    };
    requestAnimationFrame(frame);
    if (options.open === true) this.show(true);
  }

  get open(): boolean {
    return !this.#host.hidden;
  }

  show(open: boolean): void {
    if (open === this.open || this.#over.signal.aborted) return;
    if (!open && this.#focused) this.#giveBack();
    this.#host.hidden = !open;
    this.#dueMs = 0;
    this.#options.onToggle?.(open);
  }

  close(): void {
    this.#over.abort();
    this.#host.hidden = true;
    this.#host.remove();
  }

  get #focused(): boolean {
    return document.activeElement === this.#host;
  }

  get #name(): string {
    return this.#options.key ?? 'F3';
  }

  #fill(): void {
    this.#box.tabIndex = -1;
    this.#box.setAttribute('role', 'complementary');
    this.#box.setAttribute('aria-label', 'Fray devtools');
    const head = made('header');
    const close = made('button', '', '×');
    close.type = 'button';
    close.setAttribute('aria-label', `Close (${this.#name})`);
    close.addEventListener('click', () => this.show(false));
    const hint = made('small', '', `${this.#name} closes, shift ${this.#name} takes the keys`);
    head.append(made('b', '', 'Fray'), hint, close);
    this.#box.append(head);
    for (const { title, body } of this.#sections) {
      const part = made('details');
      part.open = true;
      part.dataset['section'] = title;
      part.append(made('summary', '', title), body);
      this.#box.append(part);
    }
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape' && this.#focused) this.#giveBack();
    else if (event.key !== this.#name) return;
    else if (!event.shiftKey) this.show(!this.open);
    else if (this.#focused) this.#giveBack();
    else this.#take();
    event.preventDefault();
    event.stopPropagation();
  }

  #take(): void {
    this.show(true);
    this.#before = document.activeElement;
    this.#box.focus();
  }

  #giveBack(): void {
    const inside = this.#host.shadowRoot?.activeElement;
    if (inside instanceof HTMLElement) inside.blur();
    if (this.#before instanceof HTMLElement) this.#before.focus();
    this.#before = null;
  }

  #frame(nowMs: number): void {
    for (const section of this.#sections) section.look?.();
    if (!this.open || nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + (this.#calm.matches ? CALM_MS : WRITE_MS);
    for (const section of this.#sections) {
      if (
        section.body.parentElement instanceof HTMLDetailsElement &&
        section.body.parentElement.open
      )
        section.write(nowMs);
    }
  }
}

/** ms between two writes. */
const WRITE_MS = 250;
const CALM_MS = 1000;
