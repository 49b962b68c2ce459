/**
 * A simulated day of a fleet: players arrive, play and leave, some all at once; each is placed on a host; hosts start and drain as they are needed. From
 * one seed: the same seed is the same day. Pure.
 *
 * Placement is that of the server: of the rooms with a free place the fullest, else a new one (`Placement` in src/room/placement.ts, one per host).
 * Among hosts, the fullest that has a place takes the player, so that the others empty: a host costs as much half empty.
 */
import { Placement } from '../../room/placement.ts';

export interface DayWish {
  readonly seed: number;
  /** Most players at once that the usual day comes to; spikes come on top. */
  readonly players: number;
  readonly roomSize: number;
  readonly playersPerHost: number;
  /** Share of the peak that is there in the quietest hour. */
  readonly quietShare: number;
  /** Mean stay, minutes. Stays are spread exponentially. */
  readonly stayMinutes: number;
  /** Sudden crowds in the day, each as a share of `players`, over ten minutes. */
  readonly spikes: number;
  readonly spikeShare: number;
  /** From the order until a host takes players. */
  readonly startMinutes: number;
  /** Share of free places that is kept in running hosts. */
  readonly headroomShare: number;
  /** A host that drains is closed after so long; who is still there comes back elsewhere. */
  readonly drainMinutesMax: number;
}

export interface DayMinute {
  readonly players: number;
  /** Taking players, draining, starting. */
  readonly hosts: number;
  readonly draining: number;
  readonly starting: number;
}

export interface Day {
  readonly minutes: readonly DayMinute[];
  readonly arrived: number;
  readonly left: number;
  /** Arrivals that found no place and were turned away. */
  readonly refused: number;
  /** Players of a host that was closed at the end of its drain, who came back. */
  readonly moved: number;
  /** Of them those that found no place. `arrived` is `left`, `refused`, `lost` and `there`, together. */
  readonly lost: number;
  /** At the end of the day. */
  readonly there: number;
  readonly playersMost: number;
  readonly hostsMost: number;
  readonly hostHours: number;
  /** What a fleet that is never a place too large would take. */
  readonly hostHoursLeast: number;
  /** Players over places of all hosts that run, mean of the day. */
  readonly packing: number;
  /** Players over places of open rooms. */
  readonly roomPacking: number;
  /** Minutes from the order to drain until a host was empty or closed, sorted. */
  readonly drains: readonly number[];
}

interface Host {
  readonly placement: Placement;
  people: number;
  state: 'starting' | 'open' | 'draining';
  /** Minute of its last change of state. */
  since: number;
}

export function simulateDay(wish: DayWish): Day {
  return new Fleet(wish).day();
}

