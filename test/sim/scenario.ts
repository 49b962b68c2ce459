/** Plays one script: the whole system in one thread, on simulated time, and says what went wrong. */
import { Chance } from './chance.ts';
import { Disk } from './disk.ts';
import { gameAt, watch } from './game.ts';
import { Hostile, SPOOFED } from './hostile.ts';
import { House } from './house.ts';
import { Lookout } from './lookout.ts';
import { Machine } from './machine.ts';
import { CALM, Host, Net } from './net.ts';
import { Nonces } from './nonces.ts';
import { Player } from './player.ts';
import type { Act, Script, Who } from './script.ts';
import { HEAL_MS } from './script.ts';
import { JournalThread, RoomThread } from './threads.ts';
import { SimTime } from './time.ts';
import { Watchman } from './watchman.ts';

export interface Modules {
  readonly core: WebAssembly.Module;
  readonly client: WebAssembly.Module;
}

export interface Trouble {
  /** ms since the start. */
  readonly atMs: number;
  readonly text: string;
}

export interface Outcome {
  readonly troubles: readonly Trouble[];
  readonly joins: number;
  readonly snapshots: number;
  readonly ticks: number;
  readonly lines: number;
  readonly replayed: number;
  /** Times that a room went to another worker, and went on from a disk, and that somebody heard of that. */
  readonly moved: number;
  readonly continued: number;
  readonly setbacks: number;
  /** Of all that went over the network, and when. */
  readonly digest: number;
}

/** `tell` hears of what happens, with its moment. Not twice at once: it is the clock of this process. */
export async function play(
  script: Script,
  modules: Modules,
  tell?: (line: string) => void,
): Promise<Outcome> {
  const scenario = new Scenario(script, modules, tell);
  try {
    return await scenario.play();
  } catch (error) {
    return scenario.broken(error);
  } finally {
    scenario.end();
  }
}

class Scenario {
  readonly #script: Script;
  readonly #modules: Modules;
  readonly #time = new SimTime();
  readonly #machine: Machine;
  readonly #net: Net;
  readonly #nonces = new Nonces((text) => this.#trouble(text));
  readonly #watchman: Watchman;
  readonly #lookout: Lookout;
  readonly #troubles: Trouble[] = [];
  readonly #players: Player[] = [];
  readonly #given = new Map<string, { count: number }>();
  readonly #hostile: Hostile;
  readonly #disk: Disk;
  readonly #startMs: number;
  #house: House | null = null;
  /** Of the server that runs, by name. */
  #rooms: RoomThread[] = [];
  #journal: JournalThread | null = null;
  #replayed = 0;
  #moved = 0;
  #continued = 0;

  readonly #tell: (text: string) => void;

