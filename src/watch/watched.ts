/** A journal as a page sees it: what `Game` is to who plays, with a time that goes as one likes and eyes that can be chosen. */
import { ClientEvent, ERROR, EVENTS_MAX } from '../../protocol/gen/tables.ts';
import { EventQueue } from '../client/events.ts';
import type { GameSchema } from '../client/game.ts';
import { type GameEvents, type GameStatus, newListeners } from '../client/game-events.ts';
import { Listeners } from '../client/listeners.ts';
import type { PlayerId, RosterEntry, ViewOf } from '../client/types.ts';
import { GameView } from '../client/view.ts';
import type { Watchable } from '../client/watchable.ts';
import { FrayError } from '../errors.ts';
import type { ReplayReport } from '../room/replay.ts';
import type { MessagesToClient } from '../schema/infer.ts';
import { MessageCodec } from '../schema/messages.ts';
import { Film } from './film.ts';
import { messagesTo } from './said.ts';
import type { Mark } from './scan.ts';

export interface WatchedParts<S extends GameSchema> {
  readonly schema: S;
  readonly file: Uint8Array;
  readonly module: WebAssembly.Module;
  /** Default: the time since the page was opened. */
  readonly nowMs?: () => number;
}

export class Watched<S extends GameSchema> implements Watchable<S> {
  readonly schema: S;
  readonly roomId: string;
  readonly tickRateHz: number;
  /** When the room was opened, ms since 1970. */
  readonly openedMs: number;
  readonly #film: Film;
  readonly #view: GameView;
  readonly #events: EventQueue;
  readonly #codec: MessageCodec;
  readonly #listeners = newListeners<S>();
  readonly #handlers = new Map<string, Listeners<unknown>>();
  readonly #nowMs: () => number;
  readonly #ticks = new Float64Array(2);
  /** Messages that wait for their tick to be shown. */
  readonly #said: { readonly tick: number; readonly bytes: Uint8Array }[] = [];
  /** Events of the room that were looked at. */
  #heard = 0;
  #rosterSeen = new Uint8Array(0);
  #roomSeen = new Int32Array(0);
  #playing = true;
  #speed = 1;
  /** Whom to watch; 0: whoever comes first. */
  #wish = 0;
  #lastMs: number | null = null;
  #telling = false;
  #status: GameStatus = 'open';
  #reading: ReturnType<typeof setTimeout> | undefined;

