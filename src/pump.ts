/**
 * The way of a datagram through the I/O thread, on one screen:
 *
 *     transport ─datagram─▶ session ─packet─▶ directory ═▶ room ═▶ directory ─packet─▶ session's pipe ─▶ transport
 *
 * Holds no rule of its own: it hands what one part says to the part that it concerns.
 */
import { ERROR } from '../protocol/gen/tables.ts';
import type { Carrying } from './carrying.ts';
import type { Clock } from './clock.ts';
import type { ErrorCode } from './errors.ts';
import { Logins } from './logins.ts';
import type { Log } from './ops/log.ts';
import type { OnAuth } from './plugin/auth.ts';
import type { RoomDirectory } from './room/directory.ts';
import type { RoomOutput } from './room/outputs.ts';
import { createRoomOutput } from './room/outputs.ts';
import { encodeJoinReply } from './session/datagrams.ts';
import type { SessionTable, UsedToken } from './session/server/table.ts';
import { sessionOutput, VERDICT } from './session/server/table.ts';
import type { OpenedToken } from './session/token.ts';
import type { ServerTransport } from './transport/types.ts';
import { CLOSE, transportOf } from './transport/types.ts';

export interface PumpParts {
  readonly transports: readonly ServerTransport[];
  readonly sessions: SessionTable;
  readonly directory: RoomDirectory;
  readonly clock: Clock;
  readonly log: Log;
  /** Keeps a used token across a restart, before its session is accepted. False: it cannot. */
  readonly spend: (token: UsedToken) => boolean;
  /** Null where no transport carries packets by itself. */
  readonly carrying?: Carrying | null;
  /** The author's login; null where there is none. */
  readonly onAuth: OnAuth | null;
}

