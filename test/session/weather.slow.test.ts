/**
 * The worst network that is promised: 30 % loss each way, 200 ms +- 200 ms of delay each way, for ten minutes. In simulated time
 * with all parts but sockets: client, line, handshake, session table, room, and netcode for one of the players, whose datagrams
 * also overtake each other. `FRAY_TEST_SEED=n` repeats a run, `FRAY_TEST_SECONDS=n` makes it shorter or longer.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { DATAGRAM } from '../../protocol/gen/tables.ts';
import type { Game } from '../../src/client/game.ts';
import type { NetcodeClient } from '../../src/session/client/netcode.ts';
import { NETCODE_STATE } from '../../src/session/client/netcode.ts';
import { encodeHello, encodeJoin } from '../../src/session/datagrams.ts';
import type { NetcodePeer } from '../../src/session/server/netcode-links.ts';
import { SessionTable, sessionOutput, VERDICT } from '../../src/session/server/table.ts';
import type { MemoryPipe } from '../../src/transport/client/memory.ts';
import { lossyPipe } from '../../src/transport/lossy.ts';
import { MemoryServer } from '../../src/transport/server/memory.ts';
import type { ClientPipe } from '../../src/transport/types.ts';
import { LocalRoom } from '../client/local-room.ts';
import type { SimTime } from '../client/sim-time.ts';
import { talk as schema } from '../client/talk.ts';
import * as netcode from './netcode-bench.ts';

const SEED = Number(process.env['FRAY_TEST_SEED'] ?? Math.floor(Math.random() * 0xffff));
const SECONDS = Number(process.env['FRAY_TEST_SECONDS'] ?? 600);
const LOSS = 0.3;
const DELAY_MS_MAX = 400;
/** 200 ms each way, +- 200 ms each way. */
const LINK = `rtt=400,jitter=400,loss=${100 * LOSS},seed=${SEED}`;
const core =
  process.env['FRAY_TEST_CORE'] ?? new URL('../../core-wasm/fray_core.wasm', import.meta.url);

/** A session table before a room: what `src/pump.ts` is to a server. */
class House {
  readonly table: SessionTable;
  /** What rooms would be told of absences, and closes. */
  readonly trouble: string[] = [];
  readonly net: netcode.Bench;
  readonly time: SimTime;
  /** How the room is reached. */
  dial: () => MemoryPipe = () => {
    throw new Error('There is no room yet');
  };
  readonly #web: MemoryServer;
  readonly #rooms = new Map<number, MemoryPipe>();
  readonly #out = sessionOutput();
  readonly #random = netcode.generator(SEED);
  readonly #udp: { readonly peer: NetcodePeer; readonly toClient: (bytes: Uint8Array) => void }[] =
    [];

