/** Bytes and sequences of operations against the session table, beside a plain model of what it has to be. */
import fc from 'fast-check';
import t from 'tap';
import { DATAGRAM, ERROR } from '../../protocol/gen/tables.ts';
import { Handshake } from '../../src/session/client/handshake.ts';
import {
  checkHello,
  decodeAccept,
  decodeGoodbye,
  decodeJoin,
  decodeJoined,
  encodeGoodbye,
  encodeHello,
  encodeJoin,
  utf8Bytes,
} from '../../src/session/datagrams.ts';
import { sessionOutput, VERDICT } from '../../src/session/server/table.ts';
import { Bench, hello, join, packet, reply, SCHEMA, token } from './bench.ts';

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 1300 }),
  fc
    .tuple(fc.integer({ min: 0, max: 7 }), fc.uint8Array({ maxLength: 200 }))
    .map(([kind, tail]) => Uint8Array.of(kind, ...tail)),
  mutated([hello(), join(), packet(), encodeGoodbye(1, 'text'), hello(token())]),
);

t.test('decoders answer any bytes and never throw', async () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      checkHello(bytes, 1, 2);
      decodeAccept(bytes);
      decodeGoodbye(bytes);
      decodeJoin(bytes);
      decodeJoined(bytes);
      const client = new Handshake({ schemaHash: SCHEMA, name: 'x', room: { any: true } }, 0);
      client.handle(bytes);
      return true;
    }),
    { numRuns: 3000 },
  );
});

t.test('what is encoded decodes to the same', async () => {
  const name = fc
    .string({ unit: 'grapheme', maxLength: 12 })
    .map((text) => text.replaceAll(/[\p{C}\p{Z}]/gu, ''))
    .filter((text) => utf8Bytes(text) <= 32);
  const choice = fc.oneof(
    fc.constant({ any: true as const }),
    fc.string({ minLength: 1, maxLength: 20 }).map((id) => ({ id })),
    fc
      .json()
      .filter((text) => utf8Bytes(text) <= 500)
      .map((create) => ({ create })),
  );
  fc.assert(
    fc.property(
      name,
      choice,
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.boolean(),
      (text, wish, schemaHash, verify) => {
        const facts = decodeJoin(encodeJoin({ name: text, choice: wish, schemaHash, verify }));
        return (
          typeof facts === 'object' &&
          facts.name === text &&
          facts.schemaHash === schemaHash &&
          facts.verify === verify &&
          JSON.stringify(facts.choice) === JSON.stringify(wish)
        );
      },
    ),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffff }),
      fc.string({ unit: 'binary', maxLength: 200 }),
      (code, text) => {
        const goodbye = decodeGoodbye(encodeGoodbye(code, text));
        return (
          goodbye !== null &&
          goodbye.code === code &&
          wellFormed(text).startsWith(goodbye.text) &&
          utf8Bytes(goodbye.text) > Math.min(92, utf8Bytes(text) - 1)
        );
      },
    ),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      (hash) =>
        checkHello(
          encodeHello({ schemaHash: hash }),
          Number(hash & 0xffff_ffffn),
          Number(hash >> 32n),
        ) === ERROR.E_OK,
    ),
  );
});

t.test(
  'a table under random bytes never throws, and a good session beside it goes on',
  async (test) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), anyBytes), { maxLength: 60 }),
        (datagrams) => {
          const bench = new Bench({ sessionsMax: 8 });
          const good = bench.join('1.1.1.1');
          const pipes = Array.from({ length: 4 }, () => bench.open('2.2.2.2'));
          for (const [k, bytes] of datagrams) bench.handle(pipes[k] ?? 0, bytes);
          bench.poll();
          return (
            bench.handle(good.pipe, packet()) === VERDICT.packet &&
            bench.table.packet(good.sessionId) === good.pipe
          );
        },
      ),
      { numRuns: 500 },
    );
    test.pass();
  },
);

/** The slow, obvious model: what each pipe is, as the sequence of operations has it. */
interface Pipe {
  state: 'open' | 'accepted' | 'joining' | 'joined';
  sessionId: number;
  openedUs: number;
  heardUs: number;
  user: string;
}

type Step = readonly [
  (
    | 'open'
    | 'hello'
    | 'join'
    | 'packet'
    | 'goodbye'
    | 'closed'
    | 'accept-join'
    | 'refuse-join'
    | 'wait'
    | 'token'
  ),
  number,
];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom(
    'open',
    'hello',
    'join',
    'packet',
    'goodbye',
    'closed',
    'accept-join',
    'refuse-join',
    'wait',
    'token',
  ),
  fc.integer({ min: 0, max: 7 }),
) as fc.Arbitrary<Step>;

class Model {
  readonly bench = new Bench({ sessionsMax: SLOTS });
  readonly pipes = new Map<number, Pipe>();
  /** Sessions whose join the room has heard, and whose end it has not. */
  readonly inRoom = new Set<number>();
  readonly requests = ['a', 'b', 'c'].map((userId) => () => token({ userId }));
  readonly #out = sessionOutput();

  run([name, k]: Step): void {
    const { bench, pipes } = this;
    const number = [...pipes.keys()][k % Math.max(1, pipes.size)] ?? -1;
    const pipe = pipes.get(number);
    if (name === 'open') this.#open();
    else if (name === 'wait') this.#wait([10, 1000, 3000, 5100, 10_100, 500, 1, 2500][k] ?? 0);
    else if (pipe === undefined) bench.handle(9999, hello());
    else if (name === 'closed') {
      bench.table.closed(number, bench.nowUs);
      pipes.delete(number);
    } else if (name === 'accept-join' || name === 'refuse-join') this.#answer(name, number, pipe);
    else this.#datagram(name, number, pipe, k);
    this.#poll();
    this.#check();
  }

