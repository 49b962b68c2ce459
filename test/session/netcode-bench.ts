/** A netcode server and its clients without sockets, on a clock that is moved by hand. */
import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PacketSeal } from '../../core-wasm/bindings/seal.ts';
import { NetcodeClient } from '../../src/session/client/netcode.ts';
import type { CipherJob, PacketCipher } from '../../src/session/netcode.ts';
import { ASSOCIATED, NetcodePackets } from '../../src/session/netcode.ts';
import type { NetcodeServerOptions } from '../../src/session/server/netcode.ts';
import {
  keysNeeded,
  NETCODE_VERDICT,
  NetcodeServer,
  netcodeOutput,
} from '../../src/session/server/netcode.ts';
import type { NetcodePeer } from '../../src/session/server/netcode-links.ts';
import { issueConnectToken, readToken, type TokenOrder } from '../../src/session/token.ts';

export const KEY: Uint8Array = new Uint8Array(32).fill(9);
export const UNIX_MS = 1_800_000_000_000;
export const SERVER = '10.0.0.1:40000';
const SEAL = new WebAssembly.Module(
  readFileSync(new URL('../../core-wasm/fray_seal.wasm', import.meta.url)),
);

export function newSeal(keysMax = 64): PacketSeal {
  return new PacketSeal(SEAL, { keysMax, associated: ASSOCIATED });
}

export interface Sealing {
  readonly cipher: PacketCipher;
  readonly packets: NetcodePackets;
}

function newSealing(): Sealing {
  const cipher = newSeal();
  return { cipher, packets: new NetcodePackets(cipher) };
}

/** A cipher whose keys are all given back at once: an instance of WebAssembly for each run would cost more than the run. */
export class UsedAgain implements PacketCipher {
  readonly #seal: PacketSeal;
  readonly #taken = new Set<number>();

  constructor(keysMax: number) {
    this.#seal = newSeal(keysMax);
  }

  get packets(): Uint8Array {
    return this.#seal.packets;
  }

  get keys(): number {
    return this.#taken.size;
  }

  takeKey(key: Uint8Array): number {
    const index = this.#seal.takeKey(key);
    if (index >= 0) this.#taken.add(index);
    return index;
  }

  dropKey(index: number): void {
    this.#taken.delete(index);
    this.#seal.dropKey(index);
  }

  dropAll(): void {
    for (const index of this.#taken) this.dropKey(index);
  }

  put(place: number, job: Readonly<CipherJob>): void {
    this.#seal.put(place, job);
  }

  seal(count: number): number {
    return this.#seal.seal(count);
  }

  open(count: number): number {
    return this.#seal.open(count);
  }
}

export function peerOf(address: string, port = 5000, socket = 0): NetcodePeer {
  return { socket, address, port };
}

export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type BenchOptions = Partial<
  Omit<NetcodeServerOptions, 'cipher'> & { readonly cipher: Bench['cipher'] }
>;

/** One server, what it said, and the time. */
export class Bench {
  readonly used = new Set<string>();
  readonly cipher: NetcodeServerOptions['cipher'] & { readonly keys: number };
  readonly server: NetcodeServer;
  readonly random: () => number;
  /** Of the server. */
  readonly payloads: { client: number; bytes: Uint8Array }[] = [];
  readonly closed: { client: number; silent: boolean }[] = [];
  readonly opened: number[] = [];
  bytesIn = 0;
  bytesOut = 0;
  /** A moment at which ends begin to count at 0. */
  nowUs = 512_000_000;
  unixMs = UNIX_MS;
  readonly #out = netcodeOutput();
  #users = 0;

  constructor(options: BenchOptions = {}, seed = 1) {
    this.random = generator(seed);
    const { clientsMax = 4, pendingMax = 8 } = options;
    this.cipher = options.cipher ?? newSeal(keysNeeded(clientsMax, pendingMax));
    this.server = new NetcodeServer({
      tokenKeys: [KEY],
      servers: [SERVER],
      unixMs: () => this.unixMs,
      random: (into) => fillRandom(into, this.random),
      cipher: this.cipher,
      used: {
        has: (mac) => this.used.has(mac),
        claim: (mac) => !this.used.has(mac) && this.used.add(mac) !== undefined,
      },
      clientsMax,
      pendingMax,
      ...options,
    });
    this.server.tick(this.nowUs);
  }

