/**
 * From an address to a game: loads the core and opens the pipe side by side, does the handshake, makes the core's
 * instance for the room that answered. What differs between browser and Node comes in as `Tools`.
 */
import { ClientCore } from '../../core-wasm/bindings/client.ts';
import { ERROR, NAME_BYTES_MAX } from '../../protocol/gen/tables.ts';
import { errorOf, FrayError } from '../errors.ts';
import type { ConfigOptions } from '../schema/compile.ts';
import { Handshake } from '../session/client/handshake.ts';
import { type JoinReplyFacts, type RoomWish, utf8Bytes } from '../session/datagrams.ts';
import { type LossyPipe, lossyPipe } from '../transport/lossy.ts';
import type { ClientPipe } from '../transport/types.ts';
import { Game, type GameHooks, type GameSchema } from './game.ts';
import { type LinkParams, linkText } from './link.ts';
import { type Pacer, TimerPacer } from './pacer.ts';

/** A schema as `defineSchema` makes it. */
export interface ConnectSchema extends GameSchema {
  config(options?: ConfigOptions): Uint8Array;
}

/** `'any'`: the fullest room with a free place; one room by its id; or a new one with options the game declares. */
export type RoomRequest =
  | 'any'
  | { readonly id: string }
  | { readonly create: Readonly<Record<string, unknown>> };

export interface ConnectOptions<S extends ConnectSchema> {
  /** The same module that the server's game uses. */
  readonly schema: S;
  /** At most 32 bytes of UTF-8. Default '': the server picks one. */
  readonly name?: string;
  /** Default 'any'. */
  readonly room?: RoomRequest;
  /** Connect token. Default: as a guest, where the server lets guests in. */
  readonly token?: string | Uint8Array;
  /** Gives up connecting (E_ABORTED). Has no effect on a game that is open. */
  readonly signal?: AbortSignal;
  /** ms for everything up to the place in the room. Default 10,000; then E_JOIN_TIMEOUT. */
  readonly timeoutMs?: number;
  /** A simulated link from the first datagram on; see `game.link`. Default none. */
  readonly link?: LinkParams | string;
  /** Asks the server for a state hash in each snapshot and checks it: `stats.hashMismatches`. Default false. */
  readonly verify?: boolean;
}

/** What a browser and Node do differently. */
export interface Tools {
  open(
    url: string,
    limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<ClientPipe>;
  load(): Promise<WebAssembly.Module>;
  readonly nowMs?: () => number;
  readonly pacer?: () => Pacer;
  readonly hooks?: GameHooks;
}

/** Rejects with a FrayError; its `code` is one of the server's refusals or E_ADDRESS, E_CLOSED, E_CORE, E_JOIN_TIMEOUT, E_ABORTED. */
export async function connectWith<S extends ConnectSchema>(
  url: string,
  options: ConnectOptions<S>,
  tools: Tools,
): Promise<Game<S>> {
  checkName(options.name ?? '');
  const wish = wishOf(options.room ?? 'any');
  const deadline = new Deadline(options.timeoutMs ?? CONNECT_MS, options.signal);
  let pipe: ClientPipe | undefined;
  try {
    const opening = tools.open(socketUrl(url), {
      timeoutMs: deadline.leftMs,
      signal: deadline.signal,
    });
    // Whatever ends the wait first, a pipe that is open, or opens later, must not stay behind.
    const keep = (open: ClientPipe) => {
      pipe = open;
      if (deadline.over) open.close(0);
    };
    opening.then(keep, () => undefined);
    const [module, open] = await deadline.race(Promise.all([tools.load(), opening]));
    const joining = joinOver({ pipe: open, module, wish, deadline }, options, tools);
    return await deadline.race(joining);
  } catch (error) {
    deadline.end();
    pipe?.close(0);
    throw deadline.reason(error);
  } finally {
    deadline.end();
  }
}

interface Joining {
  readonly pipe: ClientPipe;
  readonly module: WebAssembly.Module;
  readonly wish: RoomWish;
  readonly deadline: Deadline;
}

/** The handshake over an open pipe. */
function joinOver<S extends ConnectSchema>(
  joining: Joining,
  options: ConnectOptions<S>,
  tools: Tools,
): Promise<Game<S>> {
  const nowMs = tools.nowMs ?? (() => performance.now());
  const { token, verify = false, name = '', schema } = options;
  const link =
    options.link === undefined ? undefined : lossyPipe(joining.pipe, linkText(options.link));
  const pipe = link ?? joining.pipe;
  const handshake = new Handshake(
    {
      schemaHash: schema.hash,
      name,
      room: joining.wish,
      verify,
      timeoutMs: joining.deadline.leftMs,
      ...(token === undefined ? {} : { token }),
    },
    nowMs() * 1000,
  );
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let helloMs = 0;
    let rttMs = 0;
    const fail = (error: FrayError) => {
      clearTimeout(timer);
      reject(error);
    };
    const poll = () => {
      for (
        let bytes = handshake.poll(nowMs() * 1000);
        bytes;
        bytes = handshake.poll(nowMs() * 1000)
      ) {
        if (handshake.sessionId === 0) helloMs = nowMs();
        pipe.send(bytes);
      }
      if (handshake.state === 'over') return fail(errorOf(handshake.code, 'join', handshake.text));
      const waitMs = handshake.dueUs / 1000 - nowMs();
      if (Number.isFinite(waitMs)) timer = setTimeout(poll, Math.max(1, waitMs));
    };
    pipe.onClose((code) => fail(closedError(code)));
    pipe.onDatagram((bytes) => {
      if (!handshake.handle(bytes)) return;
      if (handshake.sessionId !== 0 && rttMs === 0) rttMs = Math.max(1, nowMs() - helloMs);
      if (handshake.state === 'over') return fail(errorOf(handshake.code, 'join', handshake.text));
      if (handshake.state !== 'joined' || handshake.reply === null) return;
      clearTimeout(timer);
      try {
        const { reply } = handshake;
        resolve(
          openGame(
            { reply, pipe, link, rttMs, nowMs, verify, module: joining.module },
            schema,
            tools,
          ),
        );
      } catch (error) {
        reject(error);
      }
    });
    poll();
  });
}

