/**
 * The clients of `fray loadtest`, one object each: of ours a lean one, which reads headers, and one with the whole client core; of a peer one that
 * counts. All say the same of themselves: which ticks they saw, and when.
 */
import { ClientCore, RECEIVED } from '../../core-wasm/bindings/client.ts';
import { ClientStats, ConfigHead, InputCommand } from '../../protocol/gen/tables.ts';
import type { ConnectSchema } from '../../src/client/connect.ts';
import type { JoinReplyFacts } from '../../src/session/datagrams.ts';
import { LeanClient, type LeanPlace } from '../io/lean-client.ts';

export interface LoadClient {
  /** Takes a datagram of the server. */
  receive(bytes: Uint8Array, nowMs: number): void;
  /** The next one to it, into `bytes` from 0 on; its length. */
  packet(bytes: Uint8Array): number;
  /** Tick of the newest snapshot. */
  readonly tick: number;
  readonly broken: number;
  readonly checks: number;
  readonly mismatches: number;
  readonly decodes: boolean;
  /** What it saw since `begin`. */
  readonly seen: Seen;
}

/** Ticks that one client saw in a window. */
export class Seen {
  received = 0;
  gapTicksMax = 0;
  #firstTick = 0;
  #firstMs = 0;
  #lastTick = 0;
  #lastMs = 0;
  #begunMs = 0;

  begin(nowMs: number): void {
    this.received = this.gapTicksMax = 0;
    this.#begunMs = nowMs;
  }

  snapshot(tick: number, nowMs: number): void {
    if (this.received === 0) {
      this.#firstTick = tick;
      this.#firstMs = nowMs;
    } else if (tick - this.#lastTick > this.gapTicksMax) this.gapTicksMax = tick - this.#lastTick;
    this.received += 1;
    this.#lastTick = tick;
    this.#lastMs = nowMs;
  }

  get ticks(): number {
    return this.received === 0 ? 0 : this.#lastTick - this.#firstTick;
  }

  /** Ticks that the clock says are due for them; one who got nothing waits for all of the window. */
  due(endMs: number, rateHz: number): number {
    const ms = this.received < 2 ? endMs - this.#begunMs : this.#lastMs - this.#firstMs;
    return (ms * rateHz) / 1000;
  }

  /** The longest wait, the one that the window cut off included. */
  gap(endMs: number, rateHz: number): number {
    const sinceMs = this.received === 0 ? this.#begunMs : this.#lastMs;
    return Math.max(this.gapTicksMax, Math.floor(((endMs - sinceMs) * rateHz) / 1000));
  }
}

/** Where one that reads headers starts. */
export function placeOf(
  schema: ConnectSchema,
  { epoch, tick }: JoinReplyFacts,
): Required<LeanPlace> {
  const config = schema.config();
  const head = new DataView(config.buffer, config.byteOffset);
  return {
    epoch,
    tick,
    inputButtons: head.getUint32(ConfigHead.inputButtons, true),
    inputPitch: head.getUint32(ConfigHead.inputPitch, true),
    inputAux: head.getUint32(ConfigHead.inputAux, true),
  };
}

/** Reads headers and the head of each snapshot: hundreds fit into one process. */
export class HeaderClient implements LoadClient {
  readonly decodes = false;
  readonly checks = 0;
  readonly mismatches = 0;
  readonly seen = new Seen();
  readonly #lean: LeanClient;

  constructor(schema: ConnectSchema, reply: JoinReplyFacts, seed: number) {
    this.#lean = new LeanClient(placeOf(schema, reply), seed);
  }

  get tick(): number {
    return this.#lean.tick;
  }

  get broken(): number {
    return this.#lean.broken + this.#lean.late;
  }

  receive(bytes: Uint8Array, nowMs: number): void {
    const before = this.#lean.broken + this.#lean.late;
    this.#lean.receive(bytes);
    if (this.broken === before) this.seen.snapshot(this.#lean.tick, nowMs);
  }

  packet(bytes: Uint8Array): number {
    return this.#lean.packet(bytes, 0);
  }
}

/** The whole client core: it decodes every snapshot, and compares the server's hash of it where there is one. */
export class DecodingClient implements LoadClient {
  readonly decodes = true;
  readonly seen = new Seen();
  broken = 0;
  readonly #core: ClientCore;
  #command = 0;
  #random: number;

