/**
 * The client's clock: which tick the server is at, which tick of the others to show, and which tick the next
 * input command is for. Pure: time is a parameter, so that tests run it over simulated links.
 *
 * Three readings, all in ticks with a fraction:
 *
 * - `serverTick` - the server's tick as the fastest recent snapshot shows it, i.e. the newest tick that could
 *   have arrived by now. Snapshots are late by varying amounts but never early, so the earliest one of a window
 *   tells the truth and jitter does not move it (the minimum filter of NTP, over 2 s in buckets).
 * - `viewTick` = serverTick - interpolationTicks. Never goes back. Its speed leaves that of the server by at most
 *   2 %, which nobody sees; beyond 250 ms it jumps forward, or stands still until the server is there.
 * - `commandTick` runs ahead so far that commands arrive `marginTarget` ticks before they are needed. The server
 *   reports the margin it saw; this clock moves by at most 2 % to hold it.
 *
 * Who hears nothing for a second stands: the server may have stopped, or this clock may have leapt, and as view and
 * commands never go back, each tick that they run on for nothing is one that they stand still for later.
 *
 * What it does not do: no timers, no reading of a clock, no knowledge of packets.
 */

/** Most that a clock may run faster or slower than the server, as a part of 1; reached at one tick of error. */
export const CLOCK_SPEED_CHANGE_MAX = 0.02;
/** ms. An error beyond this is not steered away but jumped over. */
export const CLOCK_RESET_MS = 250;

export interface ClockOptions {
  /** Ticks of the room per second, 1 to 128. */
  readonly tickRateHz: number;
  /** How far in the past the others are shown, in ticks, as the server prescribes. */
  readonly interpolationTicks: number;
}

export class ClientClock {
  /**
   * View tick and command tick of the newest frame, see `frame`. An array because a fraction that crosses functions
   * is garbage wherever V8 does not inline them.
   */
  readonly shown = new Float64Array(2);
  /**
   * `viewTick` as a command states it: the whole tick, and the rest in 1/65536. Whole numbers, since what runs once a
   * tick is slow to be optimised, and until then each fraction it touches is garbage.
   */
  readonly stated = new Uint32Array(2);
  readonly #tickMs: number;
  readonly #interpolationTicks: number;
  readonly #resetTicks: number;
  readonly #arrivals = new Earliest();
  #rate = 1;
  /** ms without a snapshot for which the readings run on. */
  #blindMs: number;
  #nowMs = 0;
  /** The newest tick that was heard of, and when. */
  #heardTick = 0;
  #heardMs = 0;
  #modelTick = 0;
  #modelMs = 0;
  /** Ticks that the running `advance` moves on by. */
  #step = 0;
  #view = 0;
  #viewHigh = 0;
  #command = 0;
  #commandHigh = 0;
  #commandError = 0;
  #settledMs = 0;
  /** Until then a jump forward is free: nothing was shown yet, or all is broken off anyway. */
  #freeMs = 0;
  #blankMs = 0;
  #margin = 0;
  #marginSpread = 0;
  #marginKnown = false;
  #late = 0;
  #reserve = 0;
  #farReports = 0;
  /** When a report said last that commands come in time, or nearly. */
  #lateMs = 0;
  #delaySpread = 0;
  #rttMs = 0;
  #resets = 0;

  constructor(options: ClockOptions) {
    this.#tickMs = 1000 / options.tickRateHz;
    this.#interpolationTicks = options.interpolationTicks;
    this.#resetTicks = CLOCK_RESET_MS / this.#tickMs;
    this.#blindMs = blindMs(this.#tickMs);
  }

  /**
   * Sets all readings. `tick` is the server's when it answered the join, `nowMs` when the answer arrived,
   * `rttMs` the round trip seen so far (0: not known). For the next 500 ms the clock may jump forward freely.
   */
  start(tick: number, nowMs: number, rttMs: number): void {
    this.#arrivals.clear();
    this.#nowMs = nowMs;
    this.#heardMs = nowMs;
    this.#heardTick = 0;
    this.#rttMs = rttMs;
    this.#rate = 1;
    this.#blindMs = blindMs(this.#tickMs);
    this.#anchor(tick, nowMs);
    this.#view = tick - this.#interpolationTicks;
    this.#viewHigh = this.#view;
    this.shown[0] = this.#view;
    this.#command = tick + rttMs / this.#tickMs + MARGIN_TARGET_TICKS;
    this.#commandHigh = this.#command;
    this.shown[1] = this.#command;
    this.#commandError = 0;
    this.#marginKnown = false;
    this.#marginSpread = 0;
    this.#delaySpread = 0;
    this.#settledMs = this.#freeMs = nowMs + SETTLE_MS;
    this.#blankMs = nowMs + rttMs;
    this.#lateMs = this.#blankMs;
    this.#late = 0;
    this.#reserve = 0;
  }

