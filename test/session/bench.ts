/** A session table with a clock, guests and a key, and what it hands out; for the tests of this folder. */
import { randomFillSync } from 'node:crypto';
import { DATAGRAM, ERROR } from '../../protocol/gen/tables.ts';
import { readControlMessage } from '../../src/session/control-codec.ts';
import type { HelloFacts, JoinFacts } from '../../src/session/datagrams.ts';
import {
  decodeGoodbye,
  encodeHello,
  encodeJoin,
  encodeJoinReply,
} from '../../src/session/datagrams.ts';
import type { PipeFacts } from '../../src/session/server/pipes.ts';
import type { SessionOptions, SessionOutput } from '../../src/session/server/table.ts';
import { SessionTable, sessionOutput } from '../../src/session/server/table.ts';
import type { TokenOrder } from '../../src/session/token.ts';
import { issueConnectToken, readToken, tokenRequestOf } from '../../src/session/token.ts';

export const SCHEMA = 0x0123_4567_89ab_cdefn;
export const KEY = Uint8Array.from({ length: 32 }, (_, k) => k + 1);
export const UNIX_MS = 1_700_000_000_000;

export type Said = Readonly<SessionOutput>;

export class Bench {
  readonly table: SessionTable;
  nowUs = 5_000_000;
  #next = 1;
  #random = 1;

  constructor(options: Partial<SessionOptions> = {}) {
    this.table = new SessionTable({
      schemaHash: SCHEMA,
      guests: true,
      tokenKeys: [KEY],
      unixMs: () => UNIX_MS + this.nowUs / 1000,
      random: (into) => {
        into.fill(0);
        new DataView(into.buffer, into.byteOffset).setUint32(into.length - 4, this.#random++);
      },
      // Nobody is waited for, unless a test is about that.
      dropMs: 0,
      resumeMs: 0,
      sessionTokenMs: 0,
      ...options,
    });
  }

  open(address = '10.0.0.1', facts?: PipeFacts): number {
    const pipe = this.#next++;
    this.table.open(pipe, address, this.nowUs, facts);
    return pipe;
  }

  handle(pipe: number, bytes: Uint8Array): number {
    return this.table.handle(pipe, bytes, this.nowUs);
  }

  /** Time passes in the steps in which the server looks at its clock. */
  wait(ms: number): Said[] {
    this.pass(ms);
    return this.poll();
  }

  pass(ms: number): void {
    for (const endUs = this.nowUs + ms * 1000; this.nowUs < endUs; ) {
      this.nowUs = Math.min(endUs, this.nowUs + 100_000);
      this.table.tick(this.nowUs);
    }
  }

  /** Time passes, and the server notices none of it. */
  sleep(ms: number): Said[] {
    this.nowUs += ms * 1000;
    this.table.tick(this.nowUs);
    return this.poll();
  }

  /** What was to be kept last. */
  kept: SessionOutput['kept'] = null;

  poll(): Said[] {
    const said: Said[] = [];
    const out = sessionOutput();
    // What survives the process is asked for by its own test.
    while (this.table.poll(out))
      if (out.kind === 'keep') this.kept = out.kept;
      else said.push({ ...out });
    return said;
  }

  /** A pipe up to a place in a room. */
  join(address?: string, token?: Held): { pipe: number; sessionId: number } {
    const pipe = this.open(address);
    this.handle(pipe, hello(token));
    this.handle(pipe, join());
    const order = this.poll().find((one) => one.kind === 'join');
    const sessionId = order?.sessionId ?? 0;
    this.table.joined(sessionId, reply());
    this.poll();
    return { pipe, sessionId };
  }
}

/** What a client has of a token. */
export interface Held {
  readonly request: Uint8Array;
  readonly clientToServerKey: Uint8Array;
}

export function hello(token?: Held, attach = 1, more: Partial<HelloFacts> = {}): Uint8Array {
  return encodeHello({
    schemaHash: SCHEMA,
    ...(token !== undefined && { token: { ...token, attach } }),
    ...more,
  });
}

export function join(more: Partial<JoinFacts> = {}): Uint8Array {
  return encodeJoin({
    name: 'Ann',
    choice: { any: true },
    schemaHash: SCHEMA,
    verify: false,
    ...more,
  });
}

export function reply(more: Partial<Parameters<typeof encodeJoinReply>[0]> = {}): Uint8Array {
  return encodeJoinReply({
    roomId: 'r1',
    playerId: 65_536,
    handle: 65_537,
    tick: 9,
    epoch: 1,
    tickRateHz: 30,
    schemaHash: SCHEMA,
    wallsHash: 1,
    playersMax: 50,
    entitiesMax: 256,
    interpolationTicks: 3,
    snapshotBytesMax: 600,
    protocolVersion: 1,
    resumeMs: 30_000,
    ...more,
  });
}

export function packet(bytes = 20): Uint8Array {
  const datagram = new Uint8Array(bytes);
  datagram[0] = DATAGRAM.packet | 0x50;
  return datagram;
}

export function token(more: Partial<TokenOrder> = {}): Held {
  const { bytes } = issueConnectToken({
    userId: 'ann',
    servers: ['127.0.0.1:1'],
    key: KEY,
    nowMs: UNIX_MS,
    expireMs: 60_000,
    random: (into) => void randomFillSync(into),
    ...more,
  });
  return held(bytes);
}

export function held(bytes: Uint8Array): Held {
  const { clientToServerKey } = readToken(bytes);
  return { request: tokenRequestOf(bytes), clientToServerKey };
}

/** The token that a session was told. */
export function sessionToken(told: Said | undefined): { bytes: Uint8Array; held: Held } {
  const message = told?.bytes ?? new Uint8Array(1);
  const { body, token: short } = readControlMessage(message.subarray(1));
  if (message[0] !== 0 || body !== 'sessionToken') throw new Error('not told a token');
  const bytes = new Uint8Array(2048);
  bytes.set(short);
  return { bytes, held: held(bytes) };
}

/** `send 1 accept`, `close 1 16`, ...; what is used up of tokens is left out. */
export function words(said: readonly Said[]): string[] {
  return said.filter((one) => one.kind !== 'spend').map(word);
}

function word(one: Said): string {
  if (one.kind === 'send') return `send ${one.pipe} ${nameOf(one.bytes)}`;
  if (one.kind === 'close') return `close ${one.pipe} ${one.code}`;
  if (one.kind === 'resume') return one.fresh ? 'resume fresh' : 'resume';
  return one.kind === 'left' ? `left ${one.code}` : one.kind;
}

function nameOf(bytes: Uint8Array): string {
  if (bytes[0] === DATAGRAM.accept) return 'accept';
  if (bytes[0] === DATAGRAM.joined) return 'joined';
  return bytes[0] === DATAGRAM.goodbye
    ? `goodbye ${decodeGoodbye(bytes)?.code ?? ERROR.E_MALFORMED}`
    : 'something else';
}