  #open(): void {
    const full = this.pipes.size >= SLOTS;
    const number = this.bench.open(`10.0.0.${this.pipes.size}`);
    if (!full)
      this.pipes.set(number, {
        state: 'open',
        sessionId: 0,
        openedUs: this.bench.nowUs,
        heardUs: this.bench.nowUs,
        user: '',
      });
  }

  #wait(ms: number): void {
    this.bench.pass(ms);
    for (const [number, pipe] of this.pipes) {
      const over =
        pipe.state === 'joined'
          ? this.bench.nowUs - pipe.heardUs > 10_000_000
          : this.bench.nowUs - pipe.openedUs > 5_000_000;
      if (over) this.pipes.delete(number);
    }
  }

  #answer(name: string, number: number, pipe: Pipe): void {
    const fits = pipe.state === 'joining';
    if (name === 'accept-join') {
      same(this.bench.table.joined(pipe.sessionId, reply()), fits, 'joined');
      if (fits) pipe.state = 'joined';
    } else if (pipe.sessionId !== 0) {
      this.bench.table.refuse(pipe.sessionId, ERROR.E_ROOM_FULL);
      this.inRoom.delete(pipe.sessionId);
      this.pipes.delete(number);
    }
  }

  #datagram(name: string, number: number, pipe: Pipe, k: number): void {
    const verdict = this.bench.handle(number, this.#bytes(name, k));
    pipe.heardUs = this.bench.nowUs;
    same(verdict === VERDICT.packet, name === 'packet' && pipe.state === 'joined', 'packet');
    if (verdict === VERDICT.packet)
      same(this.bench.table.sessionId, pipe.sessionId, 'whose packet');
    if ((name === 'hello' || name === 'token') && pipe.state === 'open') {
      pipe.state = 'accepted';
      if (name === 'token') this.#takeOver(number, pipe, ['a', 'b', 'c'][k % 3] ?? '');
    } else if (name === 'join' && pipe.state === 'accepted') pipe.state = 'joining';
    else if (name === 'goodbye') this.pipes.delete(number);
  }

  #takeOver(number: number, pipe: Pipe, user: string): void {
    for (const [other, facts] of this.pipes)
      if (other !== number && facts.user === user) this.pipes.delete(other);
    pipe.user = user;
  }

  #bytes(name: string, k: number): Uint8Array {
    if (name === 'token') return hello(this.requests[k % 3]?.());
    if (name === 'hello') return hello();
    if (name === 'join') return join();
    return name === 'packet' ? packet() : encodeGoodbye(ERROR.E_LEFT);
  }

  #poll(): void {
    const out = this.#out;
    const closed = new Set<number>();
    while (this.bench.table.poll(out)) {
      if (closed.has(out.pipe) && out.pipe >= 0) throw new Error('something after a close');
      if (out.kind === 'join') {
        same(this.inRoom.has(out.sessionId), false, 'joins once');
        this.inRoom.add(out.sessionId);
        const pipe = this.pipes.get(out.pipe);
        if (pipe !== undefined) pipe.sessionId = out.sessionId;
      } else if (out.kind === 'left')
        same(this.inRoom.delete(out.sessionId), true, 'leaves once, after its join');
      else if (out.kind === 'close') {
        same(this.pipes.has(out.pipe), false, 'only what is over is closed');
        closed.add(out.pipe);
      } else if (out.bytes[0] === DATAGRAM.accept) {
        const pipe = this.pipes.get(out.pipe);
        if (pipe !== undefined) pipe.sessionId = decodeAccept(out.bytes)?.sessionId ?? -1;
      }
    }
  }

  #check(): void {
    const states = [...this.pipes.values()].map((pipe) => pipe.state);
    const facts = this.bench.table.facts;
    same(facts.pipes, states.length, 'pipes');
    same(facts.slots, states.length, 'slots');
    same(facts.joined, states.filter((state) => state === 'joined').length, 'joined');
    same(
      this.inRoom.size,
      states.filter((state) => state === 'joined' || state === 'joining').length,
      'sessions of rooms',
    );
    for (const [number, pipe] of this.pipes)
      same(this.bench.table.packet(pipe.sessionId), pipe.state === 'joined' ? number : -1, 'route');
  }
}

t.test('any sequence of operations leaves what the model says', async (test) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const model = new Model();
      for (const one of [['open', 0], ['open', 0], ...steps] as Step[]) model.run(one);
      return true;
    }),
    { numRuns: 400 },
  );
  test.pass();
});

function same<T>(is: T, want: T, what: string): void {
  if (is !== want) throw new Error(`${what}: ${String(is)}, not ${String(want)}`);
}

/** Lone surrogates become U+FFFD, as in UTF-8. */
function wellFormed(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

/** Good datagrams with a few bytes changed, cut or appended. */
function mutated(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(fc.tuple(fc.nat(1200), fc.nat(255)), { maxLength: 4 });
  return fc
    .tuple(fc.constantFrom(...seeds), edits, fc.integer({ min: -3, max: 3 }))
    .map(([seed, changes, more]) => {
      const bytes = new Uint8Array(Math.max(0, seed.length + more));
      bytes.set(seed.subarray(0, bytes.length));
      for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
      return bytes;
    });
}

const SLOTS = 5;
