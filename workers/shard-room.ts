/**
 * One room on a worker: its core, its game, who sits in it, and the records that wait for its next tick.
 */
import { ERROR, RoomStats } from '../protocol/gen/tables.ts';
import type { WorkerEnd } from '../src/mailbox/messages.ts';
import { ANSWER, ioThreadOf, RESUME, TEXT_BYTES_MAX } from '../src/mailbox/messages.ts';
import type { Ring } from '../src/mailbox/ring.ts';
import { Emptiness } from './emptiness.ts';
import { HostMessages } from './host-messages.ts';
import { HostPart } from './host-part.ts';
import { STAGE } from './journal-format.ts';
import { copyOut, type PacketsOut } from './packets-out.ts';
import { Place } from './place.ts';
import { RecordWriter } from './records.ts';
import type { JournalledTick, Recovery } from './recovery.ts';
import { withoutPackets } from './recovery.ts';
import { RoomFigures } from './room-figures.ts';
import type { OnRemoved, OnWait, RoomGame } from './room-game.ts';
import type { Arrival, Return, RoomOptions, TickCore } from './room-parts.ts';
import { RoomTrap } from './room-trap.ts';
import { Seats } from './seats.ts';
import type { Slot } from './slots.ts';
import { STAGE_AT, type StageClock } from './stages.ts';
import type { Timing } from './timing.ts';
import { COUNTER } from './timing.ts';

export class ShardRoom {
  readonly row: number;
  readonly id: string;
  readonly owner: number;
  readonly core: TickCore;
  readonly game: RoomGame;
  slot: Slot<ShardRoom> | undefined;
  /** It goes to another worker as soon as it can. */
  giving = false;
  /** Others wait behind it to be put back: the next tick asks no bots, whose code is cold in a thread that has just got them. */
  hurries = false;
  /** Of a tick that is timed. */
  stages: StageClock | undefined;
  readonly #options: RoomOptions;
  readonly #seats: Seats;
  readonly #input: RecordWriter;
  readonly #links: readonly WorkerEnd[];
  readonly #timing: Timing;
  readonly #journal: RoomOptions['journal'];
  readonly #packetsLimit: number;
  readonly #figures: RoomFigures;
  readonly #place: Place;
  readonly #said: HostMessages;
  readonly #packets: PacketsOut;
  #arrivals: Arrival[] = [];
  #returns: Return[] = [];
  #level = 0;
  #permille = 1000;
  #paceChanged = false;
  /** The tick whose records were given last; in which it trapped last, and how often. */
  #begun = 0;
  #trapped = -1;
  #traps = 0;
  /** What the game answered to `save` last. */
  #saved: Uint8Array = NO_NAME;
  readonly #host: HostPart;
  readonly #emptiness: Emptiness;

  constructor(options: RoomOptions) {
    const { core, row, links, routes, timing } = options;
    this.row = row;
    this.id = options.id;
    this.owner = options.owner;
    this.core = core;
    this.game = options.game;
    this.#options = options;
    this.#links = links;
    this.#timing = timing;
    this.#journal = options.journal;
    this.#figures = new RoomFigures(row, core, timing);
    this.#seats = new Seats(core.playersMax);
    this.#place = new Place(core);
    this.#host = new HostPart(this.#seats.bytes);
    this.#emptiness = new Emptiness(options.emptyCloseTicks);
    this.#packets = { row, links, routes, timing, sessions: this.#seats.sessions };
    this.#input = new RecordWriter(core);
    this.#said = new HostMessages(SAID_WAITING_MIN + 2 * core.playersMax);
    this.#packetsLimit =
      this.#input.recordsMax -
      core.playersMax * SLOT_RECORDS_BYTES -
      JOINS_BYTES_PER_TICK_MAX -
      PACE_BYTES;
  }

  /** Runs onCreate and ends tick 0. */
  create(): void {
    const commandBytes = this.game.create();
    this.#end(this.core.tick, commandBytes);
  }

  get people(): number {
    return this.#seats.people;
  }

