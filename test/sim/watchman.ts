/** What rooms see, checked as it happens. */
import type { Witness } from './game.ts';

export class Watchman implements Witness {
  ticks = 0;
  /** Everybody goes. */
  isEnding = false;
  lines = 0;
  readonly trouble: (text: string) => void;
  readonly #inside = new Map<string, Set<string>>();
  readonly #away = new Set<string>();
  readonly #going = new Map<string, number>();
  /** By room and user: the tick in which it left last. */
  readonly #gone = new Map<string, number>();
  readonly #aims = new Map<string, number>();
  readonly #newest = new Map<string, number>();
  /** Rooms that a host has left and that have not ticked again, and who was seen to leave one of them. */
  readonly #unsure = new Map<string, Set<string>>();
  /** By room and user: it may have been away as of the moment that the room goes on from. */
  readonly #maybeAway = new Set<string>();
  /** Of `room user`: the tick in which it came back last. */
  readonly #backTicks = new Map<string, number>();
  /** By user and life: the newest line that has come. */
  readonly #heard = new Map<string, number>();
  /** The same: lines that were acknowledged, and that the room has lost. */
  readonly #lost = new Map<string, number>();
  /** What all are to know of who is in a room, and since when. */
  readonly #counts = new Map<string, Map<string, { kills: number; sinceTick: number }>>();

  /** Whether the clock and the disk were such that a room which goes on may not know how far it had come. */
  readonly #mayGoBack: boolean;

  constructor(trouble: (text: string) => void, { mayGoBack = false } = {}) {
    this.trouble = trouble;
    this.#mayGoBack = mayGoBack;
  }

  joined(room: string, user: string): void {
    const inside = this.#inside.get(room) ?? new Set();
    this.#inside.set(room, inside);
    if (inside.has(user)) this.trouble(`I9: ${user} is twice in ${room}`);
    inside.add(user);
    this.#count(room).set(user, { kills: 0, sinceTick: this.#newest.get(room) ?? 0 });
    // Its body is another one, and looks ahead.
    this.#aims.delete(`${room} ${user}`);
  }

