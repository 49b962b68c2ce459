/**
 * One game as its author sees it: controls in, views, events and messages out. The parts do the work (clock, core, view,
 * sampler, events); this joins them and keeps the state of the session.
 *
 * `pump` is the client's list of stages and runs on every occasion: a packet, a frame, a timer. It may run too often or
 * too rarely; what is due depends on time alone.
 */
import type { ClientCore } from '../../core-wasm/bindings/client.ts';
import { RECEIVED } from '../../core-wasm/bindings/client.ts';
import { ClientStats, ERROR, MESSAGE } from '../../protocol/gen/tables.ts';
import { errorOf, FrayError } from '../errors.ts';
import type { InputOf, MessagesToClient, MessagesToServer } from '../schema/infer.ts';
import type { SchemaLayout } from '../schema/layout.ts';
import { MessageCodec } from '../schema/messages.ts';
import type { JoinReplyFacts } from '../session/datagrams.ts';
import { formatLink, parseLink } from '../transport/link.ts';
import { ClientClock } from './clock.ts';
import { readControl } from './control.ts';
import { CLIENT_EVENT, EventQueue, type QueuedEvent } from './events.ts';
import { type GameEvents, type GameStatus, newListeners } from './game-events.ts';
import { InputSampler } from './input.ts';
import type { Line } from './line.ts';
import { type LinkParams, linkText } from './link.ts';
import { Listeners } from './listeners.ts';
import type { Pacer } from './pacer.ts';
import type { Permit } from './permit.ts';
import type { TransportChoice } from './pipes.ts';
import { GameStats, STATS_TURN_MS } from './stats.ts';
import type { PlayerId, RosterEntry, ViewOf } from './types.ts';
import { GameView } from './view.ts';
import type { Watchable } from './watchable.ts';

/** What a game needs to know of its schema. */
export interface GameSchema {
  readonly layout: SchemaLayout;
  readonly hash: bigint;
}

/** The answer of the room, and the parts that were made for it. */
export interface GameParts<S extends GameSchema> {
  readonly schema: S;
  readonly core: ClientCore;
  readonly line: Line;
  readonly resumed: 'new' | 'fresh';
  readonly pacer: Pacer;
  readonly nowMs: () => number;
  readonly roomId: string;
  readonly playerId: number;
  readonly tick: number;
  readonly tickRateHz: number;
  readonly interpolationTicks: number;
  /** Round trip of the handshake, the first guess. */
  readonly rttMs: number;
  readonly hooks?: GameHooks | undefined;
}

/** For programs that play and measure in step with the game; see src/client/headless.ts. */
export interface GameHooks {
  /** Before the commands that are due are sampled: where bots decide. */
  beforeCommand?(): void;
  /** After each snapshot that was decoded. */
  afterSnapshot?(): void;
}

export class Game<S extends GameSchema> implements Watchable<S> {
  readonly schema: S;
  /** Fit for an invitation: `connect(url, { room: { id } })`. */
  readonly roomId: string;
  readonly playerId: PlayerId;
  readonly tickRateHz: number;
  /** How far in the past the others are shown, in ticks. */
  readonly interpolationTicks: number;
  readonly stats: GameStats;
  /**
   * `new`: this player has just come. `fresh`: it was here before under the same session, and has its body back; what the
   * page knew of the game is lost, and the server tells all of it again.
   */
  readonly resumed: 'new' | 'fresh';
  readonly #core: ClientCore;
  readonly #clock: ClientClock;
  readonly #view: GameView;
  readonly #input: InputSampler;
  readonly #events: EventQueue;
  readonly #outgoing: MessageCodec;
  readonly #incoming: MessageCodec;
  readonly #pacer: Pacer;
  readonly #nowMs: () => number;
  readonly #hooks: GameHooks | undefined;
  readonly #listeners = newListeners<S>();
  readonly #handlers = new Map<string, Listeners<unknown>>();
  readonly #wake: () => number;
  readonly #packets = new Map<number, Uint8Array>();
  readonly #line: Line;
  #status: GameStatus = 'open';
  #error: FrayError | undefined;
  /** Of the channel that began anew last. */
  #anewEpoch = -1;
  #lastCommand: number;
  #snapshots = 0;
  #pumpedMs: number;
  #sentMs: number;
  #turnedMs = 0;
  #pumping = false;

