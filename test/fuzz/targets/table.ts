/**
 * The session table under any sequence of pipes, datagrams, waits and answers of rooms. What must hold whatever comes:
 * joins and leaves alternate, and drops and resumes between them, a packet goes on only for a session in a room, its counts agree, everything is let go of.
 */
import { DATAGRAM, ERROR } from '../../../protocol/gen/tables.ts';
import { datagramKind, encodeGoodbye, INTENT } from '../../../src/session/datagrams.ts';
import { SessionTable, sessionOutput, VERDICT } from '../../../src/session/server/table.ts';
import {
  hello,
  join as joinDatagram,
  KEY,
  packet,
  reply,
  SCHEMA,
  token,
  UNIX_MS,
} from '../../session/bench.ts';
import type { Target } from '../engine.ts';
import { claim, join, Program, parts } from './bytes.ts';

const HELD = ['a', 'b'].map((userId) => token({ userId }));
const TOKENS = HELD.map((held) => hello(held));
const ATTACHES = HELD.flatMap((held) => [
  hello(held, 2, { intent: INTENT.attach }),
  hello(held, 3, { intent: INTENT.attach }),
  hello(held, 4),
]);
/** Datagrams that a byte names. */
const GOOD: readonly Uint8Array[] = [
  hello(),
  joinDatagram(),
  packet(),
  encodeGoodbye(ERROR.E_LEFT),
  ...TOKENS,
  joinDatagram({ choice: { id: 'x' } }),
  ...ATTACHES,
];
const SESSIONS = 4;
const PIPES = 2 * SESSIONS;
/** The longest that a server takes between two looks at its clock. */
const TICK_US = 200_000;
const WAITS_MS = [50, 200, 600, 1100, 2000, 5100, 11_000, 32_000];
const program = new Program();
const out = sessionOutput();
const REPLY = reply();

export const target: Target = {
  name: 'table',
  bytesMax: 400,
  seeds: [
    Uint8Array.of(0, 0, 1, 0, 0, 1, 0, 1, 5, 0, 1, 0, 2),
    Uint8Array.of(0, 0, 1, 0, 0, 1, 0, 1, 5, 0, 1, 0, 3, 0, 0),
    Uint8Array.of(0, 0, 0, 1, 1, 0, 4, 1, 0, 1, 5, 0, 1, 1, 4, 1, 1, 1, 5, 1, 6, 0),
    Uint8Array.of(0, 0, 1, 0, 0, 3, 255, 3, 255, 1, 0, 1),
    Uint8Array.of(0, 0, 1, 0, 5, 1, 0, 1, 6, 0, 4, 0),
    // In with a token, lost, back over another pipe, told and answered; then as a page that has lost its state.
    Uint8Array.of(0, 0, 1, 0, 4, 1, 0, 1, 5, 0, 4, 0, 3, 0, 3, 0, 0, 1, 0, 7, 1, 0, 2, 8, 0),
    Uint8Array.of(0, 0, 1, 0, 4, 1, 0, 1, 5, 0, 0, 0, 1, 1, 9, 1, 1, 1, 8, 0, 9, 0, 3, 0, 7),
    join(
      [0, 0, 2, 0],
      parts(hello()),
      [2, 0],
      parts(joinDatagram()),
      [5, 0, 2, 0],
      parts(packet()),
    ),
  ],
  words: [
    Uint8Array.of(1, 0, 0, 1, 0, 1, 5, 0),
    Uint8Array.of(1, 1, 4, 1, 1, 1, 5, 1),
    join([2, 0], parts(joinDatagram().subarray(0, 24))),
    Uint8Array.of(3, 200),
  ],
  run,
};

/** Milliseconds since 1970, and the counter that stands for chance: every run begins with the same. */
let unixMs = UNIX_MS;
let chance = 1;
/** One for all inputs: making it is most of an input's time. See `forget`. */
const table = new SessionTable({
  schemaHash: SCHEMA,
  guests: true,
  tokenKeys: [KEY],
  sessionsMax: SESSIONS,
  sessionTokenMs: 10_000,
  unixMs: () => unixMs,
  random: (into) => {
    into.fill(0);
    new DataView(into.buffer, into.byteOffset).setUint32(into.length - 4, chance++);
  },
});
let lastUs = 0;

/** An hour passes, which is longer than any run: rates, addresses, used tokens and sessions are forgotten, then the clock on the wall goes back. */
function forget(): void {
  lastUs += 3_600_000_000;
  unixMs = UNIX_MS + 3_600_000;
  table.tick(lastUs);
  unixMs = UNIX_MS;
  chance = 1;
  const { facts } = table;
  const { usedTokens, overSessions, addresses } = facts;
  claim(usedTokens + overSessions + addresses === 0, 'something is remembered');
}

/** What the rooms and the pipes of one run know. */
class Run {
  readonly table = table;
  readonly #startUs = lastUs;
  readonly pipes = new Set<number>();
  /** Sessions whose join was handed out, until their left, and whether they have their place. */
  readonly inRoom = new Map<number, boolean>();
  /** Of those, who is away or on the way back. */
  readonly away = new Set<number>();
  readonly resuming = new Set<number>();
  #next = 1;

  get nowUs(): number {
    return lastUs;
  }

