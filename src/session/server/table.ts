/**
 * The session table of one I/O thread: from an open pipe by `hello` and `join` to a place in a room, and out again.
 * Pure: time comes as a parameter (`nowUs`, never going back), chance as `random`, and what is to be done goes out by
 * `poll`. It knows no socket and no room.
 *
 * Shape: a fixed number of slots, one per pipe, each used again with a new generation. What a slot has to hand out is a
 * set of bits and the slot stands at most once in the queue, so the memory is bounded by construction and nothing that
 * has to be said can be lost. A slot is free only when all of it has been said.
 *
 * Cost: `handle` of a packet is O(1) and allocates nothing; a hello with a token costs some 10 us, at most
 * `hellosPerSecond` times a second.
 */
import {
  DATAGRAM,
  ERROR,
  errorName,
  errorText,
  PACKET_BYTES_MAX,
} from '../../../protocol/gen/tables.ts';
import type { ErrorCode } from '../../errors.ts';
import {
  AUTH,
  checkHello,
  datagramKind,
  decodeGoodbye,
  decodeJoin,
  encodeAccept,
  encodeGoodbye,
  encodeJoined,
  HELLO,
  INTENT,
  proven,
  readU32,
} from '../datagrams.ts';
import { attachProof, proofsEqual } from '../proof.ts';
import type { OpenedToken } from '../token.ts';
import { checkTokenRequest, openTokenRequest, requestMac } from '../token.ts';
import { AwakeClock } from './awake.ts';
import { AddressLedger, Bucket, SessionRates } from './limits.ts';
import type { SessionOptions } from './options.ts';
import { DEFAULTS, SLOTS_MAX } from './options.ts';
import type { SessionId, SessionOutput, Verdict } from './output.ts';
import { refusals, sessionCounters, VERDICT } from './output.ts';
import { ACTION, guestId, NOTHING, Slot, STATE } from './slot.ts';
import { UsedTokens } from './used-tokens.ts';

export type { SessionOptions } from './options.ts';
export type { JoinOrder, SessionCounters, SessionId, SessionOutput, Verdict } from './output.ts';
export { sessionOutput, VERDICT } from './output.ts';

export class SessionTable {
  readonly counters = sessionCounters();
  /** Sessions refused or closed, by code. */
  readonly refused = refusals();
  /** Whose packet it was, after `handle` answered `VERDICT.packet`. */
  sessionId: SessionId = 0 as SessionId;
  /** True: every further hello is refused with E_SHUTDOWN. */
  draining = false;
  readonly #options: Required<Omit<SessionOptions, 'schemaHash' | 'tokenKeys'>>;
  readonly #schemaLow: number;
  readonly #schemaHigh: number;
  #keys: readonly Uint8Array[];
  readonly #slots: Slot[] = [];
  readonly #free: number[] = [];
  readonly #byPipe = new Map<number, Slot>();
  readonly #byUser = new Map<string, Slot>();
  /** By the awake clock, as is `openedUs` of a slot. */
  readonly #heardUs: Float64Array;
  readonly #rates: SessionRates;
  readonly #addresses: AddressLedger;
  readonly #used: UsedTokens;
  #hellos: Bucket | null = null;
  readonly #awake = new AwakeClock();
  /** Slots with something to hand out, each at most once. */
  readonly #queue: Slot[] = [];
  #queueHead = 0;
  /** Pipes refused at `open`: they have no slot. */
  readonly #unseated: { pipe: number; code: ErrorCode }[] = [];
  #joined = 0;