  /** Use `connect`. */
  constructor(parts: GameParts<S>) {
    const { schema, core, playerId, tickRateHz, interpolationTicks } = parts;
    const { layout } = schema;
    this.schema = schema;
    this.roomId = parts.roomId;
    this.playerId = playerId as PlayerId;
    this.tickRateHz = tickRateHz;
    this.interpolationTicks = interpolationTicks;
    this.#core = core;
    this.#nowMs = parts.nowMs;
    this.#pacer = parts.pacer;
    this.#hooks = parts.hooks;
    this.#clock = new ClientClock({ tickRateHz, interpolationTicks });
    this.stats = new GameStats({
      counters: core.stats,
      clock: this.#clock,
      tickRateHz,
      line: parts.line,
    });
    this.#view = new GameView({ core, layout, playerId });
    this.#input = new InputSampler(layout);
    this.#events = new EventQueue(layout.weapons.map((weapon) => weapon.name));
    this.#outgoing = new MessageCodec(layout.toServer);
    this.#incoming = new MessageCodec(layout.toClient);
    const nowMs = this.#nowMs();
    this.#pumpedMs = nowMs;
    this.#sentMs = nowMs;
    this.#clock.start(parts.tick, nowMs, parts.rttMs);
    this.#lastCommand = Math.floor(this.#clock.commandTick);
    this.#line = parts.line;
    this.resumed = parts.resumed;
    // The author sets listeners in the turn after `connect`; nothing may be handed out before.
    setTimeout(() => this.#start(), 0);
    this.#wake = () => {
      this.#pump(this.#nowMs());
      return this.#clock.nextCommandMs;
    };
    this.#pacer.add(this.#wake);
  }

  get status(): GameStatus {
    return this.#status;
  }

  /**
   * Lets a player back in whose page was lost: `connect(url, { token })` with it is the same player in the same body, for as
   * long as the server waits (`resumeMs`, 30 s). The server renews it; null until the first has come. Keep it as you would a password.
   */
  get token(): string | null {
    return this.#line.permit.text;
  }

  /** For `connect`: the token and how often it was shown. */
  get permit(): Permit {
    return this.#line.permit;
  }

  /** Why the game has closed; undefined while it runs, and after `close`. */
  get error(): FrayError | undefined {
    return this.#error;
  }

  /** All players of the room, in sight or not. A new array after each change; its entries stay. */
  get roster(): readonly RosterEntry<S>[] {
    return this.#view.roster.all as unknown as readonly RosterEntry<S>[];
  }

  /** Handle of the own player's body. */
  get handle(): number {
    return this.#core.ownHandle;
  }

  /**
   * Changes the own controls; inputs that are not named stay as they are. Call it as often as you like: a button that
   * was pressed at any time since the last command counts as pressed in the next. Throws E_VALUE for an unknown input.
   */
  setInput(input: Partial<InputOf<S>>): void {
    this.#input.set(input as Readonly<Record<string, unknown>>);
  }

  /**
   * Sends a message, reliably and in order. Throws E_CHANNEL_FULL when too much waits (try again later), E_VALUE or
   * E_MESSAGE_TOO_LONG for a value that does not fit, E_CLOSED when the game is over.
   */
  send<Name extends keyof MessagesToServer<S> & string>(
    name: Name,
    value: MessagesToServer<S>[Name],
  ): void {
    if (this.#status === 'closed')
      throw new FrayError('E_CLOSED', `Cannot send '${name}': the game is over`);
    const bytes = this.#outgoing.encode(
      name,
      value as Record<string, unknown>,
      this.#core.messageBytes,
    );
    const answer = this.#core.send(bytes);
    if (answer < 0) throw errorOf(-answer, `send '${name}'`);
  }