  /** A person has been promised a place and comes with one of the next ticks. */
  join(who: Omit<Arrival, 'slot'>): void {
    this.#arrivals.push({ ...who, slot: -1 });
    this.#emptiness.end();
  }

  /** Takes a session out, whether it sits or still waits. True if it was here. */
  leave(session: number, code: number): boolean {
    const waiting = this.#arrivals.findIndex((one) => one.session === session && one.slot < 0);
    const slot = waiting >= 0 ? -1 : this.slotOf(session);
    if (waiting >= 0) this.#arrivals.splice(waiting, 1);
    else if (slot >= 0) this.#leaveSlot(slot, code);
    return waiting >= 0 || slot >= 0;
  }

  /** Nothing is heard of a session: its place is kept. Nothing for one that does not sit here any more. */
  drop(session: number): void {
    const slot = this.slotOf(session);
    if (slot < 0) return;
    this.#written(this.#input.drop(slot));
    this.#timing.add(COUNTER.drops, 1);
  }

  /** It is heard again; answered by `resumed` after the tick that has taken it in, unless it leaves before. */
  resume(session: number, flags: number): void {
    const slot = this.slotOf(session);
    if (slot < 0) return;
    this.#written(this.#input.resume(slot, flags));
    const fresh = (flags & RESUME.fresh) !== 0;
    this.#returns.push({ session, slot, fresh, epoch: this.core.epochs[slot] as number });
    this.#timing.add(fresh ? COUNTER.resumesFresh : COUNTER.resumes, 1);
  }