  constructor(time: SimTime) {
    this.time = time;
    this.table = new SessionTable({
      schemaHash: schema.hash,
      guests: true,
      tokenKeys: [netcode.KEY],
      publicAddresses: [netcode.SERVER],
      sessionTokenMs: 0,
      unixMs: () => netcode.UNIX_MS + time.nowMs(),
      random: (into) => {
        for (let k = 0; k < into.length; k += 1) into[k] = Math.floor(256 * this.#random());
      },
    });
    const { tokens } = this.table;
    this.net = new netcode.Bench({
      used: { has: (mac) => tokens.has(mac), claim: (mac, token) => tokens.claim(mac, token) },
    });
    this.#web = new MemoryServer({ defer: (fn) => time.after(0, fn) });
    this.#web.onOpen((pipe, address) => this.table.open(pipe, address, this.#nowUs));
    this.#web.onDatagram((pipe, bytes) => this.#datagram(pipe, bytes));
    this.#web.onClose((pipe) => this.table.closed(pipe, this.#nowUs));
    this.#tick();
  }

  /** A pipe as over TLS: what is lost is lost, order stays. */
  web(): ClientPipe {
    return lossyPipe(this.#web.connect(), LINK, this.time);
  }

  /** A pipe over netcode, on which datagrams overtake each other. */
  async udp(token: Uint8Array): Promise<ClientPipe> {
    const pipe = new SimUdp(this, this.net.client(token), this.#udp.length);
    const { peer } = pipe;
    this.#udp.push({ peer, toClient: (bytes) => this.blow(bytes, (one) => pipe.hear(one)) });
    return pipe.opening;
  }

  /** A datagram on its way, if it gets through. */
  blow(bytes: Uint8Array, arrive: (bytes: Uint8Array) => void): void {
    const [isLost, ms] = [this.#random() < LOSS, DELAY_MS_MAX * this.#random()];
    const copy = bytes.slice();
    if (!isLost) this.time.after(ms, () => arrive(copy));
  }

  /** A packet of netcode has arrived. */
  take(peer: NetcodePeer, bytes: Uint8Array): void {
    const { net } = this;
    net.nowUs = this.#nowUs;
    const opened = net.opened.length;
    for (const back of net.say(peer, bytes)) this.#sendRaw(peer, back);
    if (net.opened.length > opened) {
      const client = net.opened.at(-1) as number;
      const facts = { headers: null, permit: net.server.tokenOf(client) };
      this.table.open(UDP_PIPES + client, peer.address, this.#nowUs, facts);
    }
    for (const one of net.payloads.splice(0)) this.#datagram(UDP_PIPES + one.client, one.bytes);
  }

  get #nowUs(): number {
    return this.time.nowMs() * 1000;
  }

  #datagram(pipe: number, bytes: Uint8Array): void {
    if (this.table.handle(pipe, bytes, this.#nowUs) === VERDICT.packet)
      this.#rooms.get(this.table.sessionId)?.send(bytes);
    this.#settle();
  }

  #send(pipe: number, bytes: Uint8Array): void {
    if (pipe < UDP_PIPES) {
      this.#web.send(pipe, bytes);
      return;
    }
    const { server } = this.net;
    const peer = server.peerOf(pipe - UDP_PIPES);
    if (peer === null) return;
    if (!server.isConfirmed(pipe - UDP_PIPES)) {
      const place = server.keepAlive(pipe - UDP_PIPES);
      if (place !== null) this.#sendRaw(peer, place);
    }
    const packet = server.send(pipe - UDP_PIPES, bytes);
    if (packet !== null) this.#sendRaw(peer, packet);
  }

  #sendRaw(peer: NetcodePeer, bytes: Uint8Array): void {
    this.#udp.find((one) => one.peer.port === peer.port)?.toClient(bytes);
  }

  #settle(): void {
    const { table } = this;
    for (const out = this.#out; table.poll(out); ) {
      if (out.kind === 'send') this.#send(out.pipe, out.bytes);
      else if (out.kind === 'join' && out.join !== null) this.#join(out.sessionId);
      else if (out.kind !== 'spend') {
        this.trouble.push(`${out.kind} of ${out.sessionId} at ${this.time.nowMs()} ms`);
        if (out.kind === 'resume') table.resumed(out.sessionId, null);
      }
    }
  }

  #join(sessionId: number): void {
    const room = this.dial();
    this.#rooms.set(sessionId, room);
    room.onDatagram((bytes) => {
      if (bytes[0] === DATAGRAM.joined) {
        this.table.joined(sessionId, bytes.slice(1));
        this.#settle();
        return;
      }
      const pipe = this.table.packet(sessionId);
      if (pipe >= 0 && ((bytes[0] ?? 0) & 15) === DATAGRAM.packet) this.#send(pipe, bytes);
    });
    room.send(encodeHello({ schemaHash: schema.hash }));
    const wish = { name: 'x', choice: { any: true as const }, schemaHash: schema.hash };
    room.send(encodeJoin({ ...wish, verify: false }));
  }

  #tick(): void {
    const { net } = this;
    net.nowUs = this.#nowUs;
    net.unixMs = netcode.UNIX_MS + this.time.nowMs();
    net.server.tick(net.nowUs);
    net.settle((peer, bytes) => this.#sendRaw(peer, bytes));
    for (const { client, silent } of net.closed.splice(0))
      this.trouble.push(`netcode ${client} ${silent ? 'silent' : 'gone'}`);
    this.table.tick(this.#nowUs);
    this.#settle();
    this.time.after(50, () => this.#tick());
  }
}

/** The client's end of a pipe over netcode, as `src/client/udp.ts` has it. */
class SimUdp implements ClientPipe {
  readonly kind = 'udp';
  readonly bufferedBytes = 0;
  readonly dropped = 0;
  readonly peer: NetcodePeer;
  readonly opening: Promise<ClientPipe>;
  readonly #house: House;
  readonly #netcode: NetcodeClient;
  #open: (pipe: ClientPipe) => void = () => undefined;
  #datagram: (bytes: Uint8Array) => void = () => undefined;
  #closed: (code: number) => void = () => undefined;

  constructor(house: House, client: NetcodeClient, index: number) {
    this.#house = house;
    this.#netcode = client;
    this.peer = netcode.peerOf('192.0.2.1', 1000 + index);
    this.opening = new Promise((resolve) => {
      this.#open = resolve;
    });
    this.#tick();
  }

  send(bytes: Uint8Array): void {
    const packet = this.#netcode.send(bytes);
    if (packet !== null) this.#out(packet);
  }

  close(): void {
    this.#netcode.close();
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#datagram = fn;
  }

  onClose(fn: (code: number) => void): void {
    this.#closed = fn;
  }

  hear(bytes: Uint8Array): void {
    const payload = this.#netcode.handle(bytes);
    if (payload !== null) this.#datagram(payload);
    else if (this.#netcode.state === NETCODE_STATE.connected) this.#open(this);
  }

  #tick(): void {
    const { time } = this.#house;
    this.#netcode.tick(time.nowMs() * 1000);
    for (let due = this.#netcode.poll(); due !== null; due = this.#netcode.poll()) this.#out(due);
    if (this.#netcode.state > 0) time.after(50, () => this.#tick());
    else this.#closed(0);
  }

  #out(packet: Uint8Array): void {
    this.#house.blow(packet, (one) => this.#house.take(this.peer, one));
  }
}

/** Says a line now and then, and keeps what it hears. */
class Talker {
  readonly said: string[] = [];
  readonly heard: string[] = [];
  readonly told: string[] = [];
  readonly game: Game<typeof schema>;
  readonly #everyMs: number;
  #ms = 0;

  constructor(game: Game<typeof schema>, everyMs: number) {
    this.game = game;
    this.#everyMs = everyMs;
    game.on('status', (status, error) => this.told.push(`${status} ${error?.code ?? ''}`));
    game.onMessage('chat', ({ text: line }) => this.heard.push(line));
  }

  turn(): void {
    this.#ms += 1;
    if (this.#ms % this.#everyMs !== 0) return;
    const line = `${this.game.playerId} ${this.said.length}`;
    this.game.send('chat', { text: line });
    this.said.push(line);
  }
}

t.test(
  `${SECONDS} s of the worst network: nobody leaves, each message once (seed ${SEED})`,
  async (t) => {
    const room = new LocalRoom(new WebAssembly.Module(readFileSync(core)), schema);
    const house = new House(room.time);
    const token = house.net.token({ expireMs: 600_000 });
    const web = await room.connect('', {
      open: (dial) => {
        house.dial = dial;
        return { memory: async () => house.web() };
      },
    });
    const udp = await room.connect('', { token, open: () => ({ udp: () => house.udp(token) }) });
    const talkers = [new Talker(web, 450), new Talker(udp, 300)];
    t.equal(house.table.facts.joined, 2);
    await room.pass(2000);
    // While its join was under way a player may have been missed: both sides only repeat themselves then.
    house.trouble.length = 0;
    const before = { ...house.table.counters };
    const turn = (): void => {
      for (const one of talkers) one.turn();
    };
    await room.pass(1000 * SECONDS, turn, 1000);
    await room.pass(20_000, undefined, 1000);
    t.same(house.trouble, [], 'nobody was missed or sent away');
    for (const { game, said, heard, told } of talkers) {
      const { transport } = game.stats;
      t.same(told, [], `${transport}: always open`);
      t.match(game.stats, { resumes: 0, transportSwitches: 0, undecodable: 0, malformed: 0 });
      t.ok(said.length > 2 * SECONDS, `${said.length} lines said`);
      const from = room.said.filter((line) => line.startsWith(`${game.playerId} `));
      t.same(from, said, `${transport}: the room heard each line once and in order`);
      t.same(heard, room.said, `${transport}: and so did the client`);
      t.ok(game.stats.snapshots > 15 * SECONDS, `${game.stats.snapshots} snapshots`);
    }
    const { counters } = house.table;
    const { drops } = before;
    t.match(counters, { accepted: 2, joined: 2, drops, left: 0, idleTimeouts: 0 });
    t.ok(counters.packets > 2 * 30 * SECONDS * (1 - LOSS) * 0.8, `${counters.packets} packets`);
    for (const { game } of talkers) game.close();
  },
);

/** Numbers of pipes over UDP begin here. */
const UDP_PIPES = 1 << 20;