  /** Calls `fn` for each message of that name; answers the function that ends it. Throws E_MESSAGE_UNKNOWN. */
  onMessage<Name extends keyof MessagesToClient<S> & string>(
    name: Name,
    fn: (value: MessagesToClient<S>[Name]) => void,
  ): () => void {
    if (!this.schema.layout.toClient.some((message) => message.name === name)) {
      throw new FrayError(
        'E_MESSAGE_UNKNOWN',
        `Cannot listen for '${name}': the schema has no such message to clients`,
      );
    }
    let listeners = this.#handlers.get(name);
    if (!listeners) {
      listeners = new Listeners<unknown>();
      this.#handlers.set(name, listeners);
    }
    return listeners.add(fn as (value: unknown) => void);
  }

  /** Calls `fn` on each event of that kind; answers the function that ends it. */
  on<Kind extends keyof GameEvents<S>>(
    kind: Kind,
    fn: (...args: GameEvents<S>[Kind]) => void,
  ): () => void {
    const listeners = this.#listeners[kind];
    if (listeners === undefined)
      throw new FrayError('E_VALUE', `Cannot listen for '${String(kind)}': there is no such event`);
    return (listeners as Listeners<unknown, unknown>).add(
      fn as (first: unknown, second: unknown) => void,
    );
  }

  /**
   * What to draw at `nowMs` (the time stamp of the frame). The object and all in it are reused: read it before the next
   * call. Makes no garbage. Also moves the game on, so that commands leave in step with frames.
   */
  view(nowMs: number = this.#nowMs()): ViewOf<S> {
    this.#pump(nowMs);
    this.#clock.frame(nowMs);
    return this.#view.fill(this.#clock.shown, this.#snapshots > 0) as unknown as ViewOf<S>;
  }

