/**
 * Orders to workers: what the directory wants, as records in control rings. The rings are sized so that every order
 * fits (mailbox/messages.ts says why); if one does not, a count in the directory is wrong, and that throws.
 */
import { randomBytes } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { ControlMessageSchema } from '../../protocol/gen/control_pb.ts';
import { MESSAGE, NAME_BYTES_MAX } from '../../protocol/gen/tables.ts';
import type { ErrorCode } from '../errors.ts';
import { FrayError } from '../errors.ts';
import type { LinkSizes } from '../mailbox/messages.ts';
import {
  IDENTITY_BYTES_MAX,
  JOIN,
  messageSpaceBytes,
  NOTICE_BYTES_MAX,
  OPEN,
  ORDER,
  ordersKeptBytes,
  RESUME,
  TELL_BYTES_MAX,
} from '../mailbox/messages.ts';
import type { JoinRequest } from './options.ts';
import type { HostedRoom, Opening } from './placement.ts';
import type { RoomWorker } from './workers.ts';

/** How a session comes back. */
export interface Resumption {
  /** Its client has lost its state. */
  readonly fresh: boolean;
  /** With `fresh`: it wants state hashes. */
  readonly verify: boolean;
  /** With `fresh`: it has kept what it knew, and has read so many messages. */
  readonly read?: number | undefined;
  /** With `read`: it has heard of ticks behind the last one that was kept. */
  readonly recent?: boolean;
}

/** As a bit set of RESUME. */
export function resumeFlags({ fresh, verify, read, recent = false }: Resumption): number {
  if (!fresh) return 0;
  const knows = read === undefined ? 0 : RESUME.knows | ((read & 0xffff) << 16);
  const flags = (verify ? RESUME.verify : 0) | (recent ? RESUME.recent : 0);
  return (RESUME.fresh | flags | knows) >>> 0;
}

export class OrderDesk {
  readonly #keptBytes: number;
  readonly #bytes = new Uint8Array(1024);
  readonly #view = new DataView(this.#bytes.buffer);

  constructor(sizes: Pick<LinkSizes, 'sessionsMax' | 'roomsMax'>) {
    this.#keptBytes = ordersKeptBytes(sizes);
  }

