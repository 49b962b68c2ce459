/**
 * What travels in the mailboxes: kinds and shapes in one file. Between an I/O thread and a worker lie four rings, two
 * each way:
 *
 * - data: client packets in, packets for clients out. A full ring refuses the packet about to be written (counted).
 * - control: joins, leaves, drops and resumes, rooms, notices. Sized so that it cannot fill; see `controlBytes`.
 *
 * Every shape is plain bytes, little-endian, words first. `id` and `arg` are those of the record.
 */
import { createRing, Ring, recordBytes } from './ring.ts';

/** Data rings, both ways. */
export const DATA = {
  /** id session, arg: low 32 bits of the arrival in us (in) or the room's row (out); payload: the packet. */
  packet: 1,
} as const;

/** Control ring, I/O thread to worker. */
export const ORDER = {
  /** id row; payload OpenShape. Answered by `opened` or `closed`. */
  open: 1,
  /** id row, arg code. Answered by `closed`. For a row that is not open it is nothing. */
  close: 2,
  /** id session, arg row; payload JoinShape. Answered by `joined` or `refused`. */
  join: 3,
  /** id session, arg code. Answered by `left`, unless the answer to join was `refused` or `left` has gone out. */
  leave: 4,
  /** Payload: a reliable message with its kind byte, for everybody. Not answered. */
  notice: 5,
  /** arg code. All rooms close and the worker ends. */
  stop: 6,
  /** id session: nothing is heard of it. Not answered; `wait` may come of it. */
  drop: 7,
  /** id session, arg RESUME: it is heard again. Answered by `resumed`, or by the `left` that was under way. */
  resume: 8,
  /** id session. Payload: a reliable message with its kind byte, for this client. Not answered. */
  tell: 9,
  /** id row: the room goes to another worker at the end of a tick. Answered by `given`, or by `closed`. */
  give: 10,
} as const;

/** Control ring, worker to I/O thread. */
export const ANSWER = {
  /** id row. */
  opened: 32,
  /** id row, arg code: the room is gone, all its sessions have been told, the row is free. Payload: text. */
  closed: 33,
  /** id session, arg row; payload JoinedShape. */
  joined: 34,
  /** id session, arg code: never was in the room. Payload: text. */
  refused: 35,
  /** id session, arg code: no longer in its room. Payload: text. */
  left: 36,
  /** id row: nobody has been in the room for `emptyCloseMs`. */
  idle: 37,
  /** id session, arg RESUME.fresh or 0; payload JoinedShape. */
  resumed: 38,
  /** id session, arg ms: the game waits for a dropped session no longer than this, from its drop on. At most one per drop. */
  wait: 39,
  /** id row, arg: low 32 bits of the moment at which its next tick is due, us. Payload: its last tick, u32. Nobody in it was told. */
  given: 40,
  /** id row, arg: us by which its next tick is due later than where it came from (as i32). The room that was given goes on here. */
  taken: 41,
} as const;

/** OpenShape: byte offsets. Then `roomIdBytes` of the id and `optionsBytes` of JSON. */
export const OPEN = {
  seedLow: 0,
  seedHigh: 4,
  epoch: 8,
  bots: 12,
  roomIdBytes: 16,
  optionsBytes: 20,
  tail: 24,
} as const;
/** Bytes. Who a player is, as in the tail of the record Join: a length, a user id (64), the author's data (128). */
export const IDENTITY_BYTES_MAX = 1 + 64 + 128;
/** JoinShape. `flags` and `identity` as in the record Join. */
export const JOIN = {
  flags: 0,
  nameBytes: 4,
  identityBytes: 8,
  name: 12,
  identity: 44,
  bytesMax: 44 + IDENTITY_BYTES_MAX,
} as const;
/** JoinedShape. */
export const JOINED = {
  playerId: 0,
  handle: 4,
  tick: 8,
  epoch: 12,
  wallsHash: 16,
  messagesRead: 20,
  messagesBefore: 24,
  bytes: 28,
} as const;

/**
 * Bits of a resume, those of the record Resume: the channel begins anew; the client wants state hashes; it has kept what it knew, and
 * the upper 16 bits say how many messages it has read; it has heard of the room's owner before this one.
 */
export const RESUME = { fresh: 1, verify: 2, knows: 4, recent: 8 } as const;

/** Bytes. Limit of a room id (session/datagrams.ts says the same; ours are 16). */
export const ROOM_ID_BYTES_MAX = 48;
/** Bytes of JSON in a wish to create a room. */
export const ROOM_OPTIONS_BYTES_MAX = 512;
/** Bytes of text in `closed`, `refused` and `left`: what fits a goodbye. */
export const TEXT_BYTES_MAX = 96;
/** Bytes of a notice: text, its envelope, and some air. */
export const NOTICE_BYTES_MAX = 160;
/** Bytes of a message to one client: a connect token of 2,048 bytes with its envelope. */
export const TELL_BYTES_MAX = 2100;
/** Notices that may wait in a control ring at once beside `TELLS_WAITING_MAX`; a further one may be refused. */
export const NOTICES_WAITING_MAX = 16;
/** The same for messages to one client: a worker takes them out once per slot, so 200 in a second at 25 Hz and more. */
export const TELLS_WAITING_MAX = 8;

/** Which I/O thread owns a session: the upper 4 bits of its id. */
export function ioThreadOf(sessionId: number): number {
  return sessionId >>> 28;
}

/** Memory of a table that says by which link packets of each session leave: see `linkFor`. Written by the session's I/O thread alone. */
export function createRoutes(): SharedArrayBuffer {
  return new SharedArrayBuffer(SESSION_SLOTS);
}

/** Place of a session in a table of routes. */
export function slotOf(sessionId: number): number {
  return (sessionId >>> 14) & (SESSION_SLOTS - 1);
}