  /** Use `watch`. Throws what `Film` throws. */
  constructor({ schema, file, module, nowMs = () => performance.now() }: WatchedParts<S>) {
    const { layout } = schema;
    this.schema = schema;
    this.#nowMs = nowMs;
    this.#film = new Film(file, {
      module,
      layout,
      listener: {
        played: (commands) => this.#played(commands),
        jumped: () => this.#jumped(),
      },
    });
    const { head, eyes } = this.#film;
    this.roomId = head.roomId;
    this.tickRateHz = head.tickRateHz;
    this.openedMs = head.openedMs;
    this.#view = new GameView({ core: eyes, layout, playerId: 0 });
    this.#events = new EventQueue(layout.weapons.map(({ name }) => name));
    this.#codec = new MessageCodec(layout.toClient);
    this.#jumped();
    this.#read();
  }

  get status(): GameStatus {
    return this.#status;
  }

  /** Whose eyes; 0 while nobody is in the room. */
  get playerId(): PlayerId {
    return this.#film.eyes.playerId as PlayerId;
  }

  get roster(): readonly RosterEntry<S>[] {
    return this.#view.roster.all as unknown as readonly RosterEntry<S>[];
  }

  /** The tick that is shown, with its fraction. */
  get tick(): number {
    return this.#film.position;
  }
  get firstTick(): number {
    return this.#film.firstTick;
  }
  get lastTick(): number {
    return this.#film.lastTick;
  }
  /** As far as the journal was read and verified. */
  get readTick(): number {
    return this.#film.scan.tick;
  }
  /** Deaths, as far as the journal was read. */
  get marks(): readonly Mark[] {
    return this.#film.scan.marks;
  }
  /** What reading the journal found; null until it is read to its end. */
  get report(): ReplayReport | null {
    return this.#film.scan.report;
  }

  get playing(): boolean {
    return this.#playing;
  }
  /** True while it is on its way to where it was sent; what is shown passes by. */
  get seeking(): boolean {
    return this.#film.isSeeking;
  }
  get speed(): number {
    return this.#speed;
  }
  /** 1: as it was played. Throws E_VALUE for less than 0.05 or more than 16. */
  set speed(times: number) {
    if (!(times >= SPEED_MIN && times <= SPEED_MAX))
      throw new FrayError(
        'E_VALUE',
        `Cannot play ${times} times as fast: it must be ${SPEED_MIN}..${SPEED_MAX}`,
      );
    this.#speed = times;
  }

  /** Shows all there is, also what the player was not sent. */
  get seesAll(): boolean {
    return this.#film.eyes.seesAll;
  }
  set seesAll(all: boolean) {
    this.#film.eyes.seesAll = all;
  }

  /** Goes on; from the end, begins anew. */
  play(): void {
    if (this.#film.position >= this.lastTick) this.seek(this.firstTick);
    this.#playing = true;
  }

  pause(): void {
    this.#playing = false;
  }

  /** Goes to a whole tick, within what there is. It is there when `seeking` is false; far ticks take some frames. */
  seek(tick: number): void {
    if (this.#status === 'closed' || !Number.isFinite(tick)) return;
    this.#film.seek(tick);
  }

  /** Goes on or back by seconds of the room's time. */
  jump(seconds: number): void {
    this.seek(Math.round(this.#film.position) + seconds * this.tickRateHz);
  }

  /** Sees as a player from now on, for as long as that one is in the room. */
  watch(playerId: number): void {
    this.#wish = playerId;
    this.#events.clear();
    this.#said.length = 0;
    this.#look();
  }

  /** What to draw. Moves on by the time since the call before, a quarter of a second at most. The object is reused. */
  view(nowMs: number = this.#nowMs()): ViewOf<S> {
    const { eyes } = this.#film;
    // A listener that looks at the view must not move it.
    if (!this.#telling && this.#status !== 'closed') this.#advance(nowMs);
    const { position } = this.#film;
    this.#ticks[0] = position;
    // A client's own player at t is between its commands of t - 1 and t: so are movers.
    this.#ticks[1] = position + 1;
    return this.#view.fill(this.#ticks, eyes.ownHandle !== 0) as unknown as ViewOf<S>;
  }

  /** As `Game.on`. Tells of `event`, `roster`, `joined`, `left`, `room` and `status`. */
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

  /** As `Game.onMessage`: what the game said to whose eyes these are. */
  onMessage<Name extends keyof MessagesToClient<S> & string>(
    name: Name,
    fn: (value: MessagesToClient<S>[Name]) => void,
  ): () => void {
    let listeners = this.#handlers.get(name);
    if (!listeners) {
      listeners = new Listeners<unknown>();
      this.#handlers.set(name, listeners);
    }
    return listeners.add(fn as (value: unknown) => void);
  }

  /** Ends it. The last view stays readable. */
  close(): void {
    if (this.#status === 'closed') return;
    this.#status = 'closed';
    clearTimeout(this.#reading);
    this.#listeners.status.call('closed', undefined);
  }

  #advance(nowMs: number): void {
    const passedMs = Math.min(Math.max(0, nowMs - (this.#lastMs ?? nowMs)), STEP_MS_MAX);
    this.#lastMs = nowMs;
    this.#telling = true;
    if (this.#film.isSeeking) this.#film.work(this.#nowMs() + SEEK_MS, this.#nowMs);
    else if (this.#playing) {
      const ticks = (passedMs * this.#speed * this.tickRateHz) / 1000;
      if (!this.#film.advance(this.#film.position + ticks)) this.#playing = false;
      this.#tell();
    }
    this.#telling = false;
  }

  /** Reads ahead in slices, so that the page stays alive. */
  #read(): void {
    this.#film.scan.run(this.#nowMs() + READ_MS, this.#nowMs);
    if (this.#film.scan.report === null && this.#status !== 'closed')
      this.#reading = setTimeout(() => this.#read(), 0);
  }

  #played(commands: Uint8Array): void {
    const { room, eyes } = this.#film;
    const next = room.happenedNext;
    if (next - this.#heard > EVENTS_MAX) this.#heard = next - EVENTS_MAX;
    for (; this.#heard < next; this.#heard += 1) {
      const at = room.happened + (this.#heard % EVENTS_MAX) * ClientEvent.bytes;
      if (!eyes.sees(at)) continue;
      const fields = new DataView(room.view.buffer, at, ClientEvent.bytes);
      const due = this.#events.take(fields, NOBODY);
      if (due !== undefined) this.#emit(due);
    }
    messagesTo(eyes.playerId & 0xffff, commands, (bytes) => {
      this.#said.push({ tick: room.tick, bytes });
    });
    this.#compare();
  }

  #jumped(): void {
    this.#heard = this.#film.room.happenedNext;
    this.#events.clear();
    this.#said.length = 0;
    this.#compare();
  }

  /** Hands out what the view has reached. */
  #tell(): void {
    const { position } = this.#film;
    for (let event = this.#events.due(position); event; event = this.#events.due(position))
      this.#emit(event);
    while ((this.#said[0]?.tick ?? Number.POSITIVE_INFINITY) <= position) {
      const bytes = this.#said.shift()?.bytes ?? new Uint8Array(0);
      if (this.#codec.decode(bytes) !== ERROR.E_OK) continue;
      const { name, value } = this.#codec.decoded;
      this.#handlers.get(name)?.call(value, undefined);
    }
  }

  #emit(event: NonNullable<ReturnType<EventQueue['due']>>): void {
    event.own = event.subject !== 0 && event.subject === this.#film.eyes.ownHandle;
    this.#listeners.event.call(event, undefined);
  }

  /** Tells what has changed of roster and room. */
  #compare(): void {
    const { rosterBytes, roomFields } = this.#film.eyes;
    this.#view.textsChanged();
    if (!rosterBytes.every((byte, at) => byte === this.#rosterSeen[at])) {
      this.#rosterSeen = rosterBytes.slice();
      this.#look();
    }
    if (roomFields.every((value, at) => value === this.#roomSeen[at])) return;
    this.#roomSeen = roomFields.slice();
    this.#listeners.room.call(this.#view.frame.room as ViewOf<S>['room'], undefined);
  }

  /** Through the eyes of who is wished for, or of the first person, or the first bot. */
  #look(): void {
    const before = this.roster;
    const { roster } = this.#view;
    roster.refresh();
    const there = roster.all;
    const wished = there.find(({ id }) => id === this.#wish);
    const own = wished ?? there.find(({ bot }) => !bot) ?? there[0];
    this.#film.eyes.playerId = own?.id ?? 0;
    if (roster.ownId !== this.#film.eyes.playerId) {
      roster.ownId = this.#film.eyes.playerId;
      roster.refresh();
    }
    const after = this.roster;
    this.#listeners.roster.call(after, undefined);
    for (const entry of after)
      if (!before.includes(entry)) this.#listeners.joined.call(entry, undefined);
    for (const entry of before)
      if (!after.includes(entry)) this.#listeners.left.call(entry, undefined);
  }
}

export const SPEED_MIN = 0.05;
export const SPEED_MAX = 16;
/** ms that one call of `view` moves on by at most: a page that was hidden goes on where it was. */
const STEP_MS_MAX = 250;
/** ms of a frame that going far takes, and that reading ahead takes before the page has its turn. */
const SEEK_MS = 20;
const READ_MS = 6;
/** No player has it: events wait for their tick, whoever they concern. */
const NOBODY = -1;