  constructor(script: Script, modules: Modules, tell?: (line: string) => void) {
    this.#tell = (text) => tell?.(`${this.#ms} ms: ${text}`);
    this.#script = script;
    this.#modules = modules;
    const { seed } = script;
    const time = this.#time;
    this.#startMs = time.nowMs();
    this.#net = new Net(time, new Chance(seed, 2));
    this.#disk = new Disk(script.journals);
    this.#machine = new Machine({
      time,
      chance: new Chance(seed, 3),
      startThread: (options) => this.#thread(options),
      createSocket: () => this.#net.socket(),
      trouble: (text) => this.#trouble(text),
    });
    this.#lookout = new Lookout((text) => this.#trouble(text));
    this.#watchman = new Watchman((text) => this.#trouble(text), { mayGoBack: mayGoBack(script) });
    const house = (): House | null => this.#house;
    this.#hostile = new Hostile({ net: this.#net, time, chance: new Chance(seed, 4), house });
    watch(this.#watchman);
    for (const [index, { pipes, talks }] of script.players.entries())
      this.#players.push(this.#player(`user ${index}`, { pipes, talks }, index));
  }

  async play(): Promise<Outcome> {
    const { players, acts, ms } = this.#script;
    const time = this.#time;
    await this.#open();
    for (const [index, { entersMs }] of players.entries())
      time.after(entersMs, () => this.#players[index]?.enter());
    for (const act of acts) {
      await time.run(this.#startMs + act.atMs);
      await this.#act(act);
      if (this.#troubles.length > 0) return this.#outcome();
    }
    await time.run(this.#startMs + ms - HEAL_MS);
    for (const player of this.#players) {
      player.cut(false);
      player.hold(false);
      player.weather(CALM);
    }
    await time.run(this.#startMs + ms);
    this.#judge();
    if (this.#troubles.length === 0) await this.#close();
    return this.#outcome();
  }

  /** It cannot go on: nothing that runs here may throw. */
  broken(error: unknown): Outcome {
    this.#trouble(error instanceof Error ? `${error}` : `threw ${String(error)}`);
    return this.#outcome();
  }

  end(): void {
    watch(null);
    this.#nonces.off();
    this.#machine.off();
    this.#disk.wipe();
  }

  #outcome(): Outcome {
    const sum = (of: (player: Player) => number): number =>
      this.#players.reduce((total, player) => total + of(player), 0);
    return {
      troubles: this.#troubles,
      joins: sum((player) => player.joins),
      snapshots: sum((player) => player.snapshots),
      ticks: this.#watchman.ticks,
      lines: this.#watchman.lines,
      replayed: this.#replayed,
      moved: this.#moved,
      continued: this.#continued,
      setbacks: sum((player) => player.setbacks),
      digest: this.#net.digest,
    };
  }

  #trouble(text: string): void {
    this.#tell(`TROUBLE ${text}`);
    if (this.#troubles.length < TROUBLES_MAX) this.#troubles.push({ atMs: this.#ms, text });
  }

  /** Since the start. */
  get #ms(): number {
    return Math.round(this.#time.nowMs() - this.#startMs);
  }

  #player(user: string, { pipes, talks }: Pick<Who, 'pipes' | 'talks'>, index: number): Player {
    const { seed, acts } = this.#script;
    const salt = 100 + 10 * index;
    const host = new Host(
      `192.0.2.${1 + index}`,
      new Chance(seed, salt),
      new Chance(seed, salt + 1),
    );
    const may = new Set<string>();
    for (const { kind } of acts) for (const code of MAY_BE[kind] ?? []) may.add(code);
    const given = this.#given.get(user) ?? { count: 0 };
    this.#given.set(user, given);
    return new Player({
      user,
      given,
      schema: gameAt(this.#script.rateHz).schema,
      pipes,
      talks,
      host,
      net: this.#net,
      time: this.#time,
      chance: new Chance(seed, salt + 2),
      house: () => this.#house,
      client: this.#modules.client,
      may,
      rateHz: this.#script.rateHz,
      heard: (user, life) => this.#watchman.heard(user, life),
      lost: (user, life, lines) => this.#watchman.lost(user, life, lines),
      blamesNetwork: !acts.some((act) => NOT_ITS_OWN.has(act.kind)),
      trouble: (text) => this.#trouble(text),
      tell: this.#tell,
    });
  }

  #thread({ name, workerData }: { readonly name: string; readonly workerData: unknown }): object {
    if (name === 'journal-writer') {
      this.#journal = new JournalThread(this.#time, workerData as never);
      return this.#journal;
    }
    const thread = new RoomThread(this.#time, workerData as never, {
      game: gameAt(this.#script.rateHz),
      look: (room) => this.#lookout.look(room),
    });
    this.#rooms.push(thread);
    return thread;
  }

  /** The thread that is a worker now. */
  #runs(worker: number): RoomThread | undefined {
    return this.#rooms.find(({ index, isOver }) => index === worker && !isOver);
  }

  async #open(): Promise<House> {
    const house = new House({
      time: this.#time,
      core: this.#modules.core,
      schemaHash: gameAt(this.#script.rateHz).schema.hash,
      workers: this.#script.workers,
      mailboxBytes: this.#script.mailboxBytes,
      disk: this.#disk,
      trouble: (text) => this.#trouble(text),
      tell: this.#tell,
    });
    await this.#while(house.start());
    this.#house = house;
    return house;
  }

  /** Lets time pass until something has come to its end. */
  async #while(under: Promise<void>): Promise<void> {
    let isOver = false;
    const ends = under.finally(() => {
      isOver = true;
    });
    const endMs = this.#time.nowMs() + WAIT_MS;
    while (!isOver && this.#time.nowMs() < endMs) await this.#time.run(this.#time.nowMs() + 1);
    if (!isOver) throw new Error('The simulation waits for something that never comes');
    await ends;
  }

  async #act(act: Act): Promise<void> {
    this.#tell(`${act.kind} ${JSON.stringify(act)}`);
    const time = this.#time;
    const player = 'who' in act ? this.#players[act.who] : undefined;
    const thread = 'worker' in act ? this.#runs(act.worker) : undefined;
    switch (act.kind) {
      case 'weather':
        player?.weather(act.weather);
        break;
      case 'cut':
        player?.cut(true);
        time.after(act.ms, () => player?.cut(false));
        break;
      case 'rebind':
        player?.rebind();
        break;
      case 'crash':
        if (act.farewell) player?.takeLeave();
        else player?.crash();
        if (act.againMs > 0) time.after(act.againMs, () => player?.crash());
        break;
      case 'hold':
        player?.hold(true);
        time.after(act.ms, () => player?.hold(false));
        break;
      case 'kick':
        if (player !== undefined) this.#house?.kick(player.user);
        break;
      case 'slow':
        player?.slow(true);
        time.after(act.ms, () => player?.slow(false));
        break;
      case 'leave':
        player?.leave();
        time.after(act.ms, () => player?.enter());
        break;
      case 'twin':
        this.#twin(act.who, act.ms);
        break;
      case 'attack':
        this.#hostile.attack(act.ms);
        break;
      case 'stall':
        thread?.stall(act.ms);
        break;
      case 'killWorker':
        // Its rooms go on in another: nothing of them is forgotten.
        thread?.dieAfter(act.stage);
        break;
      case 'killHost':
        await this.#kill(act);
        break;
      case 'move':
        this.#move(act);
        break;
      case 'wall':
        this.#machine.wallJumpMs += act.ms;
        break;
      case 'fullDisk':
        this.#disk.isFull = true;
        this.#machine.diskFreeBytes = act.freeBytes;
        time.after(act.ms, () => {
          this.#disk.isFull = false;
          this.#machine.diskFreeBytes = Number.POSITIVE_INFINITY;
        });
        break;
      case 'slowDisk':
        this.#stuck(true);
        time.after(act.ms, () => this.#stuck(false));
        break;
    }
  }

  #twin(who: number, ms: number): void {
    const index = 100 + this.#players.length + who;
    const twin = this.#player(`user ${who}`, { pipes: 'udp', talks: false }, index % 250);
    twin.enter();
    this.#time.after(ms, () => twin.leave());
  }

  #stuck(isStuck: boolean): void {
    if (this.#journal !== null) this.#journal.isStuck = isStuck;
  }

  /** A room that there is goes to another worker, where it can. */
  #move({ room, worker }: Extract<Act, { kind: 'move' }>): void {
    const directory = this.#house?.directory;
    const rooms = directory?.rooms() ?? [];
    const id = rooms[room % Math.max(1, rooms.length)]?.id;
    if (directory === undefined || id === undefined) return;
    this.#tell(`room ${id} to worker ${worker}: ${directory.move(id, worker) || 'it goes'}`);
  }

  /** As kill -9 and a start some time later: nobody is told, only the disk stays, and its ends may be torn. */
  async #kill({ ms, tornBytes }: Extract<Act, { kind: 'killHost' }>): Promise<void> {
    const before = this.#house;
    if (before === null || this.#ms > this.#script.ms - HEAL_MS) return;
    this.#count(before);
    const owed = tornBytes > 0 ? [] : this.#owed();
    this.#house = null;
    this.#net.unplug();
    before.die();
    for (const thread of this.#rooms) thread.isOver = true;
    if (this.#journal !== null) this.#journal.isOver = true;
    this.#disk.ownerDied();
    this.#disk.tear(tornBytes);
    this.#rooms = [];
    this.#watchman.hostDied();
    for (const player of this.#players) player.loseHouse();
    // Acts wait for it: it is back when the quiet time begins, also where one death follows on another.
    const quietMs = this.#startMs + this.#script.ms - HEAL_MS;
    await this.#time.run(Math.max(this.#time.nowMs(), Math.min(this.#time.nowMs() + ms, quietMs)));
    // One that cannot write does not start, and is started again.
    while (this.#disk.isFull) await this.#time.run(this.#time.nowMs() + LOOK_MS);
    const { directory } = await this.#open();
    const there = new Set(directory.rooms().map(({ id }) => id));
    for (const room of owed)
      if (!there.has(room)) this.#trouble(`I12: room ${room} has not gone on from the disk`);
  }

  /** Rooms that have to go on: somebody has been in for long enough to be on the disk, and nothing was wrong with that. */
  #owed(): string[] {
    const { journals, acts } = this.#script;
    if (!journals || acts.some(({ kind }) => ENDS_WRITING.has(kind))) return [];
    const rooms = this.#players.map((player) =>
      player.inMs(this.#time.nowMs()) >= KEPT_MS ? (player.game?.roomId ?? '') : '',
    );
    return [...new Set(rooms)].filter((room) => room !== '');
  }

  #count({ directory }: House): void {
    this.#moved += directory.moves.count;
    this.#continued += directory.counters.roomsContinued;
  }

  /** The end of the quiet time: everybody is back, and nothing that must never be has been. */
  #judge(): void {
    const nowMs = this.#time.nowMs();
    for (const player of this.#players) {
      player.judge();
      const { game, user, seenMs } = player;
      if (game !== null)
        this.#watchman.sees({ room: game.roomId, user, saidTick: player.saidTick }, game.roster);
      if (game === null) this.#trouble(`I12: ${user} is not back`);
      else if (game.status !== 'open' || nowMs - seenMs > BACK_MS)
        this.#trouble(
          `I12: ${user} is ${game.status}, last heard ${Math.round(nowMs - seenMs)} ms ago`,
        );
    }
    for (const [address, { inBytes, outBytes }] of this.#net.account)
      if (address.startsWith(SPOOFED) && outBytes > inBytes)
        this.#trouble(`I7: ${address} sent ${inBytes} bytes and was sent ${outBytes}`);
  }

  /** Everybody goes, the rooms close, and nothing is left of them. */
  async #close(): Promise<void> {
    const house = this.#house;
    const time = this.#time;
    if (house === null) return;
    this.#watchman.isEnding = true;
    for (const [index, player] of this.#players.entries()) {
      if (this.#script.endsSilently && index % 2 === 1) player.vanish();
      else player.leave();
    }
    const endMs = time.nowMs() + EMPTY_MS;
    while (time.nowMs() < endMs && Object.values(leftIn(house)).some((count) => count > 0))
      await time.run(time.nowMs() + LOOK_MS);
    for (const [name, count] of Object.entries(leftIn(house)))
      if (count > 0) this.#trouble(`I6: ${count} ${name} are left after all have gone`);
    for (const { index, end } of house.directory.workers())
      for (const [name, { read, written }] of Object.entries(end))
        if (read > written)
          this.#trouble(`I6: ${read} records of ${name} ${index} were read, ${written} written`);
    this.#watchman.empty();
    this.#count(house);
    await this.#while(house.stop(0));
    this.#replay();
  }

  /** I11: each journal gives the hashes that stand in it. */
  #replay(): void {
    const mayEndEarly = this.#script.acts.some(({ kind }) => ENDS_JOURNALS.has(kind));
    for (const { name, report } of this.#disk.replays(this.#modules.core)) {
      if (report === null) continue;
      const { differs, end, problem, ticks } = report;
      this.#replayed += ticks;
      if (differs !== null) this.#trouble(`I11: ${name} differs after tick ${differs}`);
      if (problem !== null) this.#trouble(`I11: ${name}: ${problem}`);
      if (end !== 'over' && !mayEndEarly) this.#trouble(`I11: ${name} ends ${end}`);
    }
  }
}

