/**
 * Somebody who plays: the client that ships, over simulated pipes, with a script for hands. It keeps a list of what must not happen
 * to it, and comes back by itself as a page would: after a refusal as a new session, after a crash of its page with its token.
 */
import { connectWith } from '../../src/client/connect.ts';
import type { Game } from '../../src/client/game.ts';
import { FrayError } from '../../src/errors.ts';
import type { Chance } from './chance.ts';
import type { schema } from './game.ts';
import { FILLERS } from './game.ts';
import type { House } from './house.ts';
import { RESUME_MS, TOKEN_MS } from './house.ts';
import type { Host, Net, Weather } from './net.ts';
import type { SimTime } from './time.ts';
import { type Said, Voice } from './voice.ts';
import { type Pipes, Wires } from './wires.ts';

export interface PlayerParts {
  readonly user: string;
  /** Commands that this user has given, on whatever machine. */
  readonly given: { count: number };
  readonly schema: typeof schema;
  readonly pipes: Pipes;
  /** Much, in short lines. */
  readonly talks: boolean;
  readonly host: Host;
  readonly net: Net;
  readonly time: SimTime;
  readonly chance: Chance;
  /** The one that stands now; null while there is none. */
  readonly house: () => House | null;
  readonly client: WebAssembly.Module;
  /** Codes that it may be told, though they say that somebody is mistaken: there is a fault that explains them. */
  readonly may: ReadonlySet<string>;
  /** Ticks a second. */
  readonly rateHz: number;
  /** The newest line of a life of its page that its room has heard; -1: none. */
  readonly heard: (user: string, life: number) => number;
  /** Lines of that life that were acknowledged to it, and that its room has lost. */
  readonly lost: (user: string, life: number, lines: number) => void;
  /** Nothing but its own network is at fault where it gives up. */
  readonly blamesNetwork: boolean;
  readonly trouble: (text: string) => void;
  /** What it does, for who looks for the reason of a trouble. */
  readonly tell: (text: string) => void;
}

export class Player {
  readonly user: string;
  game: Game<typeof schema> | null = null;
  /** The newest moment at which it was in the room and got a snapshot. */
  seenMs = 0;
  snapshots = 0;
  /** Times it got a place. */
  joins = 0;
  /** Times that its room went on from a moment before. */
  setbacks = 0;
  /** Of the newest thing that its room has said to this page; -1: nothing yet. */
  saidTick = -1;
  readonly #parts: PlayerParts;
  readonly #wires: Wires;
  readonly #voice: Voice;
  /** Number of the note that is due; null where the page does not know what was said before it. */
  #notes: number | null = 0;
  /** Where that is not known, it is none beyond this. */
  #notesMax = Number.POSITIVE_INFINITY;
  /** What the page before had said, and was acknowledged, when it was lost, and to whom. */
  #said: { readonly what: Said; readonly to: House | null } | null = null;
  /** Packets that did not parse, as of the newest snapshot. */
  #malformed = 0;
  /** When its network broke last, when it was whole again, and for how long it had been before, ms. */
  #brokenMs = 0;
  #wholeMs = 0;
  #quietMs = 0;
  #tick = 0;
  /** The one that it came into. */
  #house: House | null = null;
  #enteredMs = 0;
  /** The newest moment at which it held a token that it had not shown yet. */
  #permitMs = 0;
  #turn = 0;
  #wants = false;
  /** The attempt that is under way. */
  #attempt: { readonly abort: AbortController; readonly token: Uint8Array | string } | null = null;
  /** Attempts of a page that is no more end without a word. */
  #page = 0;
  /** The token that the page before has left. */
  #permit: Uint8Array | string | null = null;

  constructor(parts: PlayerParts) {
    this.user = parts.user;
    this.#parts = parts;
    this.#voice = new Voice(parts.talks, parts.chance);
    this.#wires = new Wires(parts);
  }

  /** Comes in, and from here on comes back. */
  enter(): void {
    this.#wants = true;
    this.#connect();
  }

  /** Goes, with a goodbye. */
  leave(): void {
    this.#wants = false;
    this.#permit = null;
    const { game } = this;
    if (game === null) this.#losePage();
    else this.#page += 1;
    game?.close();
    this.game = null;
  }