/** The link that packets of a session leave by: of its own I/O thread, or of the native thread that the table names, from 1 on. */
export function linkFor(sessionId: number, routes: Uint8Array): number {
  return ioThreadOf(sessionId) + (routes[slotOf(sessionId)] as number);
}

/** What the memory of a link is sized by. */
export interface LinkSizes {
  /** Sessions of the I/O thread at once. */
  readonly sessionsMax: number;
  /** Rooms of the server at once. */
  readonly roomsMax: number;
  /** Bytes of packets on their way in, before the newest is refused. */
  readonly inboxBytes: number;
  /** Bytes of packets on their way out, before the newest is dropped. */
  readonly outboxBytes: number;
  /** PACKET_BYTES_MAX; the rings know no protocol. */
  readonly packetBytesMax: number;
}

/** The memory between one I/O thread and one worker; what `postMessage` carries once, at the start. */
export interface LinkMemory {
  readonly inbox: SharedArrayBuffer;
  readonly outbox: SharedArrayBuffer;
  readonly orders: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
}

/** The ring of orders alone, in the place of one whose reader has died. */
export function createOrders(
  sizes: Pick<LinkSizes, 'sessionsMax' | 'roomsMax'>,
): SharedArrayBuffer {
  return createRing(controlBytes(sizes).orders + noticeBytes(), TELL_BYTES_MAX);
}

export function createLink(sizes: LinkSizes): LinkMemory {
  const { answers } = controlBytes(sizes);
  return {
    inbox: createRing(sizes.inboxBytes, sizes.packetBytesMax),
    outbox: createRing(sizes.outboxBytes, sizes.packetBytesMax),
    orders: createOrders(sizes),
    answers: createRing(answers, TEXT_BYTES_MAX),
  };
}

/**
 * Why a control ring cannot fill. Who writes an order holds a seat for the session, or a row for the room, from the
 * order until the last answer has been read, and there are `sessionsMax` seats and `roomsMax` rows. So at most these
 * wait at any time:
 *
 *     orders  = sessionsMax x (join, drop, resume, leave) + roomsMax x (open, give, close) + stop
 *     answers = sessionsMax x (joined, wait, resumed, left, idle) + roomsMax x (opened, given, taken, closed, idle)
 *
 * `refused` is the only answer of its session, and no longer than `left`. `idle` needs a `left` or an `opened` before each, hence
 * one per session and one per room. Of a session at most one drop
 * and one resume are under way: it is dropped and resumed only once `joined` has been read, dropped again only once
 * `resumed` has been read, and resumed again only then too (directory.ts keeps the wish); so of `wait` and `resumed` one
 * each is unread. Notices and messages to one client have no answer: they are written only while the ring keeps the space
 * of the others free, and refused otherwise.
 */
export function controlBytes(sizes: Pick<LinkSizes, 'sessionsMax' | 'roomsMax'>): {
  orders: number;
  answers: number;
} {
  const text = recordBytes(TEXT_BYTES_MAX);
  const bare = recordBytes(0);
  return {
    orders:
      sizes.sessionsMax * (recordBytes(JOIN.bytesMax) + 3 * bare) +
      sizes.roomsMax * (recordBytes(OPEN_BYTES_MAX) + 2 * bare) +
      bare,
    answers:
      sizes.sessionsMax * (2 * recordBytes(JOINED.bytes) + text + 2 * bare) +
      sizes.roomsMax * (3 * bare + text + recordBytes(GIVEN_BYTES)),
  };
}

/**
 * Bytes that a control ring has to have free after a notice: all orders, and what the longest of them wastes where it
 * wraps.
 */
export function ordersKeptBytes(sizes: Pick<LinkSizes, 'sessionsMax' | 'roomsMax'>): number {
  return controlBytes(sizes).orders + recordBytes(OPEN_BYTES_MAX);
}

/** Bytes that a message without an answer takes in the ring at most: itself, and what it wastes where it wraps. */
export function messageSpaceBytes(length: number): number {
  return 2 * recordBytes(length);
}

/**
 * Bytes of messages without an answer, beyond what orders need; one more of the longest is wasted where one of them wraps,
 * one stays out of reach.
 */
export function noticeBytes(): number {
  return (
    NOTICES_WAITING_MAX * recordBytes(NOTICE_BYTES_MAX) +
    (TELLS_WAITING_MAX + 2) * recordBytes(TELL_BYTES_MAX)
  );
}

/** The I/O thread's ends of a link. */
export class IoEnd {
  readonly inbox: Ring;
  readonly outbox: Ring;
  readonly orders: Ring;
  readonly answers: Ring;

  constructor(memory: LinkMemory) {
    this.inbox = new Ring(memory.inbox, 'write');
    this.outbox = new Ring(memory.outbox, 'read');
    this.orders = new Ring(memory.orders, 'write');
    this.answers = new Ring(memory.answers, 'read');
  }
}

/** The worker's ends of a link. */
export class WorkerEnd {
  readonly inbox: Ring;
  readonly outbox: Ring;
  readonly orders: Ring;
  readonly answers: Ring;

  constructor(memory: LinkMemory) {
    this.inbox = new Ring(memory.inbox, 'read');
    this.outbox = new Ring(memory.outbox, 'write');
    this.orders = new Ring(memory.orders, 'read');
    this.answers = new Ring(memory.answers, 'write');
  }
}

/** 14 bits of a session's id. */
const SESSION_SLOTS = 1 << 14;
/** Bytes of `given`. */
const GIVEN_BYTES = 4;
const OPEN_BYTES_MAX = OPEN.tail + ROOM_ID_BYTES_MAX + ROOM_OPTIONS_BYTES_MAX;
