/**
 * One try to get a pipe into the session: opens it (or takes one that stands), greets the server over it, and says what
 * came of it. Has no timer: `poll` is called by the line, and what happens on the pipe is told at once.
 */
import { ERROR } from '../../protocol/gen/tables.ts';
import { errorOf, FrayError } from '../errors.ts';
import type { Handshake } from '../session/client/handshake.ts';
import type { ClientPipe, TransportKind } from '../transport/types.ts';
import { endCode } from './pipes.ts';

/** Whom an attempt tells. */
export interface AttemptOwner {
  opened(attempt: Attempt): void;
  /** The server has accepted it; with intent 0 it has also answered the join. */
  accepted(attempt: Attempt): void;
  /** `refused`: by a goodbye of the server. */
  failed(attempt: Attempt, error: FrayError, refused: boolean): void;
  packet(bytes: Uint8Array): void;
}

export class Attempt {
  readonly kind: TransportKind;
  pipe: ClientPipe | null = null;
  handshake: Handshake | null = null;
  /** When the pipe stood, and when the hello went out first. */
  openedMs = 0;
  greetedMs = 0;
  /** ms from the newest hello to the accept, which may be an older one's; 0 before. */
  rttMs = 0;
  readonly #owner: AttemptOwner;
  readonly #nowMs: () => number;
  readonly #abort = new AbortController();
  /** When a hello went out last. */
  #helloMs = 0;
  #over = false;

  constructor(kind: TransportKind, owner: AttemptOwner, nowMs: () => number) {
    this.kind = kind;
    this.#owner = owner;
    this.#nowMs = nowMs;
  }

  /** Opens a pipe; what opens after `cancel` is closed. */
  open(opening: (signal: AbortSignal) => Promise<ClientPipe>): void {
    opening(this.#abort.signal).then(
      (pipe) => {
        if (this.#over) pipe.close(0);
        else this.take(pipe);
      },
      (error: unknown) => this.#fail(asFray(error), false),
    );
  }

  /** Goes on with a pipe that stands. */
  take(pipe: ClientPipe): void {
    this.pipe = pipe;
    this.openedMs = this.#nowMs();
    pipe.onClose((code) => {
      if (this.pipe === pipe) this.#closed(code);
    });
    this.#owner.opened(this);
  }

  /** Begins the handshake. */
  greet(handshake: Handshake): void {
    const { pipe } = this;
    if (!pipe) return;
    this.handshake = handshake;
    this.greetedMs = this.#nowMs();
    pipe.onDatagram((bytes) => this.#datagram(handshake, bytes));
    this.poll(this.greetedMs);
  }

  /** The same over another pipe object: a link simulator was put before it. */
  wrap(pipe: ClientPipe): void {
    const { handshake } = this;
    this.pipe = pipe;
    pipe.onClose((code) => this.#closed(code));
    if (handshake) pipe.onDatagram((bytes) => this.#datagram(handshake, bytes));
  }

  /** Sends what is due. */
  poll(nowMs: number): void {
    const { handshake, pipe } = this;
    if (this.#over || !handshake || !pipe) return;
    const nowUs = nowMs * 1000;
    for (let bytes = handshake.poll(nowUs); bytes; bytes = handshake.poll(nowUs)) {
      if (handshake.sessionId === 0) this.#helloMs = nowMs;
      pipe.send(bytes);
    }
    this.#look(handshake);
  }

  /** Gives up; the pipe is closed unless it stood before. `last`: a datagram to close it with. */
  cancel(keepPipe = false, last?: Uint8Array): void {
    if (this.#over) return;
    this.#over = true;
    this.#abort.abort();
    if (!keepPipe) this.pipe?.close(0, last);
  }

  #datagram(handshake: Handshake, bytes: Uint8Array): void {
    if (this.#over) return;
    if (handshake.handle(bytes)) this.#look(handshake);
    else this.#owner.packet(bytes);
  }

  #look(handshake: Handshake): void {
    if (this.#over) return;
    if (handshake.sessionId !== 0 && this.rttMs === 0)
      this.rttMs = Math.max(1, this.#nowMs() - this.#helloMs);
    if (handshake.state === 'over') {
      const timedOut = handshake.code === ERROR.E_JOIN_TIMEOUT;
      this.#fail(errorOf(handshake.code, 'join', handshake.text), !timedOut);
    } else if (handshake.state !== 'joining') {
      this.#over = true;
      this.#owner.accepted(this);
    }
  }

  #closed(code: number): void {
    const ended = endCode(code);
    const text = ended === 0 ? 'the server closed the connection' : '';
    this.#fail(errorOf(ended === 0 ? ERROR.E_CLOSED : ended, 'join', text), ended !== 0);
  }

  #fail(error: FrayError, refused: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#abort.abort();
    this.#owner.failed(this, error, refused);
  }
}

function asFray(error: unknown): FrayError {
  if (error instanceof FrayError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new FrayError('E_UNKNOWN', `Cannot connect: ${detail}`, { cause: error });
}