/** What a server still holds of people and rooms; the warm room is its own. */
function leftIn({ directory, sessions, web, udp }: House): { readonly [name: string]: number } {
  return {
    seats: directory.seats,
    away: sessions?.away ?? 0,
    people: directory.rooms().reduce((sum, room) => sum + room.people, 0),
    web: web.pipes,
    udp: udp?.transport.pipes ?? 0,
    rooms: Math.max(0, directory.rooms().length - 1),
  };
}

/**
 * A wall clock that was set back while the disk stood still, or whose disk lost its newest moments: how far the room had come is known
 * from nothing then (`tickBeyond`).
 */
function mayGoBack({ acts }: Script): boolean {
  const isLate = acts.some(
    (act) => ENDS_WRITING.has(act.kind) || (act.kind === 'killHost' && act.tornBytes > 0),
  );
  return isLate && acts.some((act) => act.kind === 'wall' && act.ms < 0);
}

/** Codes that a player may be told where a script has such a fault. */
const MAY_BE: { readonly [kind: string]: readonly string[] } = {
  // What the disk refused to take down is unknown after a restart: whoever has recorded such a hello can say it again.
  // Nor does a room go on whose journal has ended early.
  fullDisk: ['E_UNKNOWN', 'E_REPLACED', 'E_ROOM_FAULT'],
  twin: ['E_REPLACED'],
};
/** Faults that keep a client away though its own network is whole. */
const NOT_ITS_OWN: ReadonlySet<Act['kind']> = new Set<Act['kind']>([
  'weather',
  'stall',
  'killHost',
  'fullDisk',
  // A token may have expired meanwhile.
  'wall',
  // It cannot be told of that while it is away.
  'kick',
]);
/** Faults after which a journal may end before its room. */
const ENDS_JOURNALS: ReadonlySet<Act['kind']> = new Set<Act['kind']>(['fullDisk', 'killHost']);
/** Faults after which what a server has in its folder may be older than what it had said. */
const ENDS_WRITING: ReadonlySet<Act['kind']> = new Set<Act['kind']>(['fullDisk', 'slowDisk']);
/** ms after which who plays is on the disk. */
const KEPT_MS = 400;
const TROUBLES_MAX = 40;
/** ms since the last snapshot that somebody who is in may have at the end. */
const BACK_MS = 500;
/** ms: a start or a stop takes no longer. */
const WAIT_MS = 20_000;
/** ms: what waits for a client that does not come (`resumeMs`), and then an empty room. */
const EMPTY_MS = 11_000;
const LOOK_MS = 250;