/** Moves datagrams and answers between the parts. No object and no closure per packet. */
export class Pump {
  readonly #parts: PumpParts;
  readonly #session = sessionOutput();
  readonly #room: RoomOutput = createRoomOutput();
  readonly #logins: Logins | null;
  readonly #carrying: Carrying | null;
  /** At the place that its pipes carry. */
  readonly #byIndex: ServerTransport[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: PumpParts) {
    this.#parts = parts;
    this.#carrying = parts.carrying ?? null;
    for (const transport of parts.transports) this.#byIndex[transport.index] = transport;
    this.#logins = parts.onAuth === null ? null : this.#createLogins(parts.onAuth);
  }

  start(): void {
    const { transports, sessions, directory, clock } = this.#parts;
    for (const transport of transports) {
      transport.onOpen((pipe, address, { headers, permit }) => {
        // A permit is what netcode has opened; no other transport has one.
        const facts = { headers, permit: permit as OpenedToken | null };
        sessions.open(pipe, address, clock.nowUs(), facts);
        this.#settle();
      });
      transport.onDatagram(this.#datagram);
      transport.onClose((pipe, code) => {
        this.#carrying?.closed(pipe);
        sessions.closed(pipe, clock.nowUs(), closeReason(code));
        this.#settle();
      });
    }
    directory.onWake(() => {
      this.#settle();
      directory.drain(this.#send);
    });
    this.#timer = setInterval(() => {
      sessions.tick(clock.nowUs());
      this.#logins?.look(clock.nowUs());
      this.#carrying?.count();
      this.#settle();
    }, SESSION_TICK_MS);
  }

  async stop(graceMs: number): Promise<void> {
    const { transports, sessions, directory } = this.#parts;
    sessions.draining = true;
    await directory.stop(Math.max(0, graceMs - Math.min(STOP_RESERVE_MS, graceMs / 2)));
    this.#settle();
    sessions.endAll(ERROR.E_SHUTDOWN);
    this.#settle();
    clearInterval(this.#timer);
    await stopAll(transports);
  }

  /** A datagram of a pipe: to its room, or to its session. */
  readonly #datagram = (pipe: number, bytes: Uint8Array): void => {
    const { sessions, directory, clock } = this.#parts;
    const nowUs = clock.nowUs();
    const isPacket = sessions.handle(pipe, bytes, nowUs) === VERDICT.packet;
    const { sessionId } = sessions;
    if (isPacket) directory.packet(sessionId, bytes, 0, bytes.length, nowUs);
    if (sessions.busy) this.#settle();
    if (isPacket) this.#carrying?.heard(pipe, sessionId);
  };

  /** A room's packet to its client. */
  readonly #send = (sessionId: number, bytes: Uint8Array): void => {
    const pipe = this.#parts.sessions.packet(sessionId);
    if (pipe < 0) return;
    this.#transport(pipe).send(pipe, bytes);
    this.#carrying?.sent(pipe, sessionId);
  };

  #transport(pipe: number): ServerTransport {
    return this.#byIndex[transportOf(pipe)] as ServerTransport;
  }

  /** Carries out what sessions and rooms have decided, until neither has anything more to say. */
  #settle(): void {
    const { sessions, directory } = this.#parts;
    for (let busy = true; busy; ) {
      busy = false;
      while (sessions.poll(this.#session)) {
        this.#sessionSays();
        busy = true;
      }
      while (directory.poll(this.#room)) {
        this.#roomSays();
        busy = true;
      }
    }
  }

  #sessionSays(): void {
    const { sessions, directory, log, spend, clock } = this.#parts;
    const out = this.#session;
    if (out.kind !== 'keep' && out.kind !== 'tell') this.#carrying?.end(out.sessionId);
    switch (out.kind) {
      case 'send':
        this.#transport(out.pipe).send(out.pipe, out.bytes);
        break;
      case 'close':
        log.debug('session.closed', { session: out.sessionId, code: out.code, text: out.text });
        this.#carrying?.closed(out.pipe);
        this.#transport(out.pipe).close(out.pipe, out.code, out.text);
        break;
      case 'spend':
        if (!spend({ mac: out.mac, expiresMs: out.expiresMs, session: out.session }))
          sessions.unspent(out.mac);
        break;
      case 'auth':
        if (out.auth !== null) this.#logins?.ask(out.sessionId, out.auth);
        break;
      case 'cancel':
        this.#logins?.cancel(out.sessionId, out.address, clock.nowUs());
        break;
      case 'join':
        if (out.join !== null) directory.join(out.join);
        break;
      case 'drop':
        log.debug('session.away', { session: out.sessionId });
        directory.drop(out.sessionId);
        break;
      case 'resume':
        log.debug('session.back', { session: out.sessionId, fresh: out.fresh });
        directory.resume(out.sessionId, out.fresh, out.verify, out.known);
        break;
      case 'keep':
        if (out.kept !== null) directory.keep(out.kept);
        break;
      case 'tell':
        if (!directory.tell(out.sessionId, out.bytes)) sessions.untold(out.sessionId);
        break;
      case 'left':
        directory.leave(out.sessionId, out.code);
        break;
    }
  }

  #roomSays(): void {
    const { sessions, directory, log } = this.#parts;
    const out = this.#room;
    switch (out.kind) {
      case 'joined':
        log.debug('session.joined', { session: out.sessionId, room: out.roomId });
        if (!sessions.joined(out.sessionId, this.#reply(out)))
          directory.leave(out.sessionId, ERROR.E_LEFT);
        break;
      case 'resumed':
        sessions.resumed(out.sessionId, out.fresh ? this.#reply(out) : null);
        break;
      case 'wait':
        sessions.shorten(out.sessionId, out.ms);
        break;
      case 'untold':
        sessions.untold(out.sessionId);
        break;
      case 'refused':
      case 'closed':
        log.debug('session.refused', {
          session: out.sessionId,
          room: out.roomId,
          code: out.code,
          text: out.text,
        });
        sessions.refuse(out.sessionId, out.code, out.text);
        break;
    }
  }

  /** What a client is told of its place. */
  #reply(out: RoomOutput): Uint8Array {
    const { directory, sessions } = this.#parts;
    const { facts } = directory;
    const { roomId, playerId, handle, tick, epoch, wallsHash, keptTick } = out;
    const { messagesRead, messagesBefore } = out;
    return encodeJoinReply({
      roomId,
      playerId,
      handle,
      tick,
      epoch,
      wallsHash,
      messagesRead,
      messagesBefore,
      keptTick,
      protocolVersion: sessions.versionOf(out.sessionId),
      tickRateHz: facts.tickRateHz,
      schemaHash: facts.schemaHash,
      playersMax: facts.playersMax,
      entitiesMax: facts.entitiesMax,
      interpolationTicks: facts.interpolationTicks,
      snapshotBytesMax: facts.snapshotBytesMax,
      resumeMs: sessions.resumeMs,
    });
  }

  #createLogins(onAuth: OnAuth): Logins {
    const { sessions, clock, log } = this.#parts;
    return new Logins({
      onAuth,
      done: (sessionId, result) => {
        sessions.authorised(sessionId, result, clock.nowUs());
        this.#settle();
      },
      ended: (address) => sessions.loginEnded(address),
      stuck: (logins) => log.warn('auth.stuck', { logins }),
      failed: (error) => log.error('auth.failed', { error }),
    });
  }
}

/** Resolves when all pipes are gone. */
export async function stopAll(transports: readonly ServerTransport[]): Promise<void> {
  await Promise.all(transports.map((transport) => transport.stop()));
}

/**
 * What the session table is told when a pipe closed without a goodbye. `away` is what a browser says for a page that is left: its
 * own goodbye may not have got out any more.
 */
function closeReason(code: number): ErrorCode {
  if (code === CLOSE.away) return ERROR.E_OK;
  if (code === CLOSE.silent || code === CLOSE.lost) return ERROR.E_TIMEOUT;
  if (code === ERROR.E_RATE) return ERROR.E_RATE;
  if (code === CLOSE.oversize) return ERROR.E_OVERSIZE;
  return code === CLOSE.unsupported ? ERROR.E_MALFORMED : ERROR.E_LEFT;
}

/** ms between two looks at what has been silent for too long. */
const SESSION_TICK_MS = 100;
/** ms of the grace time kept for closing rooms, workers and sockets. */
const STOP_RESERVE_MS = 1000;
