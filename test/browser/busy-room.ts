/**
 * A play of the arena that leaves nothing out: 50 players, six of them clients of the core who turn, shoot, dash and
 * die, come and go, over lines that lose (in bursts), delay, reorder and repeat, both ways. All from one seed.
 */
import { pathToFileURL } from 'node:url';
import arena from '../../games/arena/server.ts';
import { InputCommand } from '../../protocol/gen/tables.ts';
import type { Game } from '../../src/plugin/game.ts';
import { JournalFile } from '../../workers/journal-file.ts';
import { STAGE } from '../../workers/journal-format.ts';
import { Bench, type Journal, type TestClient } from '../plugin/bench.ts';

export const PLAYERS = 50;
export const PEOPLE = 6;

export interface BusyPlay {
  /** Hooks that threw. */
  readonly errors: readonly string[];
  readonly deaths: number;
  /** Commands of clients that were accepted. */
  readonly commands: number;
  readonly joins: number;
  readonly leaves: number;
  /** Packets. */
  readonly lost: number;
}

/** Plays so many ticks, and writes the journal to `path` as it goes: a million ticks are some GB. */
export function playBusy(ticks: number, seed: number, path: string): BusyPlay {
  const room = new BusyRoom(seed);
  const writer = new BusyJournal(path, room.bench.journal.config);
  for (let tick = 1; tick <= ticks; tick += 1) {
    room.tick(tick);
    if (tick % WRITE_TICKS === 0) writer.write(room.bench.journal);
  }
  writer.write(room.bench.journal);
  writer.close();
  const { bench, joins, leaves, lost } = room;
  const [deaths, commands] = [bench.stat('deaths'), bench.stat('inputsAccepted')];
  return { errors: bench.errors, deaths, commands, joins, leaves, lost };
}

class BusyRoom {
  readonly bench: Bench;
  joins = 0;
  leaves = 0;
  lost = 0;
  readonly #seats: Seat[] = [];
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = generator(seed);
    this.bench = new Bench(arena as unknown as Game, {
      playersMax: PLAYERS,
      entitiesMax: 256,
      seed: BigInt(seed),
      bots: PLAYERS - PEOPLE,
      regions: false,
    });
    for (let slot = PLAYERS - PEOPLE; slot < PLAYERS; slot += 1)
      this.#seats.push({ slot, client: null, up: [], down: [], bad: false });
  }

  tick(tick: number): void {
    const { bench } = this;
    const joining = this.#seats.filter((seat) => this.#comeOrGo(seat, tick));
    for (const seat of this.#seats) {
      if (seat.client === null) continue;
      steer(seat.client, tick, this.#random);
      const length = seat.client.core.packet(tick);
      if (length > 0)
        this.#send(seat, seat.up, tick, seat.client.core.packetBytes.slice(0, length));
      for (const bytes of arrived(seat.up, tick)) bench.packet(seat.slot, bytes);
    }
    bench.tick();
    for (const seat of joining) {
      seat.client = bench.client(seat.slot);
      // What it predicts changes nothing of what it sends.
      seat.client.core.predict(false);
    }
    for (let row = 0; row < bench.packets; row += 1) {
      const seat = this.#seats.find(({ slot }) => slot === bench.core.packetSlot(row));
      const at = bench.core.packetAddress(row);
      const bytes = bench.core.u8.slice(at, at + bench.core.packetBytes(row));
      if (seat?.client) this.#send(seat, seat.down, tick, bytes);
    }
    for (const { client, down } of this.#seats) {
      for (const bytes of arrived(down, tick)) client?.core.receive(bytes);
      while (client !== null && client.core.message() >= 0);
    }
  }

  /** True for a seat that somebody takes in this tick. */
  #comeOrGo(seat: Seat, tick: number): boolean {
    const { bench } = this;
    if (seat.client === null && (tick === 1 || this.#random() < 0.05)) {
      bench.join(seat.slot);
      this.joins += 1;
      return true;
    }
    if (seat.client !== null && this.#random() < 0.001) {
      bench.leave(seat.slot);
      this.leaves += 1;
      Object.assign(seat, { client: null, up: [], down: [] });
    }
    return false;
  }

  /** Gilbert's line: good for some 30 packets, bad for some 4, of which half are lost; 0 to 4 ticks late; some twice. */
  #send(seat: Seat, way: Sent[], tick: number, bytes: Uint8Array): void {
    const random = this.#random;
    if (random() < (seat.bad ? 0.25 : 0.03)) seat.bad = !seat.bad;
    const times = random() < 0.02 ? 2 : 1;
    for (let k = 0; k < times; k += 1) {
      if (random() < (seat.bad ? 0.5 : 0.01)) this.lost += 1;
      else way.push({ due: tick + Math.floor(random() * 5), bytes });
    }
  }
}

