/**
 * A whole server in a few lines, for tests of the client in simulated time: one room of the real core behind memory
 * pipes, the handshake, and the smallest game (places who joins, lets the dead return, passes chat on).
 */
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import {
  COMMAND,
  DATAGRAM,
  Damage,
  Death,
  HOOK,
  INPUT,
  Join,
  Joined,
  Leave,
  MESSAGE,
  Packet,
  Place,
  PROTOCOL_VERSION,
  RecordHeader,
  RosterRow,
  Send,
  Spawn,
  WallBox,
} from '../../protocol/gen/tables.ts';
import { type ConnectOptions, type ConnectSchema, connectWith } from '../../src/client/connect.ts';
import type { Game, GameHooks } from '../../src/client/game.ts';
import type { Openers } from '../../src/client/pipes.ts';
import { interpolationTicks } from '../../src/schema/compile.ts';
import { MessageCodec } from '../../src/schema/messages.ts';
import {
  datagramKind,
  decodeJoin,
  encodeAccept,
  encodeGoodbye,
  encodeJoined,
  encodeJoinReply,
} from '../../src/session/datagrams.ts';
import type { MemoryPipe } from '../../src/transport/client/memory.ts';
import { type LossyPipe, lossyPipe, parseLink } from '../../src/transport/lossy.ts';
import { MemoryServer } from '../../src/transport/server/memory.ts';
import type { LocalSessions } from './local-sessions.ts';
import { SimPacer, SimTime } from './sim-time.ts';

/** World units; centre and half sizes. */
export interface LocalWall {
  readonly x: number;
  readonly y: number;
  readonly halfX: number;
  readonly halfY: number;
}

export interface LocalRoomOptions {
  /** Default 16. */
  readonly playersMax?: number;
  readonly walls?: readonly LocalWall[];
  /** Another build of the core for the room alone; clients keep theirs. */
  readonly roomModule?: WebAssembly.Module;
  /** Players get tokens, and may come back with them. */
  readonly sessions?: LocalSessions;
  /** What clients are told. Default 30,000. */
  readonly resumeMs?: number;
}

interface Member {
  /** The newest one: packets go there, and come from any. */
  pipe: number;
  readonly slot: number;
  /** Flags of its Join. */
  readonly flags: number;
  joined: boolean;
  welcomed: boolean;
}

type ConnectMore<S extends ConnectSchema> = Omit<ConnectOptions<S>, 'schema' | 'link'> & {
  /** ms of simulated time between two looks whether it is in. Default 5. */
  readonly stepMs?: number;
  readonly cleanJoin?: boolean;
  /** Transports instead of the one behind `link`; `dial` opens a pipe to the room. */
  readonly open?: (dial: () => MemoryPipe) => Openers;
};

export class LocalRoom<S extends ConnectSchema> {
  readonly time = new SimTime();
  readonly pacer = new SimPacer();
  readonly core: RoomCore;
  /** Ticks are not run while it is true. */
  stalled = false;
  /** Commands of the next tick: appended with `damage` and the like. */
  readonly #pending: ((room: this) => void)[] = [];
  readonly #schema: S;
  readonly #module: WebAssembly.Module;
  readonly #server: MemoryServer;
  readonly #members: Member[] = [];
  readonly #byPipe = new Map<number, Member>();
  readonly #sessions: LocalSessions | undefined;
  readonly #resumeMs: number;
  readonly #inbox: { slot: number; bytes: Uint8Array; atMs: number }[] = [];
  /** What was said, in the order in which all were told. */
  readonly said: string[] = [];
  /** Called after each tick, before its packets leave. */
  afterTick: () => void = () => undefined;
  readonly #leaving: Member[] = [];
  readonly #reborn: { handle: number; tick: number }[] = [];
  readonly #codec: MessageCodec;
  readonly #out: MessageCodec;
  readonly #scratch = new Uint8Array(4096);
  readonly #tickMs: number;
  #nextMs: number;
  #at = 0;

