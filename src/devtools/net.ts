/** The net graph: bytes of each snapshot as a column, and what the line does in numbers. */
import type { Game, GameSchema } from '../client/game.ts';
import { COLOUR, made, penOf, Rows, type Section } from './section.ts';

export class NetSection implements Section {
  readonly title = 'Net';
  readonly body = made('div');
  readonly #game: Game<GameSchema>;
  readonly #more: (() => Readonly<Record<string, string>>) | undefined;
  readonly #strip = made('canvas');
  readonly #rows = new Rows();
  readonly #bytes = new Float32Array(COLUMNS);
  readonly #corrected = new Uint8Array(COLUMNS);
  #column = 0;
  #snapshots = 0;
  #corrections = 0;
  #last = { ms: 0, in: 0, out: 0, snapshots: 0 };

  constructor(game: Game<GameSchema>, more?: () => Readonly<Record<string, string>>) {
    this.#game = game;
    this.#more = more;
    this.#strip.setAttribute('role', 'img');
    this.#strip.setAttribute('aria-label', 'Bytes of the last snapshots');
    this.body.append(this.#strip, this.#rows.element);
  }

  look(): void {
    const { stats } = this.#game;
    if (stats.snapshots === this.#snapshots) return;
    this.#snapshots = stats.snapshots;
    this.#column = (this.#column + 1) % COLUMNS;
    this.#bytes[this.#column] = stats.snapshotBytes;
    this.#corrected[this.#column] = stats.corrections === this.#corrections ? 0 : 1;
    this.#corrections = stats.corrections;
  }

  write(nowMs: number): void {
    this.#draw();
    const { stats, status, tickRateHz, interpolationTicks } = this.#game;
    const last = this.#last;
    const now = { ms: nowMs, in: stats.bytesIn, out: stats.bytesOut, snapshots: stats.snapshots };
    const perSecond = (more: number): number => (more * 1000) / Math.max(1, now.ms - last.ms);
    const kbit = (bytes: number): string => `${(perSecond(bytes) / 125).toFixed(0)} kbit/s`;
    const ms = (ticks: number): string => `${((ticks * 1000) / tickRateHz).toFixed(0)} ms`;
    this.#last = now;
    this.#rows.write([
      ['transport', stats.transport],
      ['why', status === 'resuming' ? 'reconnecting' : stats.transportWhy],
      ['round trip', `${stats.rttMs.toFixed(0)} ms, jitter ${stats.jitterMs.toFixed(0)} ms`],
      ['loss', `${stats.lossPercent.toFixed(1)} %`],
      ['down, up', `${kbit(now.in - last.in)}, ${kbit(now.out - last.out)}`],
      [
        'snapshot',
        `${stats.bytesPerSnapshot.toFixed(0)} B, ${perSecond(now.snapshots - last.snapshots).toFixed(0)} /s`,
      ],
      ['correction', `${stats.correctionUnits.toFixed(3)} units, ${stats.corrections} in all`],
      [
        'input margin',
        `${stats.marginTicks.toFixed(1)} of ${stats.marginTargetTicks.toFixed(1)} ticks, ${stats.commandsLate} late`,
      ],
      ['buffer', `${stats.bufferTicks.toFixed(1)} ticks, delay ${ms(interpolationTicks)}`],
      ['in sight', `${stats.visible}`],
      ['room', `${tickRateHz} Hz, ${(stats.dilation * 100).toFixed(0)} % of real time`],
      ...Object.entries(this.#more?.() ?? {}),
    ]);
  }

  /** A column for each snapshot; one whose own player was corrected is another colour and has a mark on top. */
  #draw(): void {
    const pen = penOf(this.#strip);
    if (!pen) return;
    const { clientWidth: width, clientHeight: height } = this.#strip;
    const step = width / COLUMNS;
    const most = Math.max(LEAST_FULL_BYTES, ...this.#bytes);
    for (let k = 0; k < COLUMNS; k += 1) {
      const at = (this.#column + 1 + k) % COLUMNS;
      const isCorrected = this.#corrected[at] === 1;
      const tall = ((height - 14) * (this.#bytes[at] ?? 0)) / most;
      pen.fillStyle = isCorrected ? COLOUR.warn : COLOUR.calm;
      pen.fillRect(k * step, height - tall, Math.max(1, step - 0.5), tall);
      if (isCorrected) pen.fillRect(k * step, 0, Math.max(2, step), 5);
    }
    pen.fillStyle = COLOUR.dim;
    pen.font = '10px ui-sans-serif, system-ui, sans-serif';
    pen.fillText(`${Math.round(most)} B`, 4, 15);
  }
}

/** Snapshots shown. */
const COLUMNS = 120;
/** The strip is full at so many bytes, or at what the largest snapshot has. */
const LEAST_FULL_BYTES = 120;
