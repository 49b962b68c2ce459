/**
 * How long the stages of a tick take: once a second one tick of one room runs stage by stage, with a look at the clock between them. All
 * other ticks run in their two calls and cost nothing. What a timed tick does is the same, so it is of no matter which one it is.
 */
import { FIRST_STAGES, LAST_STAGES, type RoomCore } from '../core-wasm/bindings/room.ts';
import { HISTOGRAM, type Timing } from './timing.ts';

type Core = Pick<RoomCore, 'begin' | 'end' | 'stage'>;

export class StageTimes {
  readonly #timing: Timing;
  readonly #nowUs: () => number;
  /** us: of the newest timed tick, and of the stage that runs. Not fields: a fraction in a field is garbage. */
  readonly #times = new Float64Array(2);
  /** Room of the slot whose turn it is, by its place in it; -1: none. */
  #chosen = -1;
  #turn = 0;
  #armed = false;

  constructor(timing: Timing, nowUs: () => number) {
    this.#timing = timing;
    this.#nowUs = nowUs;
  }

  /** A slot of `rooms` rooms ticks, from `startUs` on: whether one of them is timed, and which. They take turns. */
  choose(startUs: number, rooms: number): void {
    this.#chosen = -1;
    if (startUs - (this.#times[TIMES.last] as number) < EACH_US) return;
    this.#turn = (this.#turn + 1) % rooms;
    this.#chosen = this.#turn;
  }

  /** The room at a place of the slot ticks next. */
  arm(place: number): void {
    this.#armed = place === this.#chosen;
  }

  /** `core.begin`. */
  begin(core: Core, length: number): number {
    if (!this.#armed) return core.begin(length);
    const times = this.#times;
    times[TIMES.since] = times[TIMES.last] = this.#nowUs();
    let eventBytes = 0;
    for (let at = 0; at < FIRST_STAGES.length; at += 1) {
      eventBytes = core.stage(1 + at, length);
      this.#record(FIRST[at] as number);
    }
    return eventBytes;
  }

  /** `core.end`. */
  end(core: Core, length: number): number {
    if (!this.#armed) return core.end(length);
    this.#armed = false;
    this.#record(HISTOGRAM.plugin);
    let packets = 0;
    for (let at = 0; at < LAST_STAGES.length; at += 1) {
      packets = core.stage(1 + FIRST_STAGES.length + at, length);
      this.#record(LAST[at] as number);
    }
    return packets;
  }

  #record(histogram: number): void {
    const times = this.#times;
    const nowUs = this.#nowUs();
    this.#timing.record(histogram, nowUs - (times[TIMES.since] as number));
    times[TIMES.since] = nowUs;
  }
}

const TIMES = { last: 0, since: 1 } as const;
/** us from one timed tick of a worker to the next. */
const EACH_US = 1_000_000;
const FIRST = FIRST_STAGES.map((stage) => HISTOGRAM[stage]);
const LAST = LAST_STAGES.map((stage) => HISTOGRAM[stage]);