  /** Throws nothing; values out of range are the caller's (`src/config.ts` checks them). */
  constructor(options: SessionOptions) {
    const sessionsMax = Math.min(options.sessionsMax ?? 10_000, SLOTS_MAX);
    this.#options = { ...DEFAULTS, ...options, sessionsMax };
    this.#schemaLow = Number(options.schemaHash & 0xffff_ffffn);
    this.#schemaHigh = Number((options.schemaHash >> 32n) & 0xffff_ffffn);
    this.#keys = options.tokenKeys ?? [];
    this.#heardUs = new Float64Array(sessionsMax);
    this.#rates = new SessionRates(
      sessionsMax,
      this.#options.packetsPerSecond,
      this.#options.bytesPerSecond,
    );
    this.#addresses = new AddressLedger({
      sessionsPerAddressMax: this.#options.sessionsPerAddressMax,
      hellosPerAddressPerSecond: this.#options.hellosPerAddressPerSecond,
      addressesMax: 2 * sessionsMax,
    });
    this.#used = new UsedTokens(this.#options.usedTokensMax);
  }

  /** What it holds now. `pipes` counts slots in use, with or without a session. */
  get facts(): {
    pipes: number;
    joined: number;
    addresses: number;
    usedTokens: number;
    slots: number;
  } {
    return {
      pipes: this.#byPipe.size,
      joined: this.#joined,
      addresses: this.#addresses.size,
      usedTokens: this.#used.size,
      slots: this.#slots.length - this.#free.length,
    };
  }

  /** New keys of connect tokens; sessions that are open stay. */
  setTokenKeys(keys: readonly Uint8Array[]): void {
    this.#keys = keys;
  }

  /** A pipe has opened. Where there is no room for it, `poll` hands out its close. */
  open(pipe: number, address: string, nowUs: number): void {
    if (this.#byPipe.has(pipe)) return;
    const index =
      this.#free.length > 0 || this.#slots.length >= this.#options.sessionsMax
        ? (this.#free.pop() ?? -1)
        : this.#slots.length;
    const seated = index >= 0 && this.#addresses.open(address, nowUs);
    if (!seated) {
      if (index >= 0 && index < this.#slots.length) this.#free.push(index);
      this.#unseat(pipe);
      return;
    }
    const slot = this.#slots[index] ?? new Slot(index);
    this.#slots[index] = slot;
    const awakeUs = this.#awake.at(nowUs);
    slot.open(pipe, address, awakeUs, this.#options.ioThread);
    this.#byPipe.set(pipe, slot);
    this.#heardUs[index] = awakeUs;
    this.#rates.reset(index, nowUs);
    this.counters.opened += 1;
  }

  /** Takes any bytes; never throws. */
  handle(pipe: number, bytes: Uint8Array, nowUs: number): Verdict {
    const slot = this.#byPipe.get(pipe);
    if (slot === undefined) {
      this.counters.dropUnknown += 1;
      return VERDICT.dropped;
    }
    this.#heardUs[slot.index] = this.#awake.at(nowUs);
    if (!this.#rates.take(slot.index, bytes.length, nowUs)) return this.#overRate(slot, nowUs);
    if (bytes.length > PACKET_BYTES_MAX) {
      this.counters.dropOversize += 1;
      return VERDICT.dropped;
    }
    const kind = datagramKind(bytes);
    if (kind === DATAGRAM.packet && slot.state === STATE.joined) {
      this.counters.packets += 1;
      this.sessionId = slot.sessionId;
      return VERDICT.packet;
    }
    if (slot.state >= STATE.ending) return this.#dropState();
    if (kind === DATAGRAM.hello) return this.#hello(slot, bytes, nowUs);
    if (kind === DATAGRAM.join) return this.#join(slot, bytes);
    if (kind === DATAGRAM.goodbye) return this.#goodbye(slot, bytes);
    return kind === DATAGRAM.packet ? this.#dropState() : this.#malformed(slot);
  }

  /** A pipe has closed. `code`: what the room is told if nothing was said before. */
  closed(pipe: number, _nowUs: number, code: ErrorCode = ERROR.E_LEFT): void {
    const slot = this.#byPipe.get(pipe);
    if (slot === undefined) return;
    this.#byPipe.delete(pipe);
    slot.pipe = -1;
    slot.actions &= ~(ACTION.goodbye | ACTION.close | ACTION.accept | ACTION.joined);
    if (slot.state < STATE.ending) this.#leave(slot, code, true);
    this.#freeIfDone(slot);
  }

  /**
   * Ends what has been silent for too long. Call some ten times a second; O(slots). While nobody calls, because the machine
   * slept or the process was stopped, nobody is silent either.
   */
  tick(nowUs: number): void {
    const awakeUs = this.#awake.look(nowUs);
    const idleUs = this.#options.idleTimeoutMs * 1000;
    const joinUs = this.#options.joinTimeoutMs * 1000;
    for (const slot of this.#slots) {
      if (slot.state === STATE.joined) {
        if (awakeUs - (this.#heardUs[slot.index] ?? 0) <= idleUs) continue;
        this.counters.idleTimeouts += 1;
        this.#end(slot, ERROR.E_TIMEOUT);
      } else if (
        slot.state > STATE.free &&
        slot.state < STATE.joined &&
        awakeUs - slot.openedUs > joinUs
      ) {
        this.counters.handshakeTimeouts += 1;
        this.#end(slot, ERROR.E_TIMEOUT);
      }
    }
    this.#addresses.sweep(nowUs);
    this.#used.sweep(this.#options.unixMs());
  }

  /** Hands out the next thing to do; false: nothing. Call until false after every event. */
  poll(out: SessionOutput): boolean {
    const unseated = this.#unseated.shift();
    if (unseated !== undefined) {
      fill(out, 'close', unseated.pipe, 0 as SessionId, unseated.code);
      out.text = errorText(unseated.code);
      return true;
    }
    while (this.#queueHead < this.#queue.length) {
      const slot = this.#queue[this.#queueHead] as Slot;
      if (slot.actions !== 0) {
        this.#emit(slot, out);
        return true;
      }
      this.#queueHead += 1;
      slot.queued = false;
      this.#freeIfDone(slot);
      if (this.#queueHead >= COMPACT) this.#compact();
    }
    this.#compact();
    return false;
  }

  /** The room has a place; `reply` is the protobuf body of `joined` (`encodeJoinReply`). False: the session is over already. */
  joined(sessionId: number, reply: Uint8Array): boolean {
    const slot = this.#find(sessionId);
    if (slot === undefined || slot.state !== STATE.joining) return false;
    slot.state = STATE.joined;
    slot.reply = encodeJoined(reply);
    this.#joined += 1;
    this.counters.joined += 1;
    this.#act(slot, ACTION.joined);
    return true;
  }

  /** The room has no place, or has ended the session: a coded goodbye. The room is not told again. */
  refuse(sessionId: number, code: ErrorCode, text = ''): void {
    const slot = this.#find(sessionId);
    if (slot !== undefined) this.#end(slot, code, text, false);
  }

  /** The operator ends a session; its room is told. */
  end(sessionId: number, code: ErrorCode, text = ''): void {
    const slot = this.#find(sessionId);
    if (slot !== undefined) this.#end(slot, code, text);
  }

  /** Ends every session and handshake; rooms are told. */
  endAll(code: ErrorCode, text = ''): void {
    for (const slot of this.#slots)
      if (slot.state > STATE.free && slot.state < STATE.ending) this.#end(slot, code, text);
  }

  /** Pipe that outgoing packets of a session take, or -1: it has no place in a room, or is over. O(1). */
  packet(sessionId: number): number {
    const slot = this.#slots[(sessionId >>> 14) & 0x3fff];
    return slot !== undefined && slot.sessionId === sessionId && slot.state === STATE.joined
      ? slot.pipe
      : -1;
  }

  /** Open pipes of one address (IPv6: of its /56), for a transport that asks before it opens one more. */
  sessionsOf(address: string): number {
    return this.#addresses.sessions(address);
  }

  #hello(slot: Slot, bytes: Uint8Array, nowUs: number): Verdict {
    const code = checkHello(bytes, this.#schemaLow, this.#schemaHigh);
    if (code === ERROR.E_MALFORMED) return this.#malformed(slot);
    if (slot.state !== STATE.open) {
      this.#act(slot, ACTION.accept);
      return VERDICT.consumed;
    }
    if (code !== ERROR.E_OK) return this.#turnAway(slot, code);
    if (this.draining) return this.#turnAway(slot, ERROR.E_SHUTDOWN);
    if (!this.#addresses.hello(slot.address, nowUs)) {
      this.counters.dropHelloAddress += 1;
      return VERDICT.dropped;
    }
    const perSecond = this.#options.hellosPerSecond;
    this.#hellos ??= new Bucket(perSecond, perSecond, nowUs);
    if (!this.#hellos.take(nowUs)) {
      this.counters.dropHelloServer += 1;
      return VERDICT.dropped;
    }
    const auth = bytes[HELLO.auth];
    if (auth === AUTH.token) return this.#helloToken(slot, bytes);
    if (bytes[HELLO.intent] === INTENT.attach) return this.#turnAway(slot, ERROR.E_SESSION_OVER);
    if (auth !== AUTH.guest) return this.#turnAway(slot, ERROR.E_AUTH);
    if (!this.#options.guests) return this.#turnAway(slot, ERROR.E_TOKEN_REQUIRED);
    return this.#accept(slot, guestId(this.#options.random), null);
  }

  /** Cheap checks first: open part, reuse, then the seal. */
  #helloToken(slot: Slot, hello: Uint8Array): Verdict {
    const request = hello.subarray(HELLO.request, HELLO.attach);
    const nowMs = this.#options.unixMs();
    const code = checkTokenRequest(request, nowMs);
    if (code !== ERROR.E_OK) return this.#turnAway(slot, code);
    const mac = requestMac(request);
    if (this.#used.has(mac)) return this.#turnAway(slot, ERROR.E_TOKEN_REUSED);
    const token = openTokenRequest(request, this.#keys, nowMs);
    if (typeof token === 'number') return this.#turnAway(slot, token);
    const proof = attachProof(token.clientToServerKey, readU32(hello, HELLO.attach), proven(hello));
    if (!proofsEqual(proof, hello.subarray(HELLO.proof)))
      return this.#turnAway(slot, ERROR.E_TOKEN_PROOF);
    if (hello[HELLO.intent] === INTENT.attach) return this.#turnAway(slot, ERROR.E_SESSION_OVER);
    if (!this.#used.add(mac, token.expiresAtMs, nowMs))
      return this.#turnAway(slot, ERROR.E_SESSIONS_LIMIT);
    const before = this.#byUser.get(token.userId);
    if (before !== undefined) {
      this.counters.replaced += 1;
      this.#end(before, ERROR.E_REPLACED);
    }
    this.#byUser.set(token.userId, slot);
    return this.#accept(slot, token.userId, token);
  }

  #accept(slot: Slot, userId: string, token: OpenedToken | null): Verdict {
    slot.state = STATE.accepted;
    slot.userId = userId;
    slot.token = token;
    this.counters.accepted += 1;
    this.#act(slot, ACTION.accept);
    return VERDICT.consumed;
  }

  #join(slot: Slot, bytes: Uint8Array): Verdict {
    if (slot.state === STATE.open) return this.#dropState();
    if (slot.state !== STATE.accepted) {
      if (slot.state === STATE.joined) this.#act(slot, ACTION.joined);
      return VERDICT.consumed;
    }
    const facts = decodeJoin(bytes);
    if (typeof facts === 'number') {
      if (facts === ERROR.E_MALFORMED) return this.#malformed(slot);
      return this.#turnAway(slot, facts);
    }
    const room = slot.token?.room ?? '';
    slot.join = {
      ...facts,
      choice: room === '' ? facts.choice : { id: room },
      sessionId: slot.sessionId,
      userId: slot.userId,
      userData: slot.token?.userData ?? NOTHING,
      address: slot.address,
    };
    slot.state = STATE.joining;
    this.counters.joins += 1;
    this.#act(slot, ACTION.join);
    return VERDICT.consumed;
  }

  #goodbye(slot: Slot, bytes: Uint8Array): Verdict {
    if (decodeGoodbye(bytes) === null) return this.#malformed(slot);
    this.#leave(slot, ERROR.E_LEFT, true);
    slot.state = STATE.ending;
    this.#act(slot, ACTION.close);
    return VERDICT.consumed;
  }

  #overRate(slot: Slot, nowUs: number): Verdict {
    this.counters.dropRate += 1;
    if (nowUs - slot.overUs > OVER_GAP_US) slot.overSinceUs = nowUs;
    slot.overUs = nowUs;
    if (slot.state < STATE.ending && nowUs - slot.overSinceUs >= this.#options.rateCloseMs * 1000)
      this.#end(slot, ERROR.E_RATE);
    return VERDICT.dropped;
  }

  #malformed(slot: Slot): Verdict {
    this.counters.dropMalformed += 1;
    slot.malformed += 1;
    if (slot.malformed >= this.#options.malformedMax) this.#end(slot, ERROR.E_MALFORMED);
    return VERDICT.dropped;
  }

  #dropState(): Verdict {
    this.counters.dropState += 1;
    return VERDICT.dropped;
  }

  #turnAway(slot: Slot, code: ErrorCode): Verdict {
    this.#end(slot, code);
    return VERDICT.consumed;
  }

  #unseat(pipe: number): void {
    this.refused.E_SESSIONS_LIMIT += 1;
    if (this.#unseated.length < UNSEATED_MAX)
      this.#unseated.push({ pipe, code: ERROR.E_SESSIONS_LIMIT });
    else this.counters.closesForgotten += 1;
  }

  /** Goodbye and close to the client, `left` to the room if it knows the session and `tellRoom`. */
  #end(slot: Slot, code: ErrorCode, text = errorText(code), tellRoom = true): void {
    if (slot.state >= STATE.ending) return;
    this.refused[errorName(code)] += 1;
    this.#leave(slot, code, tellRoom);
    slot.state = STATE.ending;
    slot.text = text;
    if (slot.pipe >= 0) this.#act(slot, ACTION.goodbye | ACTION.close);
    this.#freeIfDone(slot);
  }

  /** Takes the session out of the books. A join that was not polled yet is taken back instead of being ended. */
  #leave(slot: Slot, code: ErrorCode, tellRoom: boolean): void {
    if (slot.state === STATE.joined) {
      this.#joined -= 1;
      this.counters.left += 1;
    }
    const known =
      slot.state === STATE.joined ||
      (slot.state === STATE.joining && (slot.actions & ACTION.join) === 0);
    slot.actions &= ~(ACTION.accept | ACTION.join | ACTION.joined);
    slot.code = code;
    if (this.#byUser.get(slot.userId) === slot) this.#byUser.delete(slot.userId);
    slot.state = STATE.ending;
    if (known && tellRoom) this.#act(slot, ACTION.left);
  }

  #act(slot: Slot, actions: number): void {
    slot.actions |= actions;
    if (slot.queued) return;
    slot.queued = true;
    this.#queue.push(slot);
  }

  #compact(): void {
    this.#queue.splice(0, this.#queueHead);
    this.#queueHead = 0;
  }

  #emit(slot: Slot, out: SessionOutput): void {
    const action = slot.actions & -slot.actions;
    slot.actions &= ~action;
    const kind =
      action === ACTION.join
        ? 'join'
        : action === ACTION.left
          ? 'left'
          : action === ACTION.close
            ? 'close'
            : 'send';
    fill(out, kind, slot.pipe, slot.sessionId, slot.code);
    if (action === ACTION.accept) out.bytes = encodeAccept(slot.sessionId);
    else if (action === ACTION.joined) out.bytes = slot.reply;
    else if (action === ACTION.goodbye) out.bytes = encodeGoodbye(slot.code, slot.text);
    else if (action === ACTION.join) out.join = slot.join;
    if (action !== ACTION.close) return;
    out.text = slot.text;
    this.#byPipe.delete(slot.pipe);
    slot.pipe = -1;
  }

  #freeIfDone(slot: Slot): void {
    if (slot.state !== STATE.ending || slot.pipe >= 0 || slot.actions !== 0 || slot.queued) return;
    this.#addresses.close(slot.address);
    slot.clear();
    this.#free.push(slot.index);
  }

  #find(sessionId: number): Slot | undefined {
    const slot = this.#slots[(sessionId >>> 14) & 0x3fff];
    return slot !== undefined && slot.sessionId === sessionId && slot.state > STATE.free
      ? slot
      : undefined;
  }
}

function fill(
  out: SessionOutput,
  kind: SessionOutput['kind'],
  pipe: number,
  sessionId: SessionId,
  code: ErrorCode,
): void {
  out.kind = kind;
  out.pipe = pipe;
  out.sessionId = sessionId;
  out.code = code;
  out.text = '';
  out.bytes = NOTHING;
  out.join = null;
}

const UNSEATED_MAX = 1024;
/** The part of the queue that is done is cut off at this length. */
const COMPACT = 1024;
/** Drops further apart than this are not one flood. */
const OVER_GAP_US = 1e6;