  wait(us: number): void {
    // As often as a server looks: what is missing between two looks counts as sleep.
    for (let left = us; left > 0; left -= TICK_US) {
      lastUs += Math.min(left, TICK_US);
      unixMs = UNIX_MS + (lastUs - this.#startUs) / 1000;
      this.table.tick(lastUs);
    }
  }

  open(): void {
    const pipe = this.#next++;
    if (this.pipes.size < PIPES) this.pipes.add(pipe);
    this.table.open(pipe, `10.0.0.${this.#next & 1}`, this.nowUs);
  }

  datagram(pipe: number, bytes: Uint8Array): void {
    const verdict = this.table.handle(pipe, bytes, this.nowUs);
    if (verdict !== VERDICT.packet) return;
    claim(datagramKind(bytes) === DATAGRAM.packet, 'a packet that is none');
    const { sessionId } = this.table;
    claim(this.inRoom.get(sessionId) === true, 'a packet of a session that is in no room');
    const newest = this.table.packet(sessionId);
    claim(this.pipes.has(newest), 'a session that is heard has a pipe');
  }

  poll(): void {
    for (let count = 0; this.table.poll(out); count += 1) {
      claim(count < 64, 'poll does not come to an end');
      if (out.kind === 'join') {
        claim(!this.inRoom.has(out.sessionId) && out.join !== null, 'a session joins once');
        this.inRoom.set(out.sessionId, false);
      } else if (out.kind === 'left')
        claim(this.#out(out.sessionId), 'a session leaves once, after its join');
      else if (out.kind === 'drop') {
        claim(this.inRoom.get(out.sessionId) === true, 'a drop of a session that is in no room');
        claim(!this.resuming.has(out.sessionId), 'a drop before the resume is answered');
        claim(!this.away.has(out.sessionId), 'two drops in a row');
        this.away.add(out.sessionId);
      } else if (out.kind === 'resume') {
        claim(this.away.delete(out.sessionId) || out.fresh, 'a resume without a drop');
        claim(!this.resuming.has(out.sessionId), 'two resumes at once');
        this.resuming.add(out.sessionId);
      } else if (out.kind === 'tell') {
        claim(out.bytes.length > 1000 && out.bytes.length <= 2100, 'a token');
        if (chance % 3 === 0) this.table.untold(out.sessionId);
      } else if (out.kind === 'spend') {
        claim(out.mac.length === 16 && out.expiresMs > unixMs, 'a used token');
      } else if (out.kind === 'keep') {
        claim(out.kept?.id === out.sessionId, 'what is kept of a session is its own');
      } else if (out.kind === 'close') {
        claim(out.pipe > 0, 'a close of a pipe that is gone');
        this.pipes.delete(out.pipe);
      } else {
        claim(out.bytes.length > 0 && out.bytes.length <= 1120, 'a datagram to send');
        claim(this.pipes.has(out.pipe), 'a datagram for a pipe that is gone');
      }
    }
  }

  #out(sessionId: number): boolean {
    this.away.delete(sessionId);
    this.resuming.delete(sessionId);
    return this.inRoom.delete(sessionId);
  }

  /** The room answers a resume; answers that nobody waits for are nothing. */
  resumed(sessionId: number, reply: Uint8Array | null): void {
    const taken = this.table.resumed(sessionId, reply);
    claim(taken === this.resuming.delete(sessionId), 'an answer is taken where one is waited for');
  }

  /** After the rooms refused or ended a session it is out of the table and of nobody's concern. */
  answer(sessionId: number, place: boolean): void {
    if (place) {
      if (this.table.joined(sessionId, REPLY)) this.inRoom.set(sessionId, true);
    } else {
      this.table.refuse(sessionId, ERROR.E_ROOM_FULL);
      this.#out(sessionId);
    }
  }

  check(): void {
    const { facts } = this.table;
    claim(facts.pipes <= PIPES && facts.held <= PIPES + SESSIONS, `${facts.pipes} pipes`);
    claim(facts.pipes === this.pipes.size, `${facts.pipes} pipes, not ${this.pipes.size}`);
    let joined = 0;
    for (const place of this.inRoom.values()) joined += Number(place);
    claim(facts.joined === joined, `${facts.joined} joined, not ${joined}`);
  }
}

function run(input: Uint8Array): void {
  forget();
  const state = new Run();
  program.reset(input);
  for (let steps = 0; steps < 40 && !program.over; steps += 1) step(state);
  // All pipes go, then all sessions: nothing may stay behind.
  for (const pipe of state.pipes) state.table.closed(pipe, state.nowUs);
  state.pipes.clear();
  state.poll();
  state.table.endAll(ERROR.E_SHUTDOWN);
  state.poll();
  claim(state.inRoom.size === 0, 'a room was not told');
  const { facts } = state.table;
  claim(facts.pipes + facts.held + facts.joined === 0, 'something stayed behind');
}

function step(state: Run): void {
  const what = program.byte() % 10;
  const pipes = [...state.pipes];
  const pipe = pipes[program.byte() % Math.max(1, pipes.length)] ?? 999;
  if (what === 0) state.open();
  else if (what === 1) state.datagram(pipe, GOOD[program.byte() % GOOD.length] as Uint8Array);
  else if (what === 2) state.datagram(pipe, program.part(1200));
  else if (what === 3) {
    state.wait((WAITS_MS[program.byte() % WAITS_MS.length] ?? 0) * 1000);
  } else if (what === 4) {
    state.table.closed(pipe, state.nowUs);
    state.pipes.delete(pipe);
  } else {
    const sessions = [...state.inRoom.keys()];
    const session = sessions[pipe % Math.max(1, sessions.length)] ?? program.word();
    if (what < 8) state.answer(session, what < 7);
    else if (what === 8) state.resumed(session, state.table.facts.joined % 2 ? REPLY : null);
    else state.table.shorten(session, 500);
  }
  state.poll();
  state.check();
}