  /** Tells one session, or with 0 everybody, at the end of the next tick that has room for it. */
  tell(session: number, message: Uint8Array): void {
    if (!this.#said.add(session, message)) this.#timing.add(COUNTER.tellsDropped, 1);
  }

  /** The worker's overload level and the speed of time, from the next tick on. */
  pace(level: number, permille: number): void {
    this.#level = level;
    this.#permille = permille;
    this.#paceChanged = true;
  }

  /** A packet of the session in `slot`, from the record the ring stands at. False: the buffer of this tick is full. */
  packet(slot: number, ring: Ring): boolean {
    const at = this.slot as Slot<ShardRoom>;
    const passedUs = (ring.arg - at.tickUs) | 0;
    const sinceUs = this.#permille === 1000 ? passedUs : ((passedUs * this.#permille) / 1000) | 0;
    const arrivalUs = sinceUs < 0 ? 0 : sinceUs < at.intervalUs ? sinceUs : at.intervalUs - 1;
    return this.#input.packet(slot, ring, arrivalUs, this.#packetsLimit);
  }

  /** Slot of a session that sits here; -1 for one that still waits. */
  readonly slotOf = (session: number): number => this.#seats.sessions.indexOf(session);

  /** Nobody is here or on the way, and nothing is to be said: time may run slower (IDLE_TICK_MASK in shard.ts). */
  get dormant(): boolean {
    return (
      !this.giving &&
      this.#arrivals.length === 0 &&
      this.#said.count === 0 &&
      this.core.stat(RoomStats.players) === 0
    );
  }

  /** Intervals in which a dormant room does not tick. */
  rest(intervals: number): void {
    this.#countEmpty(0, intervals);
  }

  /** One tick: everything that enters, `begin`, hooks, `end`, everything that goes out. */
  tick(): void {
    if (this.#arrivals.length > 0) this.#seat();
    if (this.#paceChanged) this.#tellPace();
    const length = this.game.records(this.#input.at, this.#onRemoved, !this.hurries);
    this.hurries = false;
    this.#input.at = 0;
    this.#begun = this.core.tick + 1;
    this.stages?.mark(STAGE_AT.enter);
    this.#record(STAGE.begin, this.#begun, length);
    this.#out(this.#hooks(this.#begun, this.#begin(length)));
    this.stages?.ended(this.row, this.#begun);
  }

  /**
   * After a `RoomTrap`: a fresh instance, filled from what is kept, tries the tick again; the second time without what clients sent
   * in it. False: it has trapped too often in this tick, or nothing is kept. Throws `RoomTrap` where it traps again.
   */
  recover(): boolean {
    const { recover } = this.#options;
    this.#traps = this.#begun === this.#trapped ? this.#traps + 1 : 1;
    this.#trapped = this.#begun;
    if (recover === undefined || this.#traps >= TRAPS_MAX) return false;
    this.core.revive();
    const { last } = recover();
    if (last !== null) this.again(last, this.#traps > 1);
    return true;
  }

  /** A room that another worker has left: who sat in it sits again, and its last tick is played. */
  goOn({ last, sessions, game }: Recovery, bare: boolean): void {
    for (const [slot, session] of sessions.entries())
      if (session !== 0) this.#seats.take(slot, session);
    this.#saved = game;
    if (game.length > 0) this.game.load(game);
    this.#begun = this.core.tick;
    this.#figures.begin();
    if (last !== null) this.again(last, bare);
  }

  /** Session by slot; 0: a bot, or nobody. */
  get sessions(): Uint32Array {
    return this.#seats.sessions;
  }

  /** A session that sits here is told so. */
  greet(session: number): void {
    this.#tell(session, ANSWER.joined, this.row, this.#place.of(this.slotOf(session)));
  }

  /** A session that does not sit here (any more) is told so. */
  dismissed(session: number, code: number): void {
    this.#tellLeft(session, code, NO_NAME);
  }

  /** Who sits in a slot leaves it; without a code: nobody has come into it. */
  evict(slot: number, code?: number): void {
    if (code === undefined) this.#free(slot);
    else this.#leaveSlot(slot, code);
  }

  /** Plays a tick whose records stand in the journal; `bare`: anew, without what clients sent. */
  again({ tick, begin, end }: JournalledTick, bare: boolean): void {
    const { core, game } = this;
    const records = bare ? withoutPackets(begin) : begin;
    const bytes = bare ? null : end;
    this.#begun = tick;
    core.u8.set(records, core.input);
    if (bare) {
      this.#journal?.anew(tick);
      this.#record(STAGE.begin, tick, records.length);
    }
    let eventBytes = 0;
    if (tick > core.firstTick) {
      game.again(records.length);
      eventBytes = this.#begin(records.length);
    }
    if (bytes === null) {
      this.#out(this.#hooks(tick, eventBytes));
      return;
    }
    core.u8.set(bytes, core.input);
    this.#out(this.#finish(tick, bytes.length));
  }

  /** See HostPart. */
  host(bytesMax: number): Uint8Array {
    return this.#host.bytes(this.#saved, bytesMax);
  }

  #hooks(tick: number, eventBytes: number): number {
    const commandBytes = this.#appendSaid(this.game.hooks(eventBytes, this.#onWait));
    return this.#end(tick, commandBytes);
  }

  /** After a tick of the core: who came is told, packets go out. */
  #out(packets: number): void {
    const { core, game } = this;
    this.#seats.settle(core.players);
    if (this.#arrivals.length > 0) this.#welcome();
    if (this.#returns.length > 0) this.#welcomeBack();
    copyOut(core, packets, this.#packets);
    this.#figures.account(this.people, game.messagesMalformed);
    this.#countEmpty(this.people);
  }

  #tellPace(): void {
    this.#written(this.#input.overload(this.#level) && this.#input.dilation(this.#permille));
    this.#paceChanged = false;
  }

  /** Between two ticks: nothing waits that its region and the host do not know of. */
  get canGo(): boolean {
    if (this.#said.count > 0 || this.#input.at > 0) return false;
    if (this.game.changed) this.#saved = this.game.save();
    return true;
  }

  /** Another worker has it: nobody is told, no hook is called. */
  go(): void {
    this.#figures.close(this.game.messagesMalformed);
    this.#options.onClosed?.();
  }

  /** Answers everybody inside with `code`. */
  close(code: number, text: Uint8Array): void {
    for (const one of this.#arrivals) this.#refuse(one.session, code, text);
    const arriving = new Set(this.#arrivals.map((one) => one.session));
    for (const session of this.#seats.sessions) {
      if (session !== 0 && !arriving.has(session)) this.#tellLeft(session, code, text);
    }
    this.#figures.close(this.game.messagesMalformed);
    this.#journal?.close(this.#begun, code, this.game.result);
    this.game.close();
    this.#options.onClosed?.();
  }

  /** Commands of this tick, then the packets: the second half of a tick. Returns rows of packets. */
  #end(tick: number, commandBytes: number): number {
    this.#record(STAGE.end, tick, commandBytes);
    return this.#finish(tick, commandBytes);
  }

  #begin(length: number): number {
    try {
      const { core, stages } = this;
      return stages === undefined ? core.begin(length) : stages.begin(core, length);
    } catch (cause) {
      throw new RoomTrap(`in the beginning of tick ${this.#begun}: ${String(cause)}`, { cause });
    }
  }

  #finish(tick: number, commandBytes: number): number {
    try {
      const { core, stages } = this;
      const packets =
        stages === undefined ? core.end(commandBytes) : stages.end(core, commandBytes);
      this.#journal?.ended(tick);
      return packets;
    } catch (cause) {
      throw new RoomTrap(`at the end of tick ${tick}: ${String(cause)}`, { cause });
    }
  }

  /** Every byte that enters the room passes here on its way: the journal. */
  #record(stage: number, tick: number, length: number): void {
    const journal = this.#journal;
    if (journal === undefined) return;
    if (this.game.changed) {
      this.#saved = this.game.save();
      journal.game(tick, this.#saved);
    }
    journal.record(stage, tick, length);
  }

  /** Gives slots to arrivals; where there is none, one bot each makes room and they wait a tick. */
  #seat(): void {
    const seats = this.#seats;
    const { players } = this.core;
    let promised = 0;
    let joinBytes = 0;
    const refused: Arrival[] = [];
    for (const arrival of this.#arrivals) {
      const slot = seats.free(players);
      if (slot >= 0) {
        joinBytes += JOIN_RECORD_BYTES + arrival.identity.length;
        if (joinBytes > JOINS_BYTES_PER_TICK_MAX) break;
        this.#input.join(slot, { ...arrival, team: 0 });
        seats.take(slot, arrival.session);
        arrival.slot = slot;
        continue;
      }
      promised += 1;
      if (promised <= seats.leaving) continue;
      const bot = this.#options.botsYield ? seats.lastBot(players) : -1;
      if (bot >= 0) {
        this.#leaveSlot(bot, ERROR.E_KICKED);
        this.#timing.add(COUNTER.botsYielded, 1);
      } else {
        refused.push(arrival);
      }
    }
    for (const arrival of refused) this.#dismiss(arrival, ERROR.E_ROOM_FULL);
  }

  /** After the tick with their Join: the core has made their players, or has not. */
  #welcome(): void {
    const { core } = this;
    for (const arrival of [...this.#arrivals]) {
      if (arrival.slot < 0) continue;
      const handle = core.players[arrival.slot] as number;
      if (handle === 0) {
        this.#leaveSlot(arrival.slot, ERROR.E_ENTITY_LIMIT);
        this.#dismiss(arrival, ERROR.E_ENTITY_LIMIT);
        continue;
      }
      this.#arrivals.splice(this.#arrivals.indexOf(arrival), 1);
      this.#timing.add(COUNTER.joins, 1);
      this.#tell(arrival.session, ANSWER.joined, this.row, this.#place.of(arrival.slot));
    }
  }

  /**
   * After a tick: who came back is told, a fresh one once the core has begun its channel anew (what its client had sent before
   * is handed out first, which can take a tick or two). Who has left has been answered.
   */
  #welcomeBack(): void {
    const { epochs } = this.core;
    const { sessions } = this.#seats;
    this.#returns = this.#returns.filter(({ session, slot, fresh, epoch }) => {
      if (sessions[slot] !== session) return false;
      if (fresh && epochs[slot] === epoch) return true;
      this.#tell(session, ANSWER.resumed, fresh ? RESUME.fresh : 0, this.#place.of(slot));
      return false;
    });
  }

  #dismiss(one: Arrival, code: number): void {
    this.#arrivals.splice(this.#arrivals.indexOf(one), 1);
    this.#refuse(one.session, code, NO_NAME);
  }

  /** Writes the Leave of a slot. The place is free when the core has run it. */
  #leaveSlot(slot: number, code: number): void {
    this.#written(this.#input.leave(slot, code));
    this.#free(slot);
  }

  /** Space for these is kept (`#packetsLimit`). */
  #written(whole: boolean): void {
    if (!whole) throw new Error(`Cannot order in room ${this.id}: its input buffer is full`);
  }

