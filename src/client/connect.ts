/**
 * From an address to a game: loads the core and opens pipes side by side, does the handshake, makes the core's instance
 * for the room that answered. What differs between browser and Node comes in as `Tools`.
 */
import { ClientCore } from '../../core-wasm/bindings/client.ts';
import { ERROR, NAME_BYTES_MAX } from '../../protocol/gen/tables.ts';
import { errorOf, FrayError } from '../errors.ts';
import type { ConfigOptions } from '../schema/compile.ts';
import { Handshake, type HandshakeOptions } from '../session/client/handshake.ts';
import type { Known } from '../session/control-codec.ts';
import { HELLO_TEXT_BYTES_MAX, type RoomWish, utf8Bytes } from '../session/datagrams.ts';
import { parseLink } from '../transport/link.ts';
import type { TransportKind } from '../transport/types.ts';
import { Deadline } from './deadline.ts';
import { Game, type GameHooks, type GameSchema } from './game.ts';
import type { Keeper } from './keeper.ts';
import { type Intent, type Joined, Line } from './line.ts';
import { type LinkParams, linkText } from './link.ts';
import { type Pacer, TimerPacer } from './pacer.ts';
import { Permit } from './permit.ts';
import { kindsOf, type Openers, socketUrl, type TransportChoice } from './pipes.ts';

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
  /** Connect token, or what `game.token` was before. Default: as a guest, where the server lets guests in. */
  readonly token?: string | Uint8Array;
  /**
   * For the author's own login (`onAuth`), 1..1,000 bytes of UTF-8: a JWT, say. Shown until the session has a token of its
   * own, and not at all beside `token`. Default none.
   */
  readonly credential?: string;
  /**
   * Default 'auto': the transports that there are here, the better ones (UDP, WebRTC, WebSocket) before the others. In Node
   * WebRTC only by name.
   */
  readonly transport?: TransportChoice;
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
  readonly open: Openers;
  load(): Promise<WebAssembly.Module>;
  readonly nowMs?: () => number;
  /** In [0, 1), for the spread of tries to come back. Default Math.random. */
  readonly random?: () => number;
  readonly pacer?: () => Pacer;
  readonly hooks?: GameHooks;
  /** Asks a server's page for a token of a guest, for UDP alone. Default: UDP takes nobody without a token. */
  readonly guestToken?: (page: string, signal: AbortSignal) => Promise<string>;
  /** Where the session's token outlives the page. Default: nowhere. */
  readonly keeper?: Keeper | undefined;
}

/** Rejects with a FrayError; its `code` is one of the server's refusals or E_ADDRESS, E_CLOSED, E_CONFIG, E_CORE, E_JOIN_TIMEOUT, E_ABORTED. */
export async function connectWith<S extends ConnectSchema>(
  url: string,
  options: ConnectOptions<S>,
  tools: Tools,
): Promise<Game<S>> {
  checkName(options.name ?? '');
  checkCredential(options.credential);
  const to = { url: socketUrl(url), kinds: kindsOf(options.transport ?? 'auto', tools.open) };
  const key = `${to.url} ${options.schema.hash.toString(16)}`;
  const deadline = new Deadline(options.timeoutMs ?? CONNECT_MS, options.signal);
  const join = (shown: Permit) =>
    new Joining({ ...to, permit: shown, deadline }, options, tools).game();
  try {
    const token = options.token ?? (await guestToken(url, to.kinds, { options, tools, deadline }));
    const permit = new Permit(token);
    const game = (await back(key, options, { tools, deadline, join })) ?? (await join(permit));
    keep(game, key, tools.keeper);
    return game;
  } catch (error) {
    throw deadline.reason(error);
  } finally {
    deadline.end();
  }
}

/** UDP takes nobody without a token: who comes by UDP alone, and has none, asks the server's page for that of a guest. */
async function guestToken<S extends ConnectSchema>(
  url: string,
  kinds: readonly TransportKind[],
  { options, tools, deadline }: Asking<S>,
): Promise<string | undefined> {
  const ask = tools.guestToken;
  const isGuest = options.token === undefined && options.credential === undefined;
  const isUdp = kinds.every((kind) => kind === 'udp') && /^https?:/i.test(url);
  return ask && isGuest && isUdp ? deadline.race(ask(url, deadline.signal)) : undefined;
}

interface Asking<S extends ConnectSchema> {
  readonly options: ConnectOptions<S>;
  readonly tools: Tools;
  readonly deadline: Deadline;
}

interface Back<G> {
  readonly tools: Tools;
  readonly deadline: Deadline;
  join(permit: Permit): Promise<G>;
}

/** The session that a page before this one has lost, or null: there is none that still lives. */
async function back<S extends ConnectSchema, G>(
  key: string,
  { room = 'any' }: ConnectOptions<S>,
  { tools, deadline, join }: Back<G>,
): Promise<G | null> {
  const { keeper } = tools;
  const kept = keeper ? await deadline.race(keeper.take(key)) : null;
  if (!keeper || !kept) return null;
  try {
    if (room === 'any' || ('id' in room && room.id === kept.room))
      return await join(new Permit(kept.token, kept.attach));
  } catch (error) {
    // A session that has ended is nobody's; any other trouble would meet a new one as well.
    if (!(error instanceof FrayError) || !ENDED.test(error.code)) throw error;
  }
  keeper.forget(key);
  return null;
}