  token(order: Partial<TokenOrder> = {}): Uint8Array {
    this.#users += 1;
    return issueConnectToken({
      userId: `player-${this.#users}`,
      servers: [SERVER],
      key: KEY,
      nowMs: this.unixMs,
      random: (into) => fillRandom(into, this.random),
      ...order,
    }).bytes;
  }

  client(token = this.token(), sealing = newSealing()): NetcodeClient {
    return new NetcodeClient({ token, ...sealing, nowUs: this.nowUs });
  }

  /** Moves time in steps of 50 ms; what the server has to say goes to `send`. */
  advance(ms: number, send: (peer: NetcodePeer, bytes: Uint8Array) => void = () => {}): void {
    for (let passed = 0; passed < ms; passed += 50) {
      this.nowUs += 50_000;
      this.unixMs += 50;
      this.server.tick(this.nowUs);
      this.settle(send);
    }
  }

  settle(send: (peer: NetcodePeer, bytes: Uint8Array) => void = () => {}): void {
    while (this.server.poll(this.#out)) {
      if (this.#out.kind === 'send') send(this.#out.peer, this.#out.bytes.slice());
      else this.closed.push({ client: this.#out.client, silent: this.#out.silent });
    }
  }

  /** A packet to the server, and what goes back to where it came from at once. */
  say(peer: NetcodePeer, bytes: Uint8Array): Uint8Array[] {
    this.bytesIn += bytes.length;
    const back: Uint8Array[] = [];
    const { server } = this;
    switch (server.handle(peer, bytes)) {
      case NETCODE_VERDICT.reply:
        back.push(server.bytes.slice());
        break;
      case NETCODE_VERDICT.opened:
        this.opened.push(server.client);
        back.push(server.keepAlive(server.client)?.slice() ?? new Uint8Array(0));
        break;
      case NETCODE_VERDICT.payload:
        this.payloads.push({ client: server.client, bytes: server.bytes.slice() });
        break;
      case NETCODE_VERDICT.closed:
        this.closed.push({ client: server.client, silent: false });
        break;
    }
    for (const one of back) this.bytesOut += one.length;
    return back;
  }

  /** What is due of a client goes to the server, and the answers back, until both are silent. */
  pump(client: NetcodeClient, peer: NetcodePeer): Uint8Array[] {
    const heard: Uint8Array[] = [];
    client.tick(this.nowUs);
    for (let due = client.poll(); due !== null; due = client.poll()) {
      for (const back of this.say(peer, due.slice())) {
        const payload = client.handle(back);
        if (payload !== null) heard.push(payload.slice());
      }
    }
    return heard;
  }

  /** A connected client. */
  connect(peer: NetcodePeer, token = this.token()): NetcodeClient {
    const client = this.client(token);
    this.pump(client, peer);
    return client;
  }
}

/** A packet made from the standard alone, with node:crypto. */
export function sealedPacket(
  key: Uint8Array,
  kind: number,
  of: { sequence: bigint; body?: Uint8Array; sequenceBytes?: number; prefix?: number },
): Uint8Array {
  const sequence = Buffer.alloc(8);
  sequence.writeBigUInt64LE(of.sequence);
  let length = of.sequenceBytes ?? 8;
  if (of.sequenceBytes === undefined) while (length > 1 && sequence[length - 1] === 0) length -= 1;
  const prefix = kind | (length << 4);
  const body = of.body ?? new Uint8Array(0);
  const cipher = createCipheriv('chacha20-poly1305', key, Buffer.concat([ZEROS, sequence]), {
    authTagLength: 16,
  });
  const protocol = Buffer.from('6672617901000000', 'hex');
  const associated = Buffer.concat([
    Buffer.from('NETCODE 1.02\0'),
    protocol,
    Buffer.of(of.prefix ?? prefix),
  ]);
  cipher.setAAD(associated, { plaintextLength: body.length });
  const sealed = Buffer.concat([cipher.update(body), cipher.final()]);
  return Uint8Array.from(
    Buffer.concat([Buffer.of(prefix), sequence.subarray(0, length), sealed, cipher.getAuthTag()]),
  );
}

export function keysOf(token: Uint8Array): { toServer: Uint8Array; toClient: Uint8Array } {
  const facts = readToken(token);
  return { toServer: facts.clientToServerKey, toClient: facts.serverToClientKey };
}

function fillRandom(into: Uint8Array, random: () => number): void {
  for (let at = 0; at < into.length; at += 1) into[at] = Math.floor(random() * 256);
}

const ZEROS = Buffer.alloc(4);