  /** A snapshot of `tick` arrived at `arrivalMs`. Late and repeated ones may be reported too. */
  snapshot(tick: number, arrivalMs: number): void {
    // What the silence before it leaves of the time passed, ahead of all that it says.
    if (arrivalMs - this.#heardMs > this.#blindMs) this.advance(arrivalMs);
    if (arrivalMs > this.#heardMs) this.#heardMs = arrivalMs;
    if (tick > this.#heardTick) this.#heardTick = tick;
    const early = tick - this.#model(arrivalMs);
    this.#arrivals.add(arrivalMs, early);
    const late = this.#arrivals.best - early;
    this.#delaySpread += (late - this.#delaySpread) * SPREAD_GAIN;
  }

  /** The server saw own commands arrive `ticks` before they were needed (negative: too late). */
  margin(ticks: number, nowMs: number): void {
    if (nowMs < this.#blankMs) return;
    let change = ticks - this.#margin;
    const far = Math.abs(change) > this.#resetTicks;
    this.#farReports = far && this.#marginKnown ? this.#farReports + 1 : 0;
    if (this.#farReports > 0 && this.#farReports < FAR_REPORTS) return;
    if (!this.#marginKnown || far) {
      this.#marginKnown = true;
      this.#margin = ticks;
      change = 0;
    }
    this.#margin += change * MARGIN_GAIN;
    this.#marginSpread += (Math.abs(change) - this.#marginSpread) * SPREAD_GAIN;
    this.#commandError = this.marginTarget - this.#margin;
    const settling = nowMs < this.#freeMs && this.#commandError > SETTLE_ERROR_TICKS;
    if (ticks * this.#tickMs >= -LATE_MS) this.#lateMs = nowMs;
    const late = nowMs - this.#lateMs > LATE_FOR_MS && this.#commandError > 0;
    const lost = late || Math.abs(this.#commandError) > this.#resetTicks;
    if (lost) this.#resets += 1;
    if (lost || settling) this.#jumpCommand(nowMs);
    if (lost) this.#breakOff(nowMs);
  }

  /**
   * The server has counted `count` own commands since the join that came too late. Where packets get lost the reserve
   * grows to a whole tick, so that the next packet, which repeats the command, is still in time.
   */
  late(count: number, nowMs: number): void {
    const more = count - this.#late;
    this.#late = count;
    if (more > 0 && nowMs >= this.#settledMs)
      this.#reserve = Math.min(1, this.#reserve + more * RESERVE_PER_LATE);
  }

  /** The server runs at `permille` / 1000 of real time. */
  dilate(permille: number, nowMs: number): void {
    const rate = permille / 1000;
    if (rate === this.#rate || rate <= 0) return;
    this.#anchor(this.#model(nowMs), nowMs);
    this.#rate = rate;
    this.#blindMs = blindMs(this.#tickMs / rate);
  }

  /** The round trip as measured, for the first guess after a jump. */
  roundTrip(rttMs: number): void {
    this.#rttMs = rttMs;
  }

  /** Moves view and command ticks on to `nowMs`. A time before the last one counts as the last one. */
  advance(nowMs: number): void {
    const passedMs = nowMs > this.#nowMs ? nowMs - this.#nowMs : 0;
    this.#nowMs += passedMs;
    this.#reserve = Math.max(0, this.#reserve - passedMs * RESERVE_FADE_PER_MS);
    const beyondMs = this.#nowMs - this.#heardMs - this.#blindMs;
    this.#step = (passedMs / this.#tickMs) * this.#rate;
    if (beyondMs > 0) this.#advanceBlind(passedMs - beyondMs);
    else this.#advanceView();
    const most = this.#step * CLOCK_SPEED_CHANGE_MAX;
    let steer = this.#commandError * most;
    if (steer > most) steer = most;
    else if (steer < -most) steer = -most;
    this.#command += this.#step + steer;
    this.#commandError -= steer;
    // While it stands, nothing is sent and what the server reports is old.
    if (this.#command < this.#commandHigh || beyondMs > 0) this.#breakOff(this.#nowMs);
    if (this.#command > this.#commandHigh) this.#commandHigh = this.#command;
    // A command for a tick that is over is not even sent, so no report would ever say that it comes too late.
    if (this.#commandHigh < this.#heardTick) this.#guessCommand(0);
  }

  /** The newest tick that can have arrived at the time of the last `advance`. */
  get serverTick(): number {
    return this.#model(this.#nowMs) + this.#arrivals.best;
  }

  /** The tick of the others to show. Never goes back. */
  get viewTick(): number {
    return this.#viewHigh;
  }

  /**
   * Sets `shown` for a frame at `nowMs`, which may lie a little before the last `advance`: a frame's time stamp is
   * older than the packets that arrived since. Both never fall below what was answered before.
   */
  frame(nowMs: number): void {
    let back = 0;
    if (nowMs < this.#nowMs) back = ((this.#nowMs - nowMs) / this.#tickMs) * this.#rate;
    const { shown } = this;
    const view = this.#viewHigh - back;
    const command = this.#commandHigh - back;
    if (view > (shown[0] as number)) shown[0] = view;
    if (command > (shown[1] as number)) shown[1] = command;
  }

  /** The tick that own commands are at: its whole part is the newest command due. Never goes back. */
  get commandTick(): number {
    return this.#commandHigh;
  }

  /** Ticks. How early commands should arrive: a little, twice the jitter, and a tick where packets get lost. */
  get marginTarget(): number {
    const target = MARGIN_TARGET_TICKS + 2 * this.#marginSpread + this.#reserve;
    return target < MARGIN_TARGET_TICKS_MAX ? target : MARGIN_TARGET_TICKS_MAX;
  }

  /** Ticks. The margin as reported, smoothed. */
  get arrivalMargin(): number {
    return this.#margin;
  }

  /** ms. Mean lateness of snapshots against the earliest ones. */
  get jitterMs(): number {
    return this.#delaySpread * this.#tickMs;
  }

  /** ms until `commandTick` reaches its next whole number, at least 0. */
  get nextCommandMs(): number {
    const left = Math.floor(this.#commandHigh) + 1 - this.#command;
    return Math.max(0, (left * this.#tickMs) / this.#rate);
  }

  /** How often a clock jumped since the beginning. */
  get resets(): number {
    return this.#resets;
  }

  /** As in `advance`, fractions stay in fields and out of arguments: that is what keeps a frame free of garbage. */
  #advanceView(): void {
    const sinceMs = this.#nowMs - this.#modelMs;
    const newest = this.#modelTick + (sinceMs / this.#tickMs) * this.#rate + this.#arrivals.best;
    const target = newest - this.#interpolationTicks;
    const error = target - (this.#view + this.#step);
    if (error > this.#resetTicks || error < -this.#resetTicks) {
      this.#view = target;
      this.#resets += 1;
      this.#guessCommand(this.#resetTicks);
    } else if (error > 0 && this.#nowMs < this.#freeMs) {
      this.#view = target;
    } else {
      const most = this.#step * CLOCK_SPEED_CHANGE_MAX;
      let steer = error * most;
      if (steer > most) steer = most;
      else if (steer < -most) steer = -most;
      this.#view += this.#step + steer;
    }
    if (this.#view > this.#viewHigh) this.#viewHigh = this.#view;
    const stated = this.#viewHigh > 0 ? this.#viewHigh : 0;
    const whole = Math.floor(stated);
    this.stated[0] = whole;
    this.stated[1] = (stated - whole) * 65536;
  }

  /** Of the time passed, `movedMs` lies before the silence became too long. */
  #advanceBlind(movedMs: number): void {
    this.#step = movedMs > 0 ? (movedMs / this.#tickMs) * this.#rate : 0;
    this.#view += this.#step;
    if (this.#view > this.#viewHigh) this.#viewHigh = this.#view;
    const stated = this.#viewHigh > 0 ? this.#viewHigh : 0;
    const whole = Math.floor(stated);
    this.stated[0] = whole;
    this.stated[1] = (stated - whole) * 65536;
  }

  /**
   * A server that is suddenly elsewhere (a machine that slept, a stall) takes the command tick along, unless the
   * reported margins have brought it there already.
   */
  #guessCommand(leastTicks: number): void {
    const guess = this.serverTick + this.#rttMs / this.#tickMs + this.marginTarget;
    if (Math.abs(guess - this.#command) <= leastTicks) return;
    this.#commandError = guess - this.#command;
    this.#jumpCommand(this.#nowMs);
    this.#breakOff(this.#nowMs);
  }

  #jumpCommand(nowMs: number): void {
    this.#command += this.#commandError;
    this.#commandError = 0;
    this.#marginKnown = false;
    this.#blankMs = nowMs + this.#rttMs + BLANK_MS;
  }

  /**
   * What the server reports for some time is about commands that were made before this moment, and smoothed. Then the
   * clock settles as after a start.
   */
  #breakOff(nowMs: number): void {
    this.#blankMs = nowMs + this.#rttMs + BLANK_MS + REPORT_TICKS * this.#tickMs;
    this.#freeMs = this.#blankMs + SETTLE_MS;
    this.#lateMs = this.#blankMs;
  }

  #anchor(tick: number, nowMs: number): void {
    this.#modelTick = tick;
    this.#modelMs = nowMs;
  }

  #model(nowMs: number): number {
    return this.#modelTick + ((nowMs - this.#modelMs) / this.#tickMs) * this.#rate;
  }
}

/** Running maximum over the last 2 s, in buckets of 250 ms: constant time and memory for any number of samples. */
class Earliest {
  readonly #best = new Float64Array(BUCKETS).fill(Number.NEGATIVE_INFINITY);
  #bucket = Number.NEGATIVE_INFINITY;
  /** The largest value of the window. Only arrivals turn the window: in silence the last answer stands. */
  best = 0;

  clear(): void {
    this.#best.fill(Number.NEGATIVE_INFINITY);
    this.#bucket = Number.NEGATIVE_INFINITY;
    this.best = 0;
  }

  add(nowMs: number, value: number): void {
    this.#turn(nowMs);
    const at = modulo(this.#bucket, BUCKETS);
    const held = this.#best[at] ?? value;
    this.#best[at] = value > held ? value : held;
    let best = value;
    for (let i = 0; i < BUCKETS; i += 1) {
      const other = this.#best[i] as number;
      if (other > best) best = other;
    }
    this.best = best;
  }

  #turn(nowMs: number): void {
    const bucket = Math.floor(nowMs / BUCKET_MS);
    if (bucket <= this.#bucket) return;
    const stale = Math.min(BUCKETS, bucket - this.#bucket);
    for (let i = 0; i < stale; i += 1) {
      this.#best[modulo(bucket - i, BUCKETS)] = Number.NEGATIVE_INFINITY;
    }
    this.#bucket = bucket;
  }
}

/** At least a few ticks of a slow room. */
function blindMs(tickMs: number): number {
  return Math.max(BLIND_MS, BLIND_TICKS_MIN * tickMs);
}

function modulo(value: number, size: number): number {
  return ((value % size) + size) % size;
}

/** Ticks. Covers the width of the server's drain; each tenth is delay that everybody sees. */
const MARGIN_TARGET_TICKS = 0.4;
/** Ticks that one late command adds, and how fast they go: 5 % loss keeps the whole tick, a hiccup is gone in 3 s. */
const RESERVE_PER_LATE = 0.25;
const RESERVE_FADE_PER_MS = 0.0001;
/** Ticks. More delay than this for jitter's sake would hurt more than a late command does. */
const MARGIN_TARGET_TICKS_MAX = 6;
/** Share of a new margin in the smoothed one: about 10 reports, a third of a second at 30 Hz. */
const MARGIN_GAIN = 0.1;
const SPREAD_GAIN = 0.05;
/** So many reports in a row that are 250 ms off are a new truth; fewer are a hiccup of the network. */
const FAR_REPORTS = 3;
/** ms. As long as the server sends to a client that acknowledges nothing (SPEC 6.6). */
const BLIND_MS = 1000;
const BLIND_TICKS_MIN = 8;
/** ms after a start during which jumps forward are free: nothing has been shown yet. */
const SETTLE_MS = 500;
const SETTLE_ERROR_TICKS = 0.5;
/** ms after the round trip of a jump until reports are about commands made after it. */
const BLANK_MS = 100;
/** Ticks after which the server's smoothed report is about the commands since a break to nine parts in ten. */
const REPORT_TICKS = 16;
/** ms. Commands that come so much too late for so long are not steered in: all would be lost for seconds. */
const LATE_MS = 60;
const LATE_FOR_MS = 1000;
const BUCKET_MS = 250;
const BUCKETS = 8;