  /** Goes without a word, and for good. */
  vanish(): void {
    this.#wants = false;
    this.crash();
    this.#permit = null;
  }

  /** Its page says much, and is gone as soon as that is acknowledged, or when it takes too long. */
  takeLeave(): void {
    const { game } = this;
    const page = this.#page;
    if (game === null) return;
    this.#tell('takes leave');
    this.#voice.takeLeave();
    this.#parts.time.after(LEAVE_MS, () => {
      if (page === this.#page) this.crash();
    });
  }

  /** The page is gone without a word, memory and all; another one is opened at once with the token that it kept. */
  crash(): void {
    this.#tell('loses its page');
    const { game } = this;
    // A token that was shown over UDP alone is worth nothing any more.
    const tried = this.#parts.pipes === 'udp' ? null : (this.#attempt?.token ?? null);
    this.#permit = game === null ? tried : game.token;
    this.#said = game && { what: this.#voice.acknowledged(game), to: this.#house };
    this.#losePage();
    if (game !== null) {
      this.#check(game);
      this.game = null;
      game.close();
    }
    if (this.#wants) this.#connect();
  }

  /** Its timers may go on, but nothing of it reaches anybody any more. */
  #losePage(): void {
    this.#page += 1;
    this.#wires.losePage();
    this.#attempt?.abort.abort();
    this.#attempt = null;
  }

  /** Its machine's network is gone, or back. */
  cut(isCut: boolean): void {
    if (isCut) this.#disturbed();
    const wasCut = this.#parts.host.isCut;
    this.#wires.cut(isCut);
    if (wasCut && !isCut) this.#isWhole();
  }

  /** Its network holds everything back; once it goes on, all of that is there at once. */
  hold(isHeld: boolean): void {
    const { host } = this.#parts;
    const wasHeld = host.isHeld;
    if (isHeld) this.#disturbed();
    host.hold(isHeld);
    if (wasHeld && !isHeld) this.#isWhole();
  }

  /** The NAT before it forgets, and gives it another address. */
  rebind(): void {
    this.#parts.host.portShift += 1000;
    this.#disturbed();
    this.#isWhole();
  }

  #isWhole(): void {
    const { host, time } = this.#parts;
    if (!host.isCut && !host.isHeld) this.#wholeMs = time.nowMs();
  }

  #disturbed(): void {
    const nowMs = this.#parts.time.nowMs();
    this.#quietMs = nowMs - Math.max(this.#wholeMs, this.#enteredMs);
    [this.#brokenMs, this.#wholeMs] = [nowMs, Number.POSITIVE_INFINITY];
  }

  /** I12: a network that was good, broke and is whole again is come back by. */
  #checkGaveUp(code: string): void {
    const { time, trouble, blamesNetwork } = this.#parts;
    const wholeForMs = time.nowMs() - this.#wholeMs;
    const isShort = this.#wholeMs - this.#brokenMs <= RESUME_MS - BACK_MS;
    if (
      code === 'E_TIMEOUT' &&
      blamesNetwork &&
      isShort &&
      wholeForMs >= BACK_MS &&
      this.#quietMs >= QUIET_MS
    )
      trouble(
        `I12: ${this.user} has given up, and its network has been whole for ${wholeForMs} ms`,
      );
  }

  /** The machine at the other end is gone. */
  loseHouse(): void {
    this.#wires.loseWebs();
  }

  weather(weather: Weather): void {
    this.#wires.weather(weather);
  }

  /** Its reader stands still, or goes on. */
  slow(isSlow: boolean): void {
    this.#wires.slow(isSlow);
  }

  /** ms for which it has been in its room, and in touch; less than 0: it is not. */
  inMs(nowMs: number): number {
    return this.game?.status === 'open' ? nowMs - this.#enteredMs : -1;
  }

  /** The last look: what may never have happened. */
  judge(): void {
    const { game } = this;
    if (game === null) return;
    this.#check(game);
    const { time, pipes, trouble } = this.#parts;
    // A stream takes one that was shown before.
    const withoutMs = pipes === 'udp' ? time.nowMs() - this.#permitMs : 0;
    if (game.status === 'open' && withoutMs > TOKEN_MS / 2 + BACK_MS)
      trouble(`I12: ${this.user} has had no token to come back with for ${withoutMs} ms`);
  }

  #connect(): void {
    const { time, house, client, host, trouble } = this.#parts;
    const there = house();
    if (!this.#wants || this.#attempt !== null || this.game !== null) return;
    if (there === null) {
      time.after(RETRY_MS, () => this.#connect());
      return;
    }
    this.#page += 1;
    const page = this.#page;
    const kept = this.#permit;
    this.#permit = null;
    const token = kept ?? there.token(this.user);
    const abort = new AbortController();
    this.#attempt = { abort, token };
    this.#tell(`connects with ${kept === null ? 'a new token' : 'the token it kept'}`);
    const tools = {
      open: this.#wires.openers,
      load: async () => client,
      nowMs: () => time.nowMs(),
      hooks: { beforeCommand: () => this.#play(page), afterSnapshot: () => this.#snapshot(page) },
    };
    connectWith(
      'ws://sim/',
      {
        schema: this.#parts.schema,
        name: this.user,
        token,
        verify: true,
        timeoutMs: 4000,
        signal: abort.signal,
      },
      tools,
    )
      .then((game) => {
        if (page !== this.#page) return game.close();
        this.#attempt = null;
        this.#entered(game);
      })
      .catch((error: unknown) => {
        if (page !== this.#page) return;
        this.#attempt = null;
        this.#tell(`is not in: ${String(error)}`);
        if (!(error instanceof FrayError) || this.#isWrong(error))
          trouble(`${this.user} at ${host.address} could not connect: ${String(error)}`);
        this.#parts.time.after(RETRY_MS, () => this.#connect());
      });
  }

  #entered(game: Game<typeof schema>): void {
    const { trouble, time } = this.#parts;
    this.#tell(
      `is in ${game.roomId} as ${game.playerId}, ${game.resumed}, by ${game.stats.transport}`,
    );
    this.game = game;
    this.joins += 1;
    this.#checkSaid(game.resumed);
    this.saidTick = -1;
    this.#house = this.#parts.house();
    this.#malformed = 0;
    this.#enteredMs = this.#permitMs = time.nowMs();
    this.#voice.begin();
    if (game.resumed === 'new') [this.#notes, this.#notesMax] = [0, Number.POSITIVE_INFINITY];
    else this.#forgets();
    this.#tick = 0;
    this.seenMs = time.nowMs();
    // Ticks only rise, and so do those in which something was said, whatever the room has forgotten.
    const said = { note: -1, all: -1 };
    let lastNote = -1;
    const inOrder = (kind: keyof typeof said, tick: number, isNext = false): void => {
      const isOlder = ((tick - said[kind] - 1) & 0xffff) >= 0x8000;
      if (said[kind] >= 0 && isOlder && !(isNext && tick === said[kind]))
        trouble(`I4: '${kind}' of tick ${tick} came to ${this.user} after that of ${said[kind]}`);
      said[kind] = tick;
      this.saidTick = Math.max(this.saidTick, tick);
    };
    game.onMessage('all', ({ tick }) => inOrder('all', tick));
    game.onMessage('note', ({ n, tick, filler }) => {
      inOrder('note', tick, n === lastNote + 1);
      lastNote = n;
      if (this.#notes === null ? n > this.#notesMax : n !== this.#notes)
        trouble(
          `I4: note ${n} came to ${this.user} where ${this.#notes ?? `none beyond ${this.#notesMax}`} was due`,
        );
      if (!FILLERS.includes(filler))
        trouble(`I4: note ${n} of ${this.user} is another than was sent`);
      this.#notes = n + 1;
    });
    // What the room sent after the moment that it goes on from, it sends again as other notes.
    game.on('setback', (what) => {
      this.setbacks += 1;
      this.#tell(`is set back in ${game.roomId}: ${JSON.stringify(what)}`);
      this.#parts.lost(this.user, this.#voice.life, what.messagesLost);
      this.#forgets();
    });
    game.on('status', (status, error) => {
      if (status !== 'closed' || this.game !== game) return;
      this.#check(game);
      this.game = null;
      this.#tell(`is out: ${error?.code}`);
      this.#checkGaveUp(error?.code ?? '');
      if (error !== undefined && this.#isWrong(error))
        trouble(`${this.user} was closed: ${error.code} ${error.message}`);
      time.after(RETRY_MS, () => this.#connect());
    });
  }

  /** I4: what the page before has said, and was acknowledged, was read before this one is heard. */
  #checkSaid(resumed: 'new' | 'fresh'): void {
    const { heard, trouble } = this.#parts;
    const said = this.#said;
    this.#said = null;
    // Who was killed meanwhile may have forgotten some.
    if (said === null || resumed === 'new' || said.to !== this.#parts.house()) return;
    const { life, lines } = said.what;
    const read = heard(this.user, life) + 1;
    if (read < lines)
      trouble(`I4: of ${lines} lines of ${this.user} that were acknowledged ${read} were read`);
  }

  /** What comes next was said before or is what was due: nothing that it has not read is left out. */
  #forgets(): void {
    if (this.#notes !== null) this.#notesMax = this.#notes;
    this.#notes = null;
  }

  /** Of the page that there is: moves, aims, fires, says something. */
  #play(page: number): void {
    const { game } = this;
    if (page !== this.#page || game === null) return;
    const { chance, given, rateHz, trouble } = this.#parts;
    if (game.stats.malformed - this.#malformed > DEAF_S * rateHz)
      trouble(`I4: ${this.user} understands nothing that it is sent`);
    this.#turn += 1;
    given.count += 1;
    const move =
      this.#turn % 9 === 0 ? { move: { x: chance.between(-1, 1), y: chance.between(-1, 1) } } : {};
    game.setInput({
      ...move,
      aim: given.count * AIM_STEP,
      fire: chance.happens(0.3),
      swap: chance.happens(0.1),
    });
    this.#voice.speak(game);
  }

  #snapshot(page: number): void {
    const { game } = this;
    if (page !== this.#page || game === null) return;
    const { trouble, time } = this.#parts;
    const { snapshotTick } = game.stats;
    if (snapshotTick < this.#tick)
      trouble(`I5: ${this.user} got tick ${snapshotTick} after ${this.#tick}`);
    this.#tick = snapshotTick;
    this.seenMs = time.nowMs();
    if (game.permit.fresh) this.#permitMs = this.seenMs;
    this.#malformed = game.stats.malformed;
    this.snapshots += 1;
    if (game.stats.hashMismatches > 0)
      trouble(`I1: ${this.user} holds another state than tick ${snapshotTick} has`);
    if (this.#voice.hasTakenLeave(game))
      time.after(0, () => {
        if (page === this.#page) this.crash();
      });
  }

  #check({ stats, resumed }: Game<typeof schema>): void {
    const { trouble } = this.#parts;
    if (stats.hashMismatches > 0)
      trouble(`I1: ${stats.hashMismatches} snapshots of ${this.user} differ`);
    if (stats.undecodable > 0)
      trouble(`I1: ${stats.undecodable} packets to ${this.user} named what it does not hold`);
    // No pipe breaks a packet: netcode's seal would not open. A page that came back may get some of the channel before; one whose room did,
    // some of the channel after, before it is told.
    const isSame = resumed === 'new' && this.#parts.house() === this.#house;
    if (stats.malformed > 0 && isSame)
      trouble(`I4: ${stats.malformed} packets to ${this.user} do not parse`);
    if (stats.correctionUnitsFreeMax > 0)
      trouble(
        `I3: ${this.user} was moved by ${stats.correctionUnitsFreeMax} where nothing touched it`,
      );
  }

  #tell(text: string): void {
    this.#parts.tell(`${this.user}: ${text}`);
  }

  #isWrong({ code }: FrayError): boolean {
    return UNEXPECTED.test(code) && !this.#parts.may.has(code);
  }
}

/** What an honest player is never told, whatever the network does. */
const UNEXPECTED =
  /^E_(MALFORMED|OVERSIZE|TOKEN_INVALID|SCHEMA_MISMATCH|VERSION|CORE|UNKNOWN|RATE|ROOM_FAULT|PLUGIN_FAULT|REPLACED)$/;
const AIM_STEP = (2 * Math.PI) / 65_536;
/** s for which a page may get what another was sent. */
const DEAF_S = 2.5;
/** ms for which a page waits for its last words to be heard. */
const LEAVE_MS = 2000;
/** ms within which it is back over a network that is whole. */
const BACK_MS = 2500;
/** ms in which it has come back from what was before, and got a token for the next time. */
const QUIET_MS = 5000;
/** ms until it tries again. */
const RETRY_MS = 400;