  /**
   * Puts a simulated link between this client and the server, or changes it: `game.link({ rtt: 150, loss: 5 })`, or a
   * text as `fray bots --link` takes. For tests and net graphs. Throws E_CONFIG for a value out of range.
   */
  link(params: LinkParams | string): void {
    const text = linkText(params);
    const settings = parseLink(text);
    if (this.#status === 'closed') return;
    this.#line.setLink(settings);
    this.stats.link = formatLink(settings);
  }

  /**
   * Moves the running game to another transport, and keeps it there; the packet layer does not notice. Rejects when it does
   * not open (the game goes on as before), and with E_CONFIG for one that `connect` was not allowed. For tests and
   * demonstrations: by itself a game is on the best that works.
   */
  switchTo(transport: Exclude<TransportChoice, 'auto'>): Promise<void> {
    return this.#line.switchTo(transport);
  }

  /**
   * What an entity in sight costs, for tools: the bits that its newest state took of a snapshot, and the tick of that. Means nothing for
   * the own player, which is part of every snapshot, and for a `predicted` shot. `handle` as in its row of the view.
   */
  costOf(handle: number): { readonly tick: number; readonly bits: number } {
    const at = 2 * (handle & 0xffff);
    const { costs } = this.#core;
    return { tick: costs[at] ?? 0, bits: costs[at + 1] ?? 0 };
  }

  /** Leaves the room. Repeats do nothing. The last view stays readable. */
  close(): void {
    if (this.#status === 'closed') return;
    this.#line.close();
    this.#end(undefined);
  }

  /** Shows what prediction is worth, in tests and demonstrations: off, the own player is as late as the others. */
  predict(on: boolean): void {
    this.#core.predict(on);
  }

  #start(): void {
    this.#line.listen({
      packet: (bytes) => this.#packet(bytes),
      status: (status) => this.#become(status),
      known: () => ({
        messagesRead: this.#core.stats.getUint32(ClientStats.messagesReceived, true) & 0xffff,
        tick: this.stats.snapshotTick,
      }),
      anew: (reply, rttMs) => this.#anew(reply, rttMs),
      over: (error) => this.#end(error),
    });
  }

  /** False: none of the server's. */
  #packet(bytes: Uint8Array): boolean {
    if (this.#status === 'closed') return false;
    this.stats.packetsIn += 1;
    this.stats.bytesIn += bytes.length;
    const nowMs = this.#nowMs();
    const received = this.#core.receive(bytes);
    if (received < 0) return false;
    if ((received & RECEIVED.snapshot) !== 0) this.#snapshot(nowMs);
    if ((received & RECEIVED.events) !== 0) this.#takeEvents();
    if ((received & RECEIVED.messages) !== 0) this.#takeMessages();
    this.#pump(nowMs);
    return true;
  }

  #snapshot(nowMs: number): void {
    const { stats } = this.#core;
    this.#snapshots += 1;
    this.#clock.snapshot(stats.getUint32(ClientStats.snapshotTick, true), nowMs);
    this.#clock.roundTrip(this.stats.rttMs);
    if (stats.getUint32(ClientStats.appliedTick, true) > 0) {
      this.#clock.margin(stats.getInt32(ClientStats.marginTicks256, true) / 256, nowMs);
      this.#clock.late(stats.getUint32(ClientStats.inputsLate, true), nowMs);
    }
    const permille = stats.getUint32(ClientStats.dilationPermille, true);
    if (permille > 0) this.#clock.dilate(permille, nowMs);
    this.#hooks?.afterSnapshot?.();
  }

  /** The server was killed, and its room has gone on as of a moment before that. */
  #anew(reply: JoinReplyFacts, rttMs: number): void {
    const { epoch, tick, keptTick } = reply;
    // Told again over another pipe.
    if (epoch === this.#anewEpoch) return;
    this.#anewEpoch = epoch;
    const nowMs = this.#nowMs();
    const newest = this.stats.snapshotTick;
    const messagesLost = this.#core.rejoin(reply);
    this.#clock.start(tick, nowMs, rttMs);
    this.#lastCommand = Math.floor(this.#clock.commandTick);
    const ticksLost = keptTick === 0 ? 0 : Math.max(0, newest - keptTick);
    this.stats.setBack(ticksLost, messagesLost);
    this.#takeEvents();
    this.#listeners.setback.call({ ticksLost, messagesLost }, undefined);
  }

  /** The stages: move the clock, sample what is due, hand out what the view has reached, keep the counters. */
  #pump(nowMs: number): void {
    // A listener that looks at the view must not start the stages anew.
    if (this.#status === 'closed' || this.#pumping) return;
    this.#pumping = true;
    const passedMs = nowMs - this.#pumpedMs;
    // A frame's time stamp may be a little older than the packets that came since.
    if (passedMs > 0) this.#pumpedMs = nowMs;
    this.#clock.advance(nowMs);
    this.#sample(nowMs);
    for (
      let event = this.#events.due(this.#clock.viewTick);
      event;
      event = this.#events.due(this.#clock.viewTick)
    ) {
      this.#emit(event);
    }
    if (nowMs - this.#turnedMs >= STATS_TURN_MS) {
      this.#turnedMs = nowMs;
      this.stats.turn();
    }
    this.#pumping = false;
    this.#line.poll(nowMs);
  }

  #sample(nowMs: number): void {
    // A whole number to V8 as well.
    const due = this.#clock.commandTick >>> 0;
    if (due > this.#lastCommand) {
      this.#hooks?.beforeCommand?.();
      const first = Math.max(this.#lastCommand + 1, due - CATCH_UP_COMMANDS_MAX + 1);
      this.stats.commandsSkipped += first - this.#lastCommand - 1;
      for (let tick = first; tick <= due; tick += 1) {
        this.#input.sample(this.#core.command, tick, this.#clock.stated);
        this.#core.sample();
        this.stats.commands += 1;
      }
      this.#lastCommand = due;
    } else if (nowMs - this.#sentMs < SIGN_OF_LIFE_MS) return;
    this.#sendPacket(nowMs);
  }

  #sendPacket(nowMs: number): void {
    if (!this.#line.standing) return;
    const bytes = this.#core.packet(this.#lastCommand);
    if (bytes <= 0) return;
    this.#sentMs = nowMs;
    this.stats.packetsOut += 1;
    this.stats.bytesOut += bytes;
    this.#line.send(this.#packetOf(bytes));
  }

  /** The first `bytes` of the core's packet. Each length has its view once: a frame that sends makes no garbage. */
  #packetOf(bytes: number): Uint8Array {
    const known = this.#packets.get(bytes);
    if (known) return known;
    const made = this.#core.packetBytes.subarray(0, bytes);
    this.#packets.set(bytes, made);
    return made;
  }

  #takeEvents(): void {
    let rosterChanged = false;
    let roomChanged = false;
    while (this.#core.event()) {
      const event = this.#events.take(this.#core.eventFields, this.#core.ownHandle);
      if (!event) continue;
      if (event.code === CLIENT_EVENT.room) roomChanged = true;
      else if (event.code === CLIENT_EVENT.text) this.#view.textsChanged();
      else if (event.code >= CLIENT_EVENT.roster) rosterChanged = true;
      else this.#emit(event);
    }
    if (rosterChanged) this.#refreshRoster();
    if (roomChanged)
      this.#listeners.room.call(this.#view.frame.room as ViewOf<S>['room'], undefined);
  }

  #emit(event: QueuedEvent): void {
    if (event.code === CLIENT_EVENT.enter) this.#listeners.enter.call(event, undefined);
    else if (event.code === CLIENT_EVENT.leave) this.#listeners.leave.call(event, undefined);
    else this.#listeners.event.call(event, undefined);
  }

  #refreshRoster(): void {
    const before = this.roster;
    this.#view.roster.refresh();
    const after = this.roster;
    this.#listeners.roster.call(after, undefined);
    for (const entry of after)
      if (!before.includes(entry)) this.#listeners.joined.call(entry, undefined);
    for (const entry of before)
      if (!after.includes(entry)) this.#listeners.left.call(entry, undefined);
  }

  #takeMessages(): void {
    for (let bytes = this.#core.message(); bytes >= 0; bytes = this.#core.message()) {
      const message = this.#core.messageBytes.subarray(0, bytes);
      if (message[0] === MESSAGE.control) this.#control(message.subarray(1));
      else if (this.#incoming.decode(message) === ERROR.E_OK) {
        const { name, value } = this.#incoming.decoded;
        this.#handlers.get(name)?.call(value, undefined);
      }
      if (this.#status === 'closed') return;
    }
  }

  #control(bytes: Uint8Array): void {
    const control = readControl(bytes);
    if (control?.token) this.#line.permit.renew(control.token);
    if (control?.notice) this.#listeners.notice.call(control.notice, undefined);
    if (control?.fault) this.#listeners.fault.call(control.fault, undefined);
  }

  #become(status: 'open' | 'resuming'): void {
    if (this.#status === 'closed' || this.#status === status) return;
    this.#status = status;
    this.#listeners.status.call(status, undefined);
  }

  #end(error: FrayError | undefined): void {
    if (this.#status === 'closed') return;
    this.#status = 'closed';
    this.#error = error;
    this.#pacer.remove(this.#wake);
    this.#listeners.status.call('closed', error);
  }
}

/** Commands made up for after a late wake-up; older ticks are skipped, the server repeats movement meanwhile. */
const CATCH_UP_COMMANDS_MAX = 4;
/** ms. A client that has nothing to say still says so, or its session times out. */
const SIGN_OF_LIFE_MS = 1000;
