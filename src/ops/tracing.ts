/**
 * Spans of single ticks for OpenTelemetry: of each worker the tick that it timed last, about one a second, with a span for each of its
 * stages inside. Through `@opentelemetry/api`, which who wants spans installs beside Fray; the SDK that takes and exports them is theirs
 * (`node --import ./otel.mjs`), and without one the API does nothing. Nothing of it is on the tick path.
 */
import { FrayError } from '../errors.ts';

/** One tick of a room, as `sampledTicks` has it. */
export interface TracedTick {
  readonly worker: number;
  readonly room: string;
  readonly tick: number;
  /** On the clock of `nowUs`. */
  readonly startUs: number;
  readonly us: number;
  /** In their order. */
  readonly stagesUs: Readonly<Record<string, number>>;
}

export interface TracingOptions {
  readonly ticks: () => readonly TracedTick[];
  readonly nowUs: () => number;
  /** Milliseconds since 1970. */
  readonly unixMs: () => number;
}

export interface Tracing {
  /** Makes spans of the ticks that are new since the last time. */
  look(): void;
  stop(): void;
}

/** Looks twice a second. Rejects with E_CONFIG where the API is not installed. */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const tracing = new TickSpans(options, await loadApi());
  const timer = setInterval(() => tracing.look(), LOOK_MS);
  timer.unref();
  return { look: () => tracing.look(), stop: () => clearInterval(timer) };
}

class TickSpans {
  readonly #options: TracingOptions;
  readonly #api: Api;
  /** By worker: when the newest tick that was told of began. */
  readonly #told = new Map<number, number>();

  constructor(options: TracingOptions, api: Api) {
    this.#options = options;
    this.#api = api;
  }

  look(): void {
    const { ticks, nowUs, unixMs } = this.#options;
    // Both clocks are read anew each time: one of them is set now and then.
    const atMs = unixMs() - nowUs() / 1000;
    for (const tick of ticks()) {
      if (this.#told.get(tick.worker) === tick.startUs) continue;
      this.#told.set(tick.worker, tick.startUs);
      this.#span(tick, atMs);
    }
  }

  #span({ worker, room, tick, startUs, us, stagesUs }: TracedTick, atMs: number): void {
    const { trace, ROOT_CONTEXT } = this.#api;
    // Asked for each time: an SDK may be there later than the server.
    const tracer = trace.getTracer('fray');
    const msOf = (time: number): number => atMs + time / 1000;
    const attributes = { 'fray.room': room, 'fray.worker': worker, 'fray.tick': tick };
    const whole = tracer.startSpan('tick', { startTime: msOf(startUs), attributes }, ROOT_CONTEXT);
    const inside = trace.setSpan(ROOT_CONTEXT, whole);
    let sinceUs = startUs;
    for (const [stage, tookUs] of Object.entries(stagesUs)) {
      const span = tracer.startSpan(stage, { startTime: msOf(sinceUs) }, inside);
      sinceUs += tookUs;
      span.end(msOf(sinceUs));
    }
    whole.end(msOf(startUs + us));
  }
}

async function loadApi(): Promise<Api> {
  try {
    return await import('@opentelemetry/api');
  } catch (cause) {
    const state =
      '@opentelemetry/api is not installed beside Fray (npm install @opentelemetry/api)';
    throw new FrayError('E_CONFIG', `Cannot trace ticks: ${state}`, { cause });
  }
}

type Api = typeof import('@opentelemetry/api');
const LOOK_MS = 500;