  /** Its options are at most ROOM_OPTIONS_BYTES_MAX bytes of JSON. */
  open(worker: RoomWorker, room: HostedRoom): void {
    const { seed, epoch, optionsJson } = room.opening;
    const id = Buffer.from(room.id);
    const json = Buffer.from(optionsJson);
    this.#view.setBigUint64(OPEN.seedLow, seed, true);
    this.#view.setUint32(OPEN.epoch, epoch, true);
    this.#view.setUint32(OPEN.bots, room.bots, true);
    this.#view.setUint32(OPEN.roomIdBytes, id.length, true);
    this.#view.setUint32(OPEN.optionsBytes, json.length, true);
    this.#bytes.set(id, OPEN.tail);
    this.#bytes.set(json, OPEN.tail + id.length);
    this.#write(worker, {
      kind: ORDER.open,
      id: room.row,
      arg: 0,
      bytes: OPEN.tail + id.length + json.length,
    });
  }

  /** At the end of a tick. */
  give(worker: RoomWorker, room: HostedRoom): void {
    this.#write(worker, { kind: ORDER.give, id: room.row, arg: 0, bytes: 0 });
  }

  close(worker: RoomWorker, room: HostedRoom, code: ErrorCode): void {
    this.#write(worker, { kind: ORDER.close, id: room.row, arg: code, bytes: 0 });
  }

  /** `name` is cut to what fits. Throws for a user id or data that the session's table would not have taken. */
  join(
    worker: RoomWorker,
    room: HostedRoom,
    who: Pick<JoinRequest, 'sessionId' | 'name' | 'verify' | 'userId' | 'userData'>,
  ): void {
    const name = fitName(who.name);
    const identity = identityBytes(who);
    this.#bytes.fill(0, 0, JOIN.identity);
    this.#view.setUint32(JOIN.flags, who.verify ? FLAG_VERIFY : 0, true);
    this.#view.setUint32(JOIN.nameBytes, name.length, true);
    this.#view.setUint32(JOIN.identityBytes, identity.length, true);
    this.#bytes.set(name, JOIN.name);
    this.#bytes.set(identity, JOIN.identity);
    const bytes = JOIN.identity + identity.length;
    this.#write(worker, { kind: ORDER.join, id: who.sessionId, arg: room.row, bytes });
  }

  leave(worker: RoomWorker, sessionId: number, code: number): void {
    this.#write(worker, { kind: ORDER.leave, id: sessionId, arg: code, bytes: 0 });
  }

  drop(worker: RoomWorker, sessionId: number): void {
    this.#write(worker, { kind: ORDER.drop, id: sessionId, arg: 0, bytes: 0 });
  }

  resume(worker: RoomWorker, sessionId: number, how: Resumption): void {
    const arg = resumeFlags(how);
    this.#write(worker, { kind: ORDER.resume, id: sessionId, arg, bytes: 0 });
  }

  stop(worker: RoomWorker, code: ErrorCode): void {
    this.#write(worker, { kind: ORDER.stop, id: 0, arg: code, bytes: 0 });
  }

  /** False: as many wait as may. Orders keep their space. */
  notice(worker: RoomWorker, message: Uint8Array): boolean {
    return this.#say(worker, { kind: ORDER.notice, id: 0, message });
  }

  /** The same for all workers that run; answers how many have no room for it. */
  noticeAll(workers: readonly RoomWorker[], message: Uint8Array): number {
    let refused = 0;
    for (const worker of workers) {
      if (worker.state === 'stopped') continue;
      if (!this.notice(worker, message)) refused += 1;
      worker.bell.ring();
    }
    return refused;
  }

  /** The same for a message to one session. Throws for one that is no reliable message of the host. */
  tell(worker: RoomWorker, sessionId: number, message: Uint8Array): boolean {
    if (message[0] !== MESSAGE.control || message.length > TELL_BYTES_MAX) {
      throw new FrayError(
        'E_VALUE',
        `Cannot tell a session: a control message has its kind byte first and at most ${TELL_BYTES_MAX} bytes`,
      );
    }
    if (!this.#say(worker, { kind: ORDER.tell, id: sessionId, message })) return false;
    worker.bell.ring();
    return true;
  }

  #say(
    { end: { orders } }: RoomWorker,
    { kind, id, message }: { kind: number; id: number; message: Uint8Array },
  ): boolean {
    const { length } = message;
    const fits = orders.free() - messageSpaceBytes(length) >= this.#keptBytes;
    return fits && orders.tryWrite(kind, id, 0, message, 0, length);
  }

  #write(
    { end, bell, index }: RoomWorker,
    order: { kind: number; id: number; arg: number; bytes: number },
  ): void {
    if (!end.orders.tryWrite(order.kind, order.id, order.arg, this.#bytes, 0, order.bytes)) {
      throw new Error(`Cannot order ${order.kind} from worker ${index}: its control ring is full`);
    }
    bell.ring();
  }
}

/** What a new room opens with: a seed at random, and no owner before it. */
export function newOpening(optionsJson: string): Opening {
  return { seed: randomBytes(8).readBigUInt64LE(), epoch: FIRST_EPOCH, optionsJson };
}

/** A notice as the reliable message that clients get. Its text is cut until it fits; `retryUrl` has at most 96 bytes. */
export function noticeMessage(
  code: ErrorCode,
  text: string,
  { inMs, retryUrl = '' }: { readonly inMs: number; readonly retryUrl?: string | undefined },
): Uint8Array {
  for (let cut = text; ; cut = cut.slice(0, Math.floor(cut.length * 0.8))) {
    const body = create(ControlMessageSchema, {
      body: { case: 'notice', value: { code, text: cut, inMs, retryUrl } },
    });
    const message = Uint8Array.of(MESSAGE.control, ...toBinary(ControlMessageSchema, body));
    if (message.length <= NOTICE_BYTES_MAX) return message;
  }
}

/** A name as UTF-8 of at most NAME_BYTES_MAX bytes, cut between characters. */
export function fitName(name: string): Uint8Array {
  const bytes = Buffer.from(name);
  if (bytes.length <= NAME_BYTES_MAX) return bytes;
  let end: number = NAME_BYTES_MAX;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

/** The tail of the record Join. */
export function identityBytes({
  userId,
  userData,
}: Pick<JoinRequest, 'userId' | 'userData'>): Uint8Array {
  const id = Buffer.from(userId);
  if (id.length > USER_ID_BYTES_MAX || 1 + id.length + userData.length > IDENTITY_BYTES_MAX) {
    throw new FrayError(
      'E_VALUE',
      `Cannot let a player in: ${id.length} bytes of user id and ${userData.length} of data are too many`,
    );
  }
  return Uint8Array.of(id.length, ...id, ...userData);
}

/** What one length byte and the sizes of IDENTITY_BYTES_MAX leave for it. */
const USER_ID_BYTES_MAX = 64;
/** Fencing number of a room that nobody owned before. */
const FIRST_EPOCH = 1;
/** Flag of the record Join: the client wants state hashes. */
export const FLAG_VERIFY = 2;