class Fleet {
  readonly #wish: DayWish;
  readonly #chance: () => number;
  readonly #hosts: Host[] = [];
  /** Who leaves in a minute, by host and room. */
  readonly #leaving: Map<Host, string[]>[] = Array.from(
    { length: DAY_MINUTES + 1 },
    () => new Map(),
  );
  readonly #crowds: readonly number[];
  #rooms = 0;
  #arrived = 0;
  #left = 0;
  #refused = 0;
  #moved = 0;
  #lost = 0;
  #there = 0;
  readonly #drains: number[] = [];

  constructor(wish: DayWish) {
    this.#wish = wish;
    this.#chance = chanceOf(wish.seed);
    this.#crowds = Array.from({ length: wish.spikes }, () =>
      Math.floor(this.#chance() * (DAY_MINUTES - SPIKE_MINUTES)),
    );
  }

  day(): Day {
    const { players, playersPerHost, quietShare, roomSize } = this.#wish;
    // The day begins as the one before it ended: with those who are there at that hour, on hosts that run.
    const first = Math.round(players * demand(0, quietShare));
    for (let host = 0; host * playersPerHost < first * (1 + this.#wish.headroomShare); host += 1)
      this.#start(0, 'open');
    for (let index = 0; index < first; index += 1) this.#arrive(0);
    const minutes: DayMinute[] = [];
    let [hostMinutes, leastMinutes, packing, roomPacking] = [0, 0, 0, 0];
    for (let minute = 0; minute < DAY_MINUTES; minute += 1) {
      this.#leave(minute);
      this.#scale(minute);
      for (let more = this.#arrivals(minute); more > 0; more -= 1) this.#arrive(minute);
      const of = (state: Host['state']): number =>
        this.#hosts.filter((host) => host.state === state).length;
      const row = {
        players: this.#there,
        hosts: of('open'),
        draining: of('draining'),
        starting: of('starting'),
      };
      minutes.push(row);
      hostMinutes += this.#hosts.length;
      leastMinutes += Math.ceil(this.#there / playersPerHost);
      packing += this.#there / Math.max(1, (row.hosts + row.draining) * playersPerHost);
      roomPacking += this.#there / Math.max(1, this.#openRooms() * roomSize);
    }
    return {
      minutes,
      arrived: this.#arrived,
      left: this.#left,
      refused: this.#refused,
      moved: this.#moved,
      lost: this.#lost,
      there: this.#there,
      playersMost: Math.max(...minutes.map((one) => one.players)),
      hostsMost: Math.max(...minutes.map((one) => one.hosts + one.draining + one.starting)),
      hostHours: hostMinutes / 60,
      hostHoursLeast: leastMinutes / 60,
      packing: packing / DAY_MINUTES,
      roomPacking: roomPacking / DAY_MINUTES,
      drains: [...this.#drains].sort((one, other) => one - other),
    };
  }

  /** Poisson about what keeps the crowd at what the hour wants, and crowds on top. */
  #arrivals(minute: number): number {
    const { players, quietShare, stayMinutes, spikeShare } = this.#wish;
    const want = players * demand(minute, quietShare);
    const next = players * demand(minute + 1, quietShare);
    let mean = want / stayMinutes + (next - want);
    for (const start of this.#crowds)
      if (minute >= start && minute < start + SPIKE_MINUTES)
        mean += (players * spikeShare) / SPIKE_MINUTES;
    return poisson(Math.max(0, mean), this.#chance);
  }

  #arrive(minute: number): void {
    this.#arrived += 1;
    if (this.#place(minute)) this.#there += 1;
    else this.#refused += 1;
  }

  /** False: there is no place. */
  #place(minute: number): boolean {
    const host = this.#fullest();
    if (host === null) return false;
    const decision = host.placement.decide({ any: true });
    let room = 'room' in decision ? decision.room : null;
    if (room === null) {
      this.#rooms += 1;
      const id = String(this.#rooms);
      const opening = { seed: 0n, epoch: 0, optionsJson: '' };
      room = host.placement.add({ id, worker: 0, open: true, openedUs: 0, bots: 0, opening });
    }
    room.people += 1;
    host.people += 1;
    const stay = Math.ceil(-this.#wish.stayMinutes * Math.log(1 - this.#chance()));
    const leaving = this.#leaving[Math.min(DAY_MINUTES, minute + Math.max(1, stay))];
    const rooms = leaving?.get(host);
    if (rooms === undefined) leaving?.set(host, [room.id]);
    else rooms.push(room.id);
    return true;
  }

  #fullest(): Host | null {
    let best: Host | null = null;
    for (const host of this.#hosts)
      if (host.state === 'open' && host.people < this.#wish.playersPerHost)
        if (best === null || host.people > best.people) best = host;
    return best;
  }

  #leave(minute: number): void {
    for (const [host, rooms] of this.#leaving[minute] ?? [])
      for (const id of rooms) {
        const room = host.placement.byId(id);
        // Of a host that was closed: who was there has come back elsewhere.
        if (room === undefined) continue;
        room.people -= 1;
        host.people -= 1;
        this.#left += 1;
        this.#there -= 1;
        if (room.people === 0) host.placement.remove(room);
      }
  }

  /** Hosts come into play, are ordered where places run short, and drain where there are too many. */
  #scale(minute: number): void {
    const { playersPerHost, headroomShare, startMinutes, drainMinutesMax, players } = this.#wish;
    for (const host of [...this.#hosts]) {
      if (host.state === 'starting' && minute - host.since >= startMinutes) host.state = 'open';
      if (host.state !== 'draining') continue;
      const waited = minute - host.since;
      if (host.people > 0 && waited < drainMinutesMax) continue;
      this.#close(host, minute, waited);
    }
    const open = this.#hosts.filter((host) => host.state === 'open');
    const coming = this.#hosts.filter((host) => host.state === 'starting').length;
    const places = (open.length + coming) * playersPerHost;
    const inOpen = open.reduce((sum, host) => sum + host.people, 0);
    const wanted = inOpen + Math.max(playersPerHost, players * headroomShare);
    for (let more = Math.ceil((wanted - places) / playersPerHost); more > 0; more -= 1) {
      // One that drains is taken back before a new one starts.
      const back = this.#hosts.find((host) => host.state === 'draining');
      if (back !== undefined) back.state = 'open';
      else this.#start(minute, 'starting');
    }
    const surplus = Math.floor((places - wanted) / playersPerHost) - 1;
    if (surplus < 1 || coming > 0) return;
    const emptiest = [...open].sort((one, other) => one.people - other.people);
    for (const host of emptiest.slice(0, Math.min(surplus, open.length - 1))) {
      host.state = 'draining';
      host.since = minute;
    }
  }

  #start(minute: number, state: Host['state']): void {
    const { playersPerHost, roomSize } = this.#wish;
    const roomsMax = Math.ceil(playersPerHost / roomSize) * ROOMS_SLACK;
    const placement = new Placement({ roomsMax, playersMax: roomSize, workers: 1 });
    this.#hosts.push({ placement, people: 0, state, since: minute });
  }

  #close(host: Host, minute: number, waited: number): void {
    this.#drains.push(waited);
    this.#hosts.splice(this.#hosts.indexOf(host), 1);
    const people = host.people;
    for (const room of [...host.placement.rooms()]) host.placement.remove(room);
    for (let index = 0; index < people; index += 1) {
      this.#moved += 1;
      if (this.#place(minute)) continue;
      this.#lost += 1;
      this.#there -= 1;
    }
  }

  #openRooms(): number {
    return this.#hosts.reduce((sum, { placement }) => sum + placement.count, 0);
  }
}

/** Share of the peak by the minute: lowest at 5, highest at 20 o'clock. */
export function demand(minute: number, quietShare: number): number {
  const phase = (2 * Math.PI * (minute - 20 * 60)) / DAY_MINUTES;
  return quietShare + ((1 - quietShare) * (1 + Math.cos(phase + 0.4 * Math.sin(phase)))) / 2;
}

/** splitmix32: [0, 1). */
export function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** Knuth's for small means; for large ones a normal of the same mean and spread. */
export function poisson(mean: number, chance: () => number): number {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const least = Math.exp(-mean);
  let count = 0;
  for (let product = chance(); product > least; product *= chance()) count += 1;
  return count;
}

export const DAY_MINUTES = 24 * 60;
const SPIKE_MINUTES = 10;
/** Rooms that are half empty take more of them for as many players. */
const ROOMS_SLACK = 4;
