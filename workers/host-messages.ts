/**
 * What the host itself says in a room: notices to everybody, messages to one client. They wait for a tick whose command
 * buffer and send pool have room behind what the game said, so that none is refused by the core; like all else they are
 * commands, and stand in the journal.
 */
import { COMMAND, RecordHeader, SEND_POOL_BYTES, Send } from '../protocol/gen/tables.ts';
import { EVERYBODY, type RecordTarget, type RecordWriter } from './records.ts';

interface Waiting {
  /** 0: everybody. */
  readonly session: number;
  readonly message: Uint8Array;
}

export class HostMessages {
  readonly #waitingMax: number;
  #waiting: Waiting[] = [];

  /** `waitingMax`: how many may wait; a room whose pool stays full must not keep them for ever. */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  get count(): number {
    return this.#waiting.length;
  }

  /** `session` 0 is everybody. False: too many wait, and this one is dropped. */
  add(session: number, message: Uint8Array): boolean {
    if (this.#waiting.length >= this.#waitingMax) return false;
    this.#waiting.push({ session, message });
    return true;
  }

  /**
   * Writes what fits behind `commandBytes` of commands; returns the new length. `poolBytes` of the send pool are in use.
   * `slotOf` answers -1 for a session that has gone: what was for it is forgotten.
   */
  append(
    input: RecordWriter,
    commandBytes: number,
    room: { readonly poolBytes: number; readonly slotOf: (session: number) => number },
  ): number {
    let left = SEND_POOL_BYTES - room.poolBytes - queuedBytes(input.target, commandBytes);
    input.at = commandBytes;
    this.#waiting = this.#waiting.filter(({ session, message }) => {
      const slot = session === 0 ? EVERYBODY : room.slotOf(session);
      if (slot < 0) return false;
      const taken = poolBytesOf(message.length);
      if (taken > left || !input.send(slot, message)) return true;
      left -= taken;
      return false;
    });
    const length = input.at;
    input.at = 0;
    return length;
  }
}

/** What the messages among the commands of a tick will take of the pool. */
function queuedBytes({ i32, input }: RecordTarget, commandBytes: number): number {
  let sum = 0;
  for (let at = input; at < input + commandBytes; ) {
    const kind = (i32[at >> 2] as number) & 0xffff;
    const length = i32[(at + RecordHeader.length) >> 2] as number;
    if (kind === COMMAND.send.kind) sum += poolBytesOf(length - Send.bytes);
    at += RecordHeader.bytes + ((length + 3) & ~3);
  }
  return sum;
}

function poolBytesOf(length: number): number {
  return Math.ceil(length / POOL_CHUNK_BYTES) * POOL_CHUNK_BYTES;
}

/** The send pool is given out in pieces of so many bytes (netchan/pool.rs). */
const POOL_CHUNK_BYTES = 64;