  #free(slot: number): void {
    if (this.#seats.sessions[slot] !== 0) this.#timing.add(COUNTER.leaves, 1);
    this.#seats.leave(slot);
  }

  /** The game takes a player out; its Leave is written already. */
  readonly #onRemoved: OnRemoved = (slot, code, reason) => {
    const session = this.#seats.sessions[slot] as number;
    this.#free(slot);
    if (session !== 0)
      this.#tellLeft(session, code, TEXT.encode(reason).subarray(0, TEXT_BYTES_MAX));
  };

  /** The game waits no longer than `ms` for a player whose client is away. */
  readonly #onWait: OnWait = (slot, ms) => {
    const session = this.#seats.sessions[slot] as number;
    if (session !== 0) this.#tell(session, ANSWER.wait, ms, NO_NAME);
  };

  #appendSaid(commandBytes: number): number {
    if (this.#said.count === 0) return commandBytes;
    const poolBytes = this.core.stat(RoomStats.poolBytes);
    return this.#said.append(this.#input, commandBytes, { poolBytes, slotOf: this.slotOf });
  }

  /** Counts the intervals without people, and says so once when they are as many as the game allows. */
  #countEmpty(people: number, intervals = 1): void {
    if (people > 0 || this.#arrivals.length > 0) this.#emptiness.end();
    else if (this.#emptiness.pass(intervals))
      this.#write(this.owner, { kind: ANSWER.idle, id: this.row, arg: 0, bytes: NO_NAME });
  }

  #refuse(session: number, code: number, text: Uint8Array): void {
    this.#tell(session, ANSWER.refused, code, text);
    this.#options.onGone(session);
  }

  #tellLeft(session: number, code: number, text: Uint8Array): void {
    this.#tell(session, ANSWER.left, code, text);
    this.#options.onGone(session);
  }

  #tell(session: number, kind: number, arg: number, bytes: Uint8Array): void {
    this.#write(ioThreadOf(session), { kind, id: session, arg, bytes });
  }

  #write(
    ioThread: number,
    answer: { kind: number; id: number; arg: number; bytes: Uint8Array },
  ): void {
    const { answers } = this.#links[ioThread] as WorkerEnd;
    if (answers.tryWrite(answer.kind, answer.id, answer.arg, answer.bytes, 0, answer.bytes.length))
      return;
    throw new Error(`Cannot answer I/O thread ${ioThread}: its control ring is full`);
  }
}

const TEXT = new TextEncoder();
const NO_NAME = new Uint8Array(0);
/** Bytes of the records Overload and Dilation. */
const PACE_BYTES = 24;
/** Bytes kept for each slot: Drop, Resume, Leave and BotInput, or a bot's Join. */
const SLOT_RECORDS_BYTES = 56;
/** Traps in one tick; the last is the room's end. */
const TRAPS_MAX = 3;
/** Notices and messages to single clients that may wait in a room, and two more for each place. */
const SAID_WAITING_MIN = 64;
/** Of the records of people who come in with one tick, 20 at least; more wait for the next. They always find place. */
const JOINS_BYTES_PER_TICK_MAX = 5120;
/** Without its tail, and with what fills that up to whole words. */
const JOIN_RECORD_BYTES = 51;
