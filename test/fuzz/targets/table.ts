/**
 * The session table under any sequence of pipes, datagrams, waits and answers of rooms. What must hold whatever comes:
 * joins and leaves alternate, a packet goes on only for a session in a room, its counts agree, everything is let go of.
 */
import { DATAGRAM, ERROR } from '../../../protocol/gen/tables.ts';
import { datagramKind, encodeGoodbye } from '../../../src/session/datagrams.ts';
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

const TOKENS = ['a', 'b'].map((userId) => hello(token({ userId })));
/** Datagrams that a byte names. */
const GOOD: readonly Uint8Array[] = [
  hello(),
  joinDatagram(),
  packet(),
  encodeGoodbye(ERROR.E_LEFT),
  ...TOKENS,
  joinDatagram({ choice: { id: 'x' } }),
];
const PIPES = 4;
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
  sessionsMax: PIPES,
  unixMs: () => unixMs,
  random: (into) => into.fill(chance++),
});
let lastUs = 0;

/** An hour passes: rates, addresses and used tokens are gone, then the clock on the wall goes back. */
function forget(): void {
  lastUs += 3_600_000_000;
  unixMs = UNIX_MS + 120_000;
  table.tick(lastUs);
  unixMs = UNIX_MS;
  chance = 1;
  const { facts } = table;
  claim(facts.usedTokens === 0 && facts.addresses === 0, 'something is remembered');
}

/** What the rooms and the pipes of one run know. */
class Run {
  readonly table = table;
  readonly #startUs = lastUs;
  readonly pipes = new Set<number>();
  /** Sessions whose join was handed out, by pipe of that moment; until their left. */
  readonly inRoom = new Map<number, boolean>();
  #next = 1;

  get nowUs(): number {
    return lastUs;
  }

  wait(us: number): void {
    lastUs += us;
    unixMs = UNIX_MS + (lastUs - this.#startUs) / 1000;
    this.table.tick(lastUs);
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
    claim(this.table.packet(sessionId) === pipe, 'a packet of another pipe');
  }

  poll(): void {
    for (let count = 0; this.table.poll(out); count += 1) {
      claim(count < 64, 'poll does not come to an end');
      if (out.kind === 'join') {
        claim(!this.inRoom.has(out.sessionId) && out.join !== null, 'a session joins once');
        this.inRoom.set(out.sessionId, false);
      } else if (out.kind === 'left')
        claim(this.inRoom.delete(out.sessionId), 'a session leaves once, after its join');
      else if (out.kind === 'close') {
        claim(out.pipe > 0, 'a close of a pipe that is gone');
        this.pipes.delete(out.pipe);
      } else {
        claim(out.bytes.length > 0 && out.bytes.length <= 1120, 'a datagram to send');
        claim(this.pipes.has(out.pipe), 'a datagram for a pipe that is gone');
      }
    }
  }

  /** After the rooms refused or ended a session it is out of the table and of nobody's concern. */
  answer(sessionId: number, place: boolean): void {
    if (place) {
      if (this.table.joined(sessionId, REPLY)) this.inRoom.set(sessionId, true);
    } else {
      this.table.refuse(sessionId, ERROR.E_ROOM_FULL);
      this.inRoom.delete(sessionId);
    }
  }

  check(): void {
    const { facts } = this.table;
    claim(facts.pipes <= PIPES && facts.slots <= PIPES, `${facts.pipes} pipes`);
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
  // All pipes go: nothing may stay behind.
  for (const pipe of state.pipes) state.table.closed(pipe, state.nowUs);
  state.pipes.clear();
  state.poll();
  claim(state.inRoom.size === 0, 'a room was not told');
  const { facts } = state.table;
  claim(facts.pipes + facts.slots + facts.joined === 0, 'something stayed behind');
}

function step(state: Run): void {
  const what = program.byte() % 8;
  const pipes = [...state.pipes];
  const pipe = pipes[program.byte() % Math.max(1, pipes.length)] ?? 999;
  if (what === 0) state.open();
  else if (what === 1) state.datagram(pipe, GOOD[program.byte() % GOOD.length] as Uint8Array);
  else if (what === 2) state.datagram(pipe, program.part(1200));
  else if (what === 3) {
    state.wait((1 + program.byte()) * 50_000);
  } else if (what === 4) {
    state.table.closed(pipe, state.nowUs);
    state.pipes.delete(pipe);
  } else {
    const sessions = [...state.inRoom.keys()];
    const session = sessions[pipe % Math.max(1, sessions.length)] ?? program.word();
    state.answer(session, what < 7);
  }
  state.poll();
  state.check();
}