interface Sent {
  readonly due: number;
  readonly bytes: Uint8Array;
}

interface Seat {
  readonly slot: number;
  client: TestClient | null;
  up: Sent[];
  down: Sent[];
  bad: boolean;
}

/** Takes out what has arrived, in the order of its arrival. */
function arrived(way: Sent[], tick: number): Uint8Array[] {
  const there = way.filter(({ due }) => due <= tick).sort((a, b) => a.due - b.due);
  const left = way.filter(({ due }) => due > tick);
  way.splice(0, way.length, ...left);
  return there.map(({ bytes }) => bytes);
}

function steer(client: TestClient, tick: number, random: () => number): void {
  const { command } = client.core;
  command.setUint32(InputCommand.tick, tick + 6, true);
  command.setUint32(InputCommand.viewTick, Math.max(0, tick - 4), true);
  command.setUint16(InputCommand.buttons, Math.floor(random() * 4), true);
  if (random() < 0.1) command.setUint16(InputCommand.aim, Math.floor(random() * 65536), true);
  if (random() < 0.06) {
    command.setInt8(InputCommand.moveX, Math.floor(random() * 255) - 127);
    command.setInt8(InputCommand.moveY, Math.floor(random() * 255) - 127);
  }
  client.core.sample();
}

/** Mulberry32, 0 to 1. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** A journal as a server writes it, without compression, a hash after each tick. */
class BusyJournal {
  readonly #file: JournalFile;
  /** That is written next. */
  #tick = 0;

  constructor(path: string, config: Uint8Array) {
    this.#file = new JournalFile(path, { ...HEAD, config }, { compress: false });
  }

  /** Takes the ticks out of `journal`. */
  write(journal: Journal): void {
    const hashes = journal.hashes.splice(0);
    for (const [k, { begin, end }] of journal.ticks.splice(0).entries()) {
      if (begin) this.#append(STAGE.begin, begin);
      this.#append(STAGE.end, end);
      const [high, low] = (hashes[k] ?? '').split(':').map((half) => Number.parseInt(half, 16));
      this.#append(STAGE.hash, new Uint8Array(Uint32Array.of(low ?? 0, high ?? 0).buffer));
      this.#tick += 1;
    }
    this.#file.flush();
  }

  close(): void {
    this.#file.close();
  }

  #append(stage: number, bytes: Uint8Array): void {
    const words = new Int32Array((bytes.length + 3) >> 2);
    new Uint8Array(words.buffer).set(bytes);
    this.#file.append(stage, this.#tick, { words, from: 0, bytes: bytes.length });
  }
}

/** Ticks between two writes. */
const WRITE_TICKS = 1000;
const HEAD = {
  roomId: 'busy',
  schemaHash: 0n,
  coreHash: new Uint8Array(32),
  tickRateHz: 30,
  epoch: 1,
  openedMs: 0,
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [path = 'busy.journal', ticks = '1000000', seed = '11'] = process.argv.slice(2);
  process.stdout.write(`${JSON.stringify(playBusy(Number(ticks), Number(seed), path))}\n`);
}