  constructor(module: WebAssembly.Module, schema: S, options: LocalRoomOptions = {}) {
    const { playersMax = 16, walls = [], roomModule = module } = options;
    this.#module = module;
    this.#sessions = options.sessions;
    this.#resumeMs = options.resumeMs ?? 30_000;
    this.#schema = schema;
    this.#tickMs = 1000 / schema.layout.tickRateHz;
    this.#codec = new MessageCodec(schema.layout.toServer);
    this.#out = new MessageCodec(schema.layout.toClient);
    this.core = new RoomCore(
      roomModule,
      schema.config({ playersMax, entitiesMax: 128, seed: 5n, epoch: 3, hashEveryTick: true }),
    );
    if (walls.length > 0) this.#addWalls(walls);
    this.core.end(this.#at);
    this.#server = new MemoryServer({ defer: (fn) => this.time.after(0, fn) });
    this.#nextMs = this.time.nowMs() + this.#tickMs;
    this.#server.onDatagram((pipe, bytes) => this.#datagram(pipe, bytes));
  }

  /**
   * Joins over a link; runs the room meanwhile. The handshake repeats by the machine's own clock, so that a lossy join
   * takes as long as it likes; with `cleanJoin` the link comes after it, and a run is the same each time.
   */
  async connect(link = '', more: ConnectMore<S> = {}, hooks: GameHooks = {}): Promise<Game<S>> {
    let pipe: LossyPipe | undefined;
    const joining = connectWith(
      'memory://',
      { schema: this.#schema, ...more },
      {
        random: () => 0.5,
        open: more.open?.(() => this.#server.connect()) ?? {
          memory: async () => {
            const first = parseLink(more.cleanJoin === true ? '' : link);
            pipe = lossyPipe(this.#server.connect(), first, this.time);
            return pipe;
          },
        },
        load: async () => this.#module,
        nowMs: () => this.time.nowMs(),
        pacer: () => this.pacer,
        hooks,
      },
    );
    let game: Game<S> | undefined;
    let failed: unknown;
    joining.then(
      (joined) => {
        game = joined;
      },
      (error) => {
        failed = error;
      },
    );
    while (!game && !failed) {
      this.run(more.stepMs ?? 5);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (!game) throw failed;
    await new Promise((resolve) => setTimeout(resolve, 2));
    pipe?.setLink(link);
    return game;
  }

  /** Lets `ms` of simulated time pass; `each` is called after every millisecond. */
  run(ms: number, each: () => void = () => undefined): void {
    const endMs = this.time.nowMs() + ms;
    while (this.time.nowMs() < endMs) {
      this.time.run(this.time.nowMs() + 1);
      if (this.time.nowMs() >= this.#nextMs) {
        this.#nextMs += this.#tickMs;
        if (!this.stalled) this.#tick();
      }
      this.time.run(this.time.nowMs());
      this.pacer.wake();
      each();
    }
  }

  /** As `run`, and promises go on every `stepMs`. */
  async pass(ms: number, each: () => void = () => undefined, stepMs = 5): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.run(Math.min(left, stepMs), each);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The handle of the player in a slot. */
  handle(slot: number): number {
    return this.core.players[slot] ?? 0;
  }

  damage(handle: number, attacker: number, amount: number): void {
    this.#pending.push(() =>
      this.#command(COMMAND.damage.kind, 0, Damage.bytes, (at) => {
        this.core.view.setUint32(at + Damage.handle, handle, true);
        this.core.view.setUint32(at + Damage.attacker, attacker, true);
        this.core.view.setInt32(at + Damage.amount, amount, true);
      }),
    );
  }

  /** Puts a thing of kind `kind` at a place in world units. */
  spawn(kind: number, x: number, y: number): void {
    this.#pending.push(() =>
      this.#command(COMMAND.spawn.kind, 0, Spawn.bytes, (at) => {
        const { view } = this.core;
        for (let i = 0; i < Spawn.bytes; i += 4) view.setInt32(at + i, 0, true);
        view.setUint32(at + Spawn.handle, this.core.spawnable[1] ?? 0, true);
        view.setUint32(at + Spawn.kindAt, kind, true);
        view.setInt32(at + Spawn.x, x * 65536, true);
        view.setInt32(at + Spawn.y, y * 65536, true);
      }),
    );
  }

  kick(slot: number, code: number): void {
    const member = this.#members.find((one) => one.slot === slot);
    if (member) this.#server.send(member.pipe, encodeGoodbye(code, 'out'));
  }

  #datagram(pipe: number, bytes: Uint8Array): void {
    const kind = datagramKind(bytes);
    const member = this.#byPipe.get(pipe);
    if (kind === DATAGRAM.hello) this.#hello(pipe, bytes);
    else if (kind === DATAGRAM.join && !member) this.#enter(pipe, bytes);
    else if (kind === DATAGRAM.join && member?.welcomed) this.#welcome(member);
    else if (kind === DATAGRAM.goodbye && member) this.#leaving.push(member);
    else if (kind === DATAGRAM.packet && member?.welcomed) {
      this.#inbox.push({ slot: member.slot, bytes: bytes.slice(), atMs: this.time.nowMs() });
    }
  }

  #hello(pipe: number, bytes: Uint8Array): void {
    if (!this.#sessions?.wants(bytes)) {
      this.#server.send(pipe, encodeAccept(1 + (pipe & 0xffff)));
      return;
    }
    // A hello that is repeated has attached already.
    const slot = this.#byPipe.get(pipe)?.slot ?? this.#sessions.judge(bytes);
    const member = this.#members[slot];
    if (!member) {
      this.#server.send(pipe, encodeGoodbye(-slot));
      return;
    }
    member.pipe = pipe;
    this.#byPipe.set(pipe, member);
    this.#server.send(pipe, encodeAccept(1 + slot, true));
  }

  #enter(pipe: number, bytes: Uint8Array): void {
    const join = decodeJoin(bytes);
    if (typeof join === 'number') throw new Error(`The join does not decode: ${join}`);
    const slot = this.#members.length;
    const flags = join.verify ? 2 : 0;
    const member = { pipe, slot, flags, joined: false, welcomed: false };
    this.#members.push(member);
    this.#byPipe.set(pipe, member);
  }

  #tick(): void {
    const { core } = this;
    this.#at = 0;
    for (const member of this.#members) if (!member.joined) this.#join(member);
    for (const { slot } of this.#leaving.splice(0)) {
      this.#sessions?.forget(slot);
      this.#command(INPUT.leave.kind, slot, Leave.bytes, (at) =>
        core.view.setUint16(at + Leave.code, 19, true),
      );
    }
    for (const { slot, bytes, atMs } of this.#inbox.splice(0)) {
      const sinceUs = Math.max(0, (atMs - (this.#nextMs - 2 * this.#tickMs)) * 1000);
      this.#command(INPUT.packet.kind, slot, Packet.bytes + bytes.length, (at) => {
        core.view.setUint32(
          at + Packet.arrivalUs,
          Math.min(sinceUs, this.#tickMs * 1000 - 1),
          true,
        );
        core.u8.set(bytes, at + Packet.bytes);
      });
    }
    const events = core.begin(this.#at);
    const copy = core.u8.slice(core.events, core.events + events);
    this.#at = 0;
    this.#hooks(copy);
    for (const due of this.#reborn.filter((one) => one.tick <= core.tick)) {
      this.#reborn.splice(this.#reborn.indexOf(due), 1);
      this.#place(due.handle);
    }
    for (const pending of this.#pending.splice(0)) pending(this);
    const packets = core.end(this.#at);
    this.afterTick();
    for (const member of this.#members)
      if (member.joined && !member.welcomed) this.#welcome(member);
    for (let row = 0; row < packets; row += 1) {
      const member = this.#members.find((one) => one.slot === core.packetSlot(row));
      const address = core.packetAddress(row);
      if (member)
        this.#server.send(member.pipe, core.u8.subarray(address, address + core.packetBytes(row)));
    }
  }

  #join(member: Member): void {
    this.#command(INPUT.join.kind, member.slot, Join.bytes, (at) => {
      const name = new TextEncoder().encode(`player ${member.slot}`);
      this.core.u8.fill(0, at, at + Join.bytes);
      this.core.view.setUint32(at + Join.session, member.slot + 1, true);
      this.core.view.setUint16(at + Join.flags, member.flags, true);
      this.core.view.setUint8(at + Join.nameBytes, name.length);
      this.core.u8.set(name, at + Join.name);
    });
    member.joined = true;
  }

  #welcome(member: Member): void {
    const { core } = this;
    const { layout, hash } = this.#schema;
    member.welcomed = true;
    const playerId = core.view.getUint32(
      core.roster + member.slot * core.rosterRowBytes + RosterRow.playerId,
      true,
    );
    this.#server.send(
      member.pipe,
      encodeJoined(
        encodeJoinReply({
          roomId: 'local',
          playerId,
          handle: this.handle(member.slot),
          tick: core.tick,
          epoch: 3,
          tickRateHz: layout.tickRateHz,
          schemaHash: hash,
          wallsHash: 0,
          playersMax: core.playersMax,
          entitiesMax: core.entitiesMax,
          interpolationTicks: interpolationTicks(layout),
          snapshotBytesMax: layout.net.snapshotBytesMax,
          protocolVersion: PROTOCOL_VERSION,
          resumeMs: this.#resumeMs,
        }),
      ),
    );
  }

  #hooks(events: Uint8Array): void {
    const view = new DataView(events.buffer);
    for (let at = 0; at < events.length; ) {
      const kind = view.getUint16(at + RecordHeader.kind, true);
      const length = view.getUint32(at + RecordHeader.length, true);
      const body = at + RecordHeader.bytes;
      if (kind === HOOK.joined.kind) {
        this.#place(view.getUint32(body + Joined.handle, true));
        const slot = view.getUint16(at + RecordHeader.index, true);
        if (this.#sessions) this.#send(slot, this.#sessions.tell(slot));
      }
      if (kind === HOOK.death.kind)
        this.#reborn.push({
          handle: view.getUint32(body + Death.victim, true),
          tick: this.core.tick + 30,
        });
      if (kind === HOOK.message.kind)
        this.#message(
          view.getUint16(at + RecordHeader.index, true),
          events.subarray(body, body + length),
        );
      at = body + ((length + 3) & ~3);
    }
  }

  /** Each player has a place of its own, away from the others. */
  #place(handle: number): void {
    const slot = Math.max(0, this.core.players.indexOf(handle));
    this.#command(COMMAND.place.kind, 0, Place.bytes, (at) => {
      const { view } = this.core;
      view.setUint32(at + Place.handle, handle, true);
      view.setInt32(at + Place.x, ((slot % 4) * 5 - 8) * 65536, true);
      view.setInt32(at + Place.y, (Math.floor(slot / 4) * 5 - 8) * 65536, true);
      view.setInt32(at + Place.z, 0, true);
      view.setInt32(at + Place.aim, -1, true);
      view.setUint32(at + Place.protectTicks, 0, true);
    });
  }

  #message(slot: number, bytes: Uint8Array): void {
    if (bytes[0] !== MESSAGE.game || this.#codec.decode(bytes) !== 0) return;
    const { text } = this.#codec.decoded.value;
    this.said.push(String(text));
    const { core } = this;
    const from = core.view.getUint32(
      core.roster + slot * core.rosterRowBytes + RosterRow.playerId,
      true,
    );
    const length = this.#out.encode('chat', { from, text }, this.#scratch);
    this.#send(0xffff, this.#scratch.subarray(0, length));
  }

  /** To the player in a slot, or to all (0xffff). */
  #send(slot: number, message: Uint8Array): void {
    const { core } = this;
    this.#command(COMMAND.send.kind, slot, Send.bytes + message.length, (at) => {
      core.view.setUint32(at + Send.except, 0xffff, true);
      core.u8.set(message, at + Send.bytes);
    });
  }

  #addWalls(walls: readonly LocalWall[]): void {
    this.#command(COMMAND.addWalls.kind, 0, walls.length * WallBox.bytes, (from) => {
      const { view } = this.core;
      walls.forEach(({ x, y, halfX, halfY }, k) => {
        const at = from + k * WallBox.bytes;
        view.setInt32(at + WallBox.x, x * 65536, true);
        view.setInt32(at + WallBox.y, y * 65536, true);
        view.setInt32(at + WallBox.halfX, halfX * 65536, true);
        view.setInt32(at + WallBox.halfY, halfY * 65536, true);
      });
    });
  }

  #command(kind: number, index: number, length: number, fill: (at: number) => void): void {
    const { view, input, u8 } = this.core;
    const at = input + this.#at;
    const padded = (length + 3) & ~3;
    view.setUint16(at + RecordHeader.kind, kind, true);
    view.setUint16(at + RecordHeader.index, index, true);
    view.setUint32(at + RecordHeader.length, length, true);
    u8.fill(0, at + RecordHeader.bytes, at + RecordHeader.bytes + padded);
    fill(at + RecordHeader.bytes);
    this.#at += RecordHeader.bytes + padded;
  }
}