  constructor(
    schema: ConnectSchema,
    module: WebAssembly.Module,
    { reply, seed, verify }: { reply: JoinReplyFacts; seed: number; verify: boolean },
  ) {
    const { playerId, handle, epoch, tick, playersMax, entitiesMax, snapshotBytesMax } = reply;
    const config = schema.config({ playersMax, entitiesMax, snapshotBytesMax });
    this.#core = ClientCore.create(module, config);
    this.#core.join({ playerId, handle, epoch, tick, verify });
    // Nobody looks at it: what others cost is the decoding.
    this.#core.predict(false);
    this.#random = seed | 1;
    this.#command = tick;
  }

  get tick(): number {
    return this.#stat(ClientStats.snapshotTick);
  }

  get checks(): number {
    return this.#stat(ClientStats.hashChecks);
  }

  get mismatches(): number {
    return this.#stat(ClientStats.hashMismatches);
  }

  receive(bytes: Uint8Array, nowMs: number): void {
    const core = this.#core;
    const received = core.receive(bytes);
    if (received < 0) {
      this.broken += 1;
      return;
    }
    if ((received & RECEIVED.snapshot) !== 0) this.seen.snapshot(this.tick, nowMs);
    if ((received & RECEIVED.events) !== 0) while (core.event());
    if ((received & RECEIVED.messages) !== 0) while (core.message() >= 0);
  }

  packet(bytes: Uint8Array): number {
    const core = this.#core;
    const next = Math.max(this.#command + 1, this.tick + LEAD_MIN);
    if (next <= this.tick + LEAD_MAX) {
      const { command } = core;
      this.#command = next;
      command.setUint32(InputCommand.tick, next, true);
      command.setUint16(InputCommand.buttons, 0, true);
      if (
        this.#chance() % 1000 < TURNS_PER_MILLE ||
        command.getUint32(InputCommand.buttons) === 0
      ) {
        command.setUint16(InputCommand.aim, this.#chance() & 0xffff, true);
        command.setInt8(InputCommand.moveX, (this.#chance() % 255) - 127);
        command.setInt8(InputCommand.moveY, (this.#chance() % 255) - 127);
      }
      core.sample();
    }
    const length = core.packet(this.#command);
    bytes.set(core.packetBytes.subarray(0, length));
    return length;
  }

  #stat(at: number): number {
    return this.#core.stats.getUint32(at, true);
  }

  #chance(): number {
    this.#random = xorshift(this.#random);
    return this.#random >>> 1;
  }
}

/** Of a peer: datagrams begin with their tick (u32, little endian), and have to come one after the other; what it sends differs by client and tick. */
export class CountingClient implements LoadClient {
  readonly decodes = false;
  readonly checks = 0;
  readonly mismatches = 0;
  readonly seen = new Seen();
  broken = 0;
  tick = 0;
  readonly #bytesOut: number;
  #sent = 0;
  #random: number;

  constructor(bytesOut: number, seed: number) {
    this.#bytesOut = Math.max(4, bytesOut);
    this.#random = seed | 1;
  }

  receive(bytes: Uint8Array, nowMs: number): void {
    const tick =
      (bytes[0] as number) |
      ((bytes[1] as number) << 8) |
      ((bytes[2] as number) << 16) |
      ((bytes[3] as number) << 24);
    if (bytes.length < 4 || tick <= this.tick) {
      this.broken += 1;
      return;
    }
    this.tick = tick;
    this.seen.snapshot(tick, nowMs);
  }

  packet(bytes: Uint8Array): number {
    this.#sent += 1;
    putU32(bytes, 0, this.#sent);
    this.#random = xorshift(this.#random);
    for (let at = 4; at < this.#bytesOut; at += 1)
      bytes[at] = (this.#random >>> ((at & 3) << 3)) & 0xff;
    return this.#bytesOut;
  }
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i += 1) bytes[at + i] = (value >>> (8 * i)) & 0xff;
}

function xorshift(seed: number): number {
  let x = seed;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x;
}

/** As in lean-client.ts: rates of W1, and ticks that commands run ahead. */
const TURNS_PER_MILLE = 60;
const LEAD_MIN = 3;
const LEAD_MAX = 6;