interface Joined {
  readonly reply: JoinReplyFacts;
  readonly pipe: ClientPipe;
  readonly link: LossyPipe | undefined;
  readonly module: WebAssembly.Module;
  readonly rttMs: number;
  readonly nowMs: () => number;
  readonly verify: boolean;
}

function openGame<S extends ConnectSchema>(joined: Joined, schema: S, tools: Tools): Game<S> {
  const { reply, pipe, link, module, rttMs, nowMs, verify } = joined;
  const { playerId, handle, epoch, tick, playersMax, entitiesMax } = reply;
  const { interpolationTicks, snapshotBytesMax, tickRateHz, roomId } = reply;
  if (tickRateHz !== schema.layout.tickRateHz) throw errorOf(ERROR.E_SCHEMA_MISMATCH, 'join');
  const config = schema.config({
    playersMax,
    entitiesMax,
    epoch,
    interpolationTicks,
    snapshotBytesMax,
  });
  const core = ClientCore.create(module, config);
  core.join({ playerId, handle, epoch, tick, verify });
  const place = { roomId, playerId, tick, tickRateHz, interpolationTicks, rttMs };
  const pacer = tools.pacer?.() ?? new TimerPacer();
  return new Game({ schema, core, pipe, link, pacer, nowMs, hooks: tools.hooks, ...place });
}

/**
 * `http` and `https` addresses name a page: the socket is `ws` beside it. `ws` and `wss` addresses are taken as they
 * are. Throws E_ADDRESS.
 */
export function socketUrl(text: string): string {
  try {
    const url = new URL(text);
    return url.protocol.startsWith('http') ? new URL('ws', url).href : url.href;
  } catch (cause) {
    throw new FrayError('E_ADDRESS', `Cannot connect to ${JSON.stringify(text)}: it is not a URL`, {
      cause,
    });
  }
}

/** One limit for many waits: a time and the caller's signal. */
class Deadline {
  readonly #controller = new AbortController();
  readonly #endMs: number;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = () =>
    this.#cut(new FrayError('E_ABORTED', 'Cannot connect: the caller gave up'));
  #reason: FrayError | undefined;
  over = false;

  constructor(timeoutMs: number, signal: AbortSignal | undefined) {
    this.#endMs = performance.now() + timeoutMs;
    this.#signal = signal;
    const late = () =>
      this.#cut(new FrayError('E_JOIN_TIMEOUT', `Cannot connect: no answer in ${timeoutMs} ms`));
    this.#timer = setTimeout(late, timeoutMs);
    if (signal?.aborted) this.#abort();
    else signal?.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get leftMs(): number {
    return Math.max(1, this.#endMs - performance.now());
  }

  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cut = () => reject(this.#reason);
      if (this.signal.aborted) cut();
      else this.signal.addEventListener('abort', cut, { once: true });
      promise.then(resolve, reject);
    });
  }

  /** What to tell the caller: the limit that was hit, else what failed. */
  reason(error: unknown): FrayError {
    if (this.#reason) return this.#reason;
    if (error instanceof FrayError) return error;
    return new FrayError(
      'E_UNKNOWN',
      `Cannot connect: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }

  end(): void {
    this.over = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#abort);
  }

  #cut(reason: FrayError): void {
    this.#reason = reason;
    this.over = true;
    this.#controller.abort();
  }
}

function checkName(name: string): void {
  const bytes = utf8Bytes(name);
  if (bytes > NAME_BYTES_MAX) {
    throw new FrayError(
      'E_NAME',
      `Cannot connect: the name has ${bytes} bytes of UTF-8, the limit is ${NAME_BYTES_MAX}`,
    );
  }
}

function wishOf(room: RoomRequest): RoomWish {
  if (room === 'any') return { any: true };
  return 'id' in room ? { id: room.id } : { create: JSON.stringify(room.create) };
}

function closedError(code: number): FrayError {
  const known = code > 0 && code < TRANSPORT_CODES;
  return errorOf(
    known ? code : ERROR.E_CLOSED,
    'join',
    known ? '' : 'the server closed the connection',
  );
}

const CONNECT_MS = 10_000;
const TRANSPORT_CODES = 1000;