  left(room: string, user: string): void {
    this.#away.delete(`${room} ${user}`);
    this.#count(room).delete(user);
    this.#gone.set(`${room} ${user}`, this.#newest.get(room) ?? 0);
    this.#going.set(room, 1 + (this.#going.get(room) ?? 0));
    this.#unsure.get(room)?.add(user);
    if (this.#unsure.has(room)) this.#inside.get(room)?.delete(user);
    else if (this.#inside.get(room)?.delete(user) !== true)
      this.trouble(`I9: ${user} has left ${room} without being there`);
  }

  away(room: string, user: string): void {
    const key = `${room} ${user}`;
    if (this.#away.has(key))
      this.trouble(`I9: ${user} goes away from ${room} without having been back`);
    this.#away.add(key);
  }

  /** A page that is loaded again at once has not been away. */
  back(room: string, user: string, resumed: 'same' | 'fresh'): void {
    const key = `${room} ${user}`;
    const mayBe = this.#maybeAway.delete(key) || this.#unsure.has(room);
    this.#backTicks.set(key, this.#newest.get(room) ?? 0);
    if (!this.#away.delete(key) && !mayBe && resumed === 'same')
      this.trouble(`I9: ${user} is back in ${room} without having been away`);
  }

  /** In order and whole; a room that goes on from a disk may have lost some that were acknowledged, which their page was told, and no others. */
  line(
    user: string,
    line: { readonly life: number; readonly n: number; readonly due: number },
  ): void {
    const { life, n, due } = line;
    this.lines += 1;
    const key = `${user} ${life}`;
    const heard = this.#heard.get(key) ?? -1;
    const isForgotten = n > due && n - due <= (this.#lost.get(key) ?? 0);
    if (n !== due && !isForgotten)
      this.trouble(`I4: line ${n} of ${user} came where ${due} was due (life ${life})`);
    this.#heard.set(key, Math.max(heard, n));
  }

  lost(user: string, life: number, lines: number): void {
    const key = `${user} ${life}`;
    this.#lost.set(key, lines + (this.#lost.get(key) ?? 0));
  }

  /** The newest line of a life of a page; -1: none. */
  heard(user: string, life: number): number {
    return this.#heard.get(`${user} ${life}`) ?? -1;
  }

  /** Each command looks a step further: one that is applied late, twice or out of order would look back. */
  aimed(room: string, user: string, tick: number, aim: number): void {
    const key = `${room} ${user}`;
    // Of a page that has not been told yet where its hands are; or somebody stands in for who is away, and a last command of its own comes.
    if (aim === 0 || this.#away.has(key)) return;
    const before = this.#aims.get(key) ?? aim;
    if (((aim - before) & 0xffff) >= 0x8000)
      this.trouble(`I3: ${user} looks back from ${before} to ${aim} in tick ${tick}`);
    this.#aims.set(key, aim);
  }

  counted(room: string, user: string, tick: number, kills: number): void {
    const count = this.#count(room).get(user);
    if (this.#unsure.get(room)?.has(user) === false && count === undefined) {
      (this.#inside.get(room) as Set<string>).add(user);
      this.#count(room).set(user, { kills, sinceTick: tick });
      this.#maybeAway.add(`${room} ${user}`);
    }
    if (count === undefined || count.kills === kills) return;
    count.kills = kills;
    count.sinceTick = tick;
  }

  /**
   * What a client says of its room: who is there, and what they have done. It is not away itself. What the room has said up to `saidTick`
   * has reached it, in order, and so has what came with it; but who was away is told what changed meanwhile once it is back, behind all
   * that was said until then.
   */
  sees(
    {
      room,
      user,
      saidTick,
    }: { readonly room: string; readonly user: string; readonly saidTick: number },
    roster: readonly { readonly name: string; readonly kills: number }[],
  ): void {
    if (this.#away.has(`${room} ${user}`))
      this.trouble(`I9: ${user} plays and is away from ${room}`);
    const told = new Map(roster.map(({ name, kills }) => [name, kills]));
    const newest = this.#newest.get(room) ?? 0;
    const backTick = this.#backTicks.get(`${room} ${user}`) ?? Number.NEGATIVE_INFINITY;
    const isNew = (changedTick = Number.NEGATIVE_INFINITY): boolean => {
      const tick = Math.max(changedTick, backTick);
      return newest - tick < TOLD_TICKS || saidTick - tick < SAID_TICKS;
    };
    for (const [name, { kills, sinceTick }] of this.#count(room)) {
      if (isNew(sinceTick)) continue;
      if (told.get(name) !== kills)
        this.trouble(`I1: ${user} holds ${told.get(name)} kills of ${name}, who has ${kills}`);
    }
    for (const name of told.keys())
      if (!this.#count(room).has(name) && !isNew(this.#gone.get(`${room} ${name}`)))
        this.trouble(`I1: ${user} sees ${name}, who is not there`);
  }

  #count(room: string): Map<string, { kills: number; sinceTick: number }> {
    let counts = this.#counts.get(room);
    if (counts === undefined) {
      counts = new Map();
      this.#counts.set(room, counts);
    }
    return counts;
  }

  ticked(room: string, tick: number, users: number): void {
    this.ticks += 1;
    const newest = this.#newest.get(room);
    const goesOn = this.#unsure.delete(room);
    if (newest !== undefined && (goesOn ? tick <= newest && !this.#mayGoBack : tick !== newest + 1))
      this.trouble(`I5: tick ${tick} of ${room} comes after ${newest}`);
    this.#newest.set(room, tick);
    // Who leaves is there until the tick ends.
    const inside = (this.#inside.get(room)?.size ?? 0) + (this.#going.get(room) ?? 0);
    this.#going.delete(room);
    if (users !== inside && !goesOn)
      this.trouble(`I9: ${users} people are in ${room}, ${inside} have come`);
  }

  /**
   * The host is gone without a word. What of its rooms goes on does so as of a moment before, with whoever was there then, and after
   * all ticks that were.
   */
  hostDied(): void {
    for (const room of this.#newest.keys()) this.#unsure.set(room, new Set());
    for (const users of this.#inside.values()) users.clear();
    for (const map of [this.#aims, this.#away, this.#maybeAway, this.#going, this.#counts])
      map.clear();
  }

  empty(): void {
    for (const [room, users] of this.#inside)
      for (const user of users) this.trouble(`I9: ${user} has never left ${room}`);
  }
}

/** The same behind what was said in the same tick. */
const SAID_TICKS = 3;
/** Ticks that what changed takes to be known to all who hear: some round trips, at whatever rate. */
const TOLD_TICKS = 15;