/** From here on a page that ends without a goodbye leaves its token behind. */
function keep<S extends ConnectSchema>(game: Game<S>, key: string, keeper?: Keeper): void {
  if (!keeper) return;
  const { permit } = game;
  permit.changed = () => {
    const { text: token, attach } = permit;
    if (token !== null && game.status !== 'closed')
      keeper.put(key, { token, attach, room: game.roomId });
  };
  permit.changed();
  game.on('status', (status) => {
    if (status === 'closed') keeper.forget(key);
  });
}

interface JoiningParts {
  /** Of the socket. */
  readonly url: string;
  readonly kinds: readonly TransportKind[];
  readonly permit: Permit;
  readonly deadline: Deadline;
}

/** Everything between a permit and a game. */
class Joining<S extends ConnectSchema> {
  readonly #parts: JoiningParts;
  readonly #options: ConnectOptions<S>;
  readonly #tools: Tools;
  readonly #wish: RoomWish;
  readonly #nowMs: () => number;

  constructor(parts: JoiningParts, options: ConnectOptions<S>, tools: Tools) {
    this.#parts = parts;
    this.#options = options;
    this.#tools = tools;
    this.#wish = wishOf(options.room ?? 'any');
    this.#nowMs = tools.nowMs ?? (() => performance.now());
  }

  /** Whatever ends the wait first, no pipe that is open, or opens later, stays behind. */
  async game(): Promise<Game<S>> {
    const { deadline, url, kinds, permit } = this.#parts;
    const { open, random = Math.random, load } = this.#tools;
    const { link } = this.#options;
    if (permit.token === null && kinds.every((kind) => kind === 'udp'))
      throw errorOf(ERROR.E_TOKEN_REQUIRED, 'connect', 'UDP takes nobody without a connect token');
    let told: (joined: Joined) => void = () => undefined;
    const joined = new Promise<Joined>((resolve) => {
      told = resolve;
    });
    const line = new Line(
      {
        url,
        kinds,
        openers: open,
        permit,
        random,
        hello: (kind, intent, known) => this.#hello(kind, intent, known),
        nowMs: this.#nowMs,
        link: link === undefined ? undefined : parseLink(linkText(link)),
      },
      told,
    );
    const timer = setInterval(() => line.poll(this.#nowMs()), POLL_MS);
    try {
      const module = await deadline.race(Promise.race([load(), line.failure]));
      line.greet();
      const answer = await deadline.race(Promise.race([joined, line.failure]));
      return this.#open(line, answer, module);
    } catch (error) {
      line.close();
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  #hello(kind: TransportKind, intent: Intent, known?: Known): Handshake {
    const { schema, name = '', verify = false } = this.#options;
    const { deadline } = this.#parts;
    return new Handshake(
      {
        schemaHash: schema.hash,
        name,
        room: this.#wish,
        verify,
        intent,
        known,
        timeoutMs: intent === 'play' ? deadline.leftMs : ATTACH_MS,
        ...this.#shown(kind),
      },
      this.#nowMs() * 1000,
    );
  }

  /** Who is there: the token; before there is one what the author's login asks for; else a guest. */
  #shown(kind: TransportKind): Pick<HandshakeOptions, 'token' | 'attach' | 'text' | 'pipe'> {
    const { permit } = this.#parts;
    const { credential } = this.#options;
    const { token } = permit;
    if (token === null) return credential === undefined ? {} : { text: credential };
    const attach = permit.show();
    return kind === 'udp' ? { pipe: true, attach } : { token, attach };
  }

  /** The core's instance for the room that answered, and the game over it. */
  #open(line: Line, { reply, known, rttMs }: Joined, module: WebAssembly.Module): Game<S> {
    const { schema, verify = false } = this.#options;
    const { playerId, epoch, tick, playersMax, entitiesMax } = reply;
    const { interpolationTicks, snapshotBytesMax, tickRateHz, roomId } = reply;
    if (tickRateHz !== schema.layout.tickRateHz)
      throw errorOf(ERROR.E_SCHEMA_MISMATCH, 'join', 'the tick rates differ');
    const config = schema.config({
      playersMax,
      entitiesMax,
      epoch,
      interpolationTicks,
      snapshotBytesMax,
    });
    const core = ClientCore.create(module, config);
    core.join({ ...reply, verify });
    const pacer = this.#tools.pacer?.() ?? new TimerPacer();
    const { hooks } = this.#tools;
    const place = { roomId, playerId, tick, tickRateHz, interpolationTicks, rttMs };
    const resumed = known ? 'fresh' : 'new';
    return new Game({ schema, core, line, resumed, pacer, nowMs: this.#nowMs, hooks, ...place });
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

/** Says how long it is, never what it is. */
function checkCredential(credential: string | undefined): void {
  if (credential === undefined) return;
  const bytes = typeof credential === 'string' ? utf8Bytes(credential) : 0;
  if (bytes < 1 || bytes > HELLO_TEXT_BYTES_MAX) {
    throw new FrayError(
      'E_CONFIG',
      `Cannot connect: the credential has ${bytes} bytes of UTF-8, it takes 1 to ${HELLO_TEXT_BYTES_MAX}`,
    );
  }
}

function wishOf(room: RoomRequest): RoomWish {
  if (room === 'any') return { any: true };
  return 'id' in room ? { id: room.id } : { create: JSON.stringify(room.create) };
}

const CONNECT_MS = 10_000;
/** ms for the server to take one more pipe. */
const ATTACH_MS = 4000;
/** ms between two looks at what is due until the game keeps time. */
const POLL_MS = 50;
/** Refusals that tell: there is no such session any more. */
const ENDED = /^E_(TOKEN_|SESSION_OVER|ATTACH_REPLAY|ROOM_)/;
