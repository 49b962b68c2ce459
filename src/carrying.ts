/**
 * Which pipes are carried past the I/O thread. A pipe is, each way, from the first packet on that has gone the long way: then the session
 * table has looked at it, and nothing has changed since. Whatever is said of a session, or of its pipe, ends it, and the next packet begins it
 * anew. So all rules stay in one place, and a packet that takes the long way is only slower.
 */
import type { Clock } from './clock.ts';
import { slotOf } from './mailbox/messages.ts';
import type { RoomDirectory } from './room/directory.ts';
import type { SessionTable } from './session/server/table.ts';
import type { CarryingTransport, ServerTransport } from './transport/types.ts';
import { canCarry, transportOf } from './transport/types.ts';

export interface CarryingParts {
  readonly transports: readonly ServerTransport[];
  readonly sessions: Pick<SessionTable, 'carried'>;
  readonly directory: Pick<RoomDirectory, 'workerOf' | 'counters'>;
  readonly clock: Clock;
  /** Workers' table of routes: see `linkFor` of mailbox/messages.ts. */
  readonly routes: SharedArrayBuffer;
}

export class Carrying {
  readonly #parts: CarryingParts;
  readonly #routes: Uint8Array;
  /** At the place that its pipes carry. */
  readonly #byIndex: CarryingTransport[] = [];
  /** Pipes that are carried, by session, and sessions by pipe. */
  readonly #pipes = new Map<number, Set<number>>();
  readonly #sessions = new Map<number, number>();

  constructor(parts: CarryingParts) {
    this.#parts = parts;
    this.#routes = new Uint8Array(parts.routes);
    const { sessions, clock } = parts;
    for (const transport of parts.transports) {
      if (!canCarry(transport)) continue;
      this.#byIndex[transport.index] = transport;
      transport.onCarried((pipe, packets, refused) => {
        sessions.carried(pipe, { packets, refused }, clock.nowUs());
      });
    }
  }

  /** A packet of the pipe has gone to the session's room. */
  heard(pipe: number, session: number): void {
    const transport = this.#byIndex[transportOf(pipe)];
    const worker = transport === undefined ? -1 : this.#parts.directory.workerOf(session);
    if (transport === undefined || worker < 0) return;
    transport.carryIn(pipe, session, worker);
    this.#note(pipe, session);
  }

  /** A packet of the session's room has gone to the pipe, its newest. */
  sent(pipe: number, session: number): void {
    const transport = this.#byIndex[transportOf(pipe)];
    if (transport === undefined) return;
    const route = transport.carryOut(pipe, session);
    this.#note(pipe, session);
    Atomics.store(this.#routes, slotOf(session), route);
  }

  /** Something has been said of the session. */
  end(session: number): void {
    const pipes = this.#pipes.get(session);
    if (pipes === undefined) return;
    Atomics.store(this.#routes, slotOf(session), 0);
    this.#pipes.delete(session);
    for (const pipe of pipes) {
      this.#sessions.delete(pipe);
      this.#byIndex[transportOf(pipe)]?.uncarry(pipe);
    }
  }

  /** A pipe has closed, or is about to. */
  closed(pipe: number): void {
    const session = this.#sessions.get(pipe);
    if (session !== undefined) this.end(session);
  }

  /** The room of the sessions goes to another worker. */
  moved(sessions: readonly number[], worker: number): void {
    for (const session of sessions)
      for (const pipe of this.#pipes.get(session) ?? [])
        this.#byIndex[transportOf(pipe)]?.carryIn(pipe, session, worker);
  }

  /** Adds what has become of packets at mailboxes to the directory's counters. */
  count(): void {
    const { counters } = this.#parts.directory;
    for (const transport of this.#byIndex) {
      const { inboxFull, replaced, packetsGone } = transport?.roomsSince() ?? NOTHING;
      counters.inboxFull += inboxFull;
      counters.replaced += replaced;
      counters.packetsGone += packetsGone;
    }
  }

  #note(pipe: number, session: number): void {
    const pipes = this.#pipes.get(session) ?? new Set();
    pipes.add(pipe);
    this.#pipes.set(session, pipes);
    this.#sessions.set(pipe, session);
  }
}

const NOTHING = { inboxFull: 0, replaced: 0, packetsGone: 0 };
