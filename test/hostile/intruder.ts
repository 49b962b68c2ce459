/**
 * A client for bad purposes, made from SPEC.md alone (test/independent): it joins and reads as an honest one does, and each
 * thing that it sends can be wrong on its own. Nothing here knows what the server makes of it.
 */
import WebSocket from 'ws';
import { BitReader, BitWriter, Malformed } from '../independent/bits.ts';
import { ARENA } from '../independent/game.ts';
import { type Command, type Controls, writeCommands } from '../independent/input.ts';
import {
  DATAGRAM,
  goodbye,
  hello,
  type Joined,
  join,
  readGoodbye,
  readJoined,
} from '../independent/messages.ts';
import {
  Arrivals,
  type Fragment,
  HEADER_BYTES,
  readFragments,
  readHeader,
  writeFragments,
  writePacket,
} from '../independent/packet.ts';
import { ARENA_HASH, ARENA_RATE_HZ } from '../independent/pilot.ts';
import { World } from '../independent/snapshot.ts';

/** What differs from an honest packet. */
export interface Packet {
  readonly ack?: number;
  readonly ackBits?: number;
  readonly fragments?: readonly Fragment[];
  /** Tick of the only command; left out: no command. */
  readonly tick?: number;
}

export class Intruder {
  /** Packets of the server, and bytes of its longest snapshot body; whoever wants to count from a moment on sets them to 0. */
  packets = 0;
  snapshotBytesMax = 0;
  /** Sequence of the newest packet that the server acknowledged. */
  acked = 0;
  /** Close code of the socket, 0 while it is open; and the code of the goodbye. */
  closedWith = 0;
  goodbyeCode = 0;
  readonly #socket: WebSocket;
  readonly #gone = new AbortController();
  readonly #arrivals = new Arrivals();
  #world: World | undefined;
  #joined: Joined | undefined;
  #sequence = 0;
  #tick = 0;
  #tickMs = 0;
  #waiting: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('open', () => this.#wake());
    socket.on('message', (bytes: Buffer) => this.#hear(bytes));
    socket.on('close', (code) => {
      this.closedWith = code;
      this.#gone.abort();
      this.#wake();
    });
    socket.on('error', () => undefined);
  }

  /** Opens a socket and asks for a place; rejects when there is none within 10 s. */
  static async enter(url: string): Promise<Intruder> {
    const intruder = await Intruder.open(url);
    intruder.send(hello(ARENA_HASH));
    intruder.send(join({ name: 'intruder', schemaHash: ARENA_HASH, verify: false }));
    await intruder.until(() => intruder.#joined !== undefined || intruder.over);
    if (intruder.#joined !== undefined) return intruder;
    throw new Error(`Not let in: goodbye ${intruder.goodbyeCode}, closed ${intruder.closedWith}`);
  }

  static async open(url: string): Promise<Intruder> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}ws`);
    const intruder = new Intruder(socket);
    await intruder.until(() => socket.readyState !== WebSocket.CONNECTING);
    return intruder;
  }

  get over(): boolean {
    return this.closedWith !== 0;
  }

  /** Aborted when the socket has closed. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Bytes that wait in this process for the socket. */
  get waiting(): number {
    return this.#socket.bufferedAmount;
  }

  /** Bits 4..7 of a packet's first byte. */
  get epoch(): number {
    return this.#joined?.epoch ?? 0;
  }

  /** Sequence of the newest packet that was understood. */
  get received(): number {
    return this.#arrivals.newest;
  }

  /** The tick that the server is at, by the newest snapshot and the time since. */
  get tick(): number {
    const sinceMs = performance.now() - this.#tickMs;
    return this.#tick + Math.floor((sinceMs * ARENA_RATE_HZ) / 1000);
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(bytes);
  }

  /** Sends the next packet, honest but for what is said; answers its sequence. */
  sendPacket(packet: Packet = {}): number {
    this.send(this.packet(packet));
    return this.#sequence;
  }

  packet({ ack, ackBits, fragments, tick }: Packet = {}): Uint8Array {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const w = new BitWriter();
    writeFragments(w, fragments ?? []);
    writeCommands(w, ARENA, tick === undefined ? [] : [command(tick)]);
    const header = {
      sequence: this.#sequence,
      ack: ack ?? this.#arrivals.newest,
      ackBits: ackBits ?? this.#arrivals.bits,
    };
    return writePacket(this.epoch, header, w.finish());
  }

  leave(): void {
    this.send(goodbye({ code: 0, text: '' }));
    this.#socket.close();
  }

  /** Ends without a word. */
  cut(): void {
    this.#socket.terminate();
  }

  /** Waits for what a datagram or a close may bring; rejects after `ms`. */
  async until(holds: () => boolean, ms = 10_000): Promise<void> {
    for (const end = performance.now() + ms; !holds(); ) {
      const leftMs = end - performance.now();
      if (leftMs <= 0) throw new Error(`Not within ${ms} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #hear(bytes: Uint8Array): void {
    const kind = (bytes[0] ?? 0) & 15;
    if (kind === DATAGRAM.joined && this.#joined === undefined) {
      this.#joined = readJoined(bytes);
      this.#tick = this.#joined.tick;
      this.#tickMs = performance.now();
      this.#world = new World({ ...ARENA, entitiesMax: this.#joined.entitiesMax }, false);
    } else if (kind === DATAGRAM.goodbye) this.goodbyeCode = readGoodbye(bytes).code;
    else if (kind === DATAGRAM.packet) this.#read(bytes);
    this.#wake();
  }

  /** Reads a snapshot where it can: who lies about acks gets what nobody can read. */
  #read(bytes: Uint8Array): void {
    this.packets += 1;
    if (this.#world === undefined) return;
    try {
      const header = readHeader(bytes, this.epoch);
      this.acked = header.ack;
      if (this.#arrivals.judge(header.sequence) === 'stale') return;
      const reader = new BitReader(bytes, HEADER_BYTES);
      readFragments(reader);
      const snapshot = this.#world.read(reader, header.sequence);
      this.snapshotBytesMax = Math.max(this.snapshotBytesMax, Math.ceil(snapshot.bits / 8));
      this.#world.keep(snapshot);
      this.#arrivals.note(header.sequence);
      if (snapshot.tick > this.#tick) this.#tickMs = performance.now();
      this.#tick = Math.max(this.#tick, snapshot.tick);
    } catch (error) {
      // Not acknowledged, as SPEC 4 asks.
      if (!(error instanceof Malformed)) throw error;
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function command(tick: number): Command {
  return { tick, controls: WALK };
}

const WALK: Controls = { buttons: 0, moveX: 127, moveY: 0, aim: 0, pitch: 0, aux: [] };
