import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { ERROR, PACKET_BYTES_MAX } from '../../protocol/gen/tables.ts';
import {
  decodeAccept,
  decodeGoodbye,
  decodeJoined,
  encodeGoodbye,
  INTENT,
} from '../../src/session/datagrams.ts';
import { sessionOutput, VERDICT } from '../../src/session/server/table.ts';
import { openTokenRequest } from '../../src/session/token.ts';
import { Bench, hello, join, KEY, packet, reply, SCHEMA, token, UNIX_MS, words } from './bench.ts';

t.test('hello and join back to back lead into a room in one exchange', async (test) => {
  const bench = new Bench();
  const pipe = bench.open('192.0.2.1');
  test.equal(bench.handle(pipe, packet()), VERDICT.dropped);
  test.equal(bench.handle(pipe, hello()), VERDICT.consumed);
  test.equal(
    bench.handle(pipe, join({ name: ' Zoë ', verify: true, choice: { id: 'r7' } })),
    VERDICT.consumed,
  );
  const [accept, order, ...rest] = bench.poll();
  test.same(words([accept, order].filter((one) => one !== undefined)), [
    `send ${pipe} accept`,
    'join',
  ]);
  test.equal(rest.length, 0);
  const sessionId = order?.sessionId ?? 0;
  test.same(decodeAccept(accept?.bytes ?? new Uint8Array()), {
    sessionId,
    attached: false,
    anew: false,
  });
  test.match(order?.join, {
    sessionId,
    name: 'Zoë',
    choice: { id: 'r7' },
    schemaHash: SCHEMA,
    verify: true,
    address: '192.0.2.1',
  });
  test.match(order?.join?.userId, /^guest-[0-9a-f]{16}$/);
  test.equal(bench.table.packet(sessionId), -1);
  test.equal(bench.table.joined(sessionId, reply({ roomId: 'r7' })), true);
  const [joined] = bench.poll();
  test.equal(decodeJoined(joined?.bytes ?? new Uint8Array())?.roomId, 'r7');
  test.equal(bench.table.packet(sessionId), pipe);
  test.equal(bench.handle(pipe, packet()), VERDICT.packet);
  test.equal(bench.table.sessionId, sessionId);
  test.match(bench.table.counters, {
    opened: 1,
    accepted: 1,
    joins: 1,
    joined: 1,
    packets: 1,
    dropState: 1,
  });
});

t.test('repeats of hello and join are answered again and change nothing', async (test) => {
  const bench = new Bench();
  const pipe = bench.open();
  for (let k = 0; k < 3; k += 1) bench.handle(pipe, hello());
  test.same(words(bench.poll()), [`send ${pipe} accept`]);
  bench.handle(pipe, hello());
  test.same(words(bench.poll()), [`send ${pipe} accept`]);
  for (let k = 0; k < 3; k += 1) bench.handle(pipe, join());
  const [order] = bench.poll();
  bench.handle(pipe, join());
  test.same(bench.poll(), []);
  bench.table.joined(order?.sessionId ?? 0, reply());
  test.equal(bench.table.joined(order?.sessionId ?? 0, reply()), false);
  test.same(words(bench.poll()), [`send ${pipe} joined`]);
  bench.handle(pipe, join());
  bench.handle(pipe, hello());
  test.same(words(bench.poll()), [`send ${pipe} joined`, `send ${pipe} accept`]);
  test.match(bench.table.counters, { accepted: 1, joins: 1, joined: 1 });
});

t.test(
  'session ids name thread, slot and generation, and are never used twice in a row',
  async (test) => {
    const bench = new Bench({ ioThread: 9 });
    const first = bench.join();
    bench.table.closed(first.pipe, bench.nowUs);
    bench.poll();
    const second = bench.join();
    test.equal(first.sessionId >>> 28, 9);
    test.equal(
      (first.sessionId >>> 14) & 0x3fff,
      (second.sessionId >>> 14) & 0x3fff,
      'the slot is used again',
    );
    test.not(first.sessionId, second.sessionId);
    test.equal(bench.table.packet(first.sessionId), -1);
    test.equal(bench.table.packet(second.sessionId), second.pipe);
    bench.table.refuse(first.sessionId, ERROR.E_KICKED);
    test.same(bench.poll(), [], 'an old id does nothing');
    test.equal(bench.table.packet(0), -1);
    test.equal(bench.table.packet(0xffff_ffff), -1);
  },
);

t.test('each refusal is a coded goodbye, a close and a count', async (test) => {
  const wrongVersion = hello(undefined, 1, { version: 2 });
  const forged = token();
  forged.request[700] = (forged.request[700] ?? 0) ^ 1;
  const rows: [string, Uint8Array[], keyof Bench['table']['refused'], object?][] = [
    ['wrong version', [wrongVersion], 'E_VERSION'],
    ['wrong schema', [hello(undefined, 1, { schemaHash: SCHEMA + 1n })], 'E_SCHEMA_MISMATCH'],
    [
      'wrong schema, upper half',
      [hello(undefined, 1, { schemaHash: SCHEMA ^ (1n << 63n) })],
      'E_SCHEMA_MISMATCH',
    ],
    ['guests not let in', [hello()], 'E_TOKEN_REQUIRED', { guests: false }],
    ['forged token', [hello(forged)], 'E_TOKEN_INVALID'],
    ['token of another key', [hello(token({ key: new Uint8Array(32) }))], 'E_TOKEN_INVALID'],
    ['expired token', [hello(token({ expireMs: 1000, nowMs: 1e12 }))], 'E_TOKEN_EXPIRED'],
    ['name too long', [hello(), join({ name: 'ä'.repeat(17) })], 'E_NAME'],
    ['name with a line break', [hello(), join({ name: 'a\nb' })], 'E_NAME'],
    ['name that turns the writing', [hello(), join({ name: 'a\u202eb' })], 'E_NAME'],
    ['join too long', [hello(), join({ choice: { create: 'x'.repeat(700) } })], 'E_OVERSIZE'],
  ];
  for (const [name, datagrams, code, options] of rows) {
    const bench = new Bench(options ?? {});
    const pipe = bench.open();
    for (const bytes of datagrams) bench.handle(pipe, bytes);
    const said = bench.poll().slice(-2);
    test.same(
      words(said),
      [`send ${pipe} goodbye ${ERROR[code]}`, `close ${pipe} ${ERROR[code]}`],
      name,
    );
    test.ok((decodeGoodbye(said[0]?.bytes ?? new Uint8Array())?.text ?? '').length > 10, name);
    test.equal(bench.table.refused[code], 1, name);
    test.equal(bench.handle(pipe, hello()), VERDICT.dropped, name);
    test.equal(bench.table.facts.held, 0, name);
  }
});

t.test('a full room is a refusal of the directory', async (test) => {
  const bench = new Bench();
  const pipe = bench.open();
  bench.handle(pipe, hello());
  bench.handle(pipe, join());
  const sessionId = bench.poll()[1]?.sessionId ?? 0;
  bench.table.refuse(sessionId, ERROR.E_ROOM_FULL);
  test.same(words(bench.poll()), [
    `send ${pipe} goodbye ${ERROR.E_ROOM_FULL}`,
    `close ${pipe} ${ERROR.E_ROOM_FULL}`,
  ]);
  test.equal(bench.table.refused.E_ROOM_FULL, 1);
  test.equal(bench.table.joined(sessionId, reply()), false);
});

t.test(
  'malformed and oversize datagrams are counted and dropped; at 64 the session is closed',
  async (test) => {
    const bench = new Bench();
    const { pipe } = bench.join();
    test.equal(bench.handle(pipe, new Uint8Array(PACKET_BYTES_MAX + 1)), VERDICT.dropped);
    test.equal(bench.table.counters.dropOversize, 1);
    const bad = [
      new Uint8Array(0),
      Uint8Array.of(0),
      Uint8Array.of(7),
      Uint8Array.of(15),
      Uint8Array.of(0x21),
      Uint8Array.of(2, 0, 1, 0, 0, 0),
      Uint8Array.of(1, 1),
      hello().subarray(0, 11),
      Uint8Array.of(5, 0, 0, 0, 9),
      Uint8Array.of(5, 1, 0, 0, 0),
    ];
    for (const bytes of bad) test.equal(bench.handle(pipe, bytes), VERDICT.dropped);
    test.equal(bench.table.counters.dropMalformed, bad.length);
    test.equal(bench.handle(pipe, packet()), VERDICT.packet, 'the session goes on');
    for (let k = bad.length; k < 64; k += 1) bench.handle(pipe, Uint8Array.of(0));
    test.same(words(bench.poll()), ['left 14', `send ${pipe} goodbye 14`, `close ${pipe} 14`]);
    const other = bench.open();
    bench.handle(other, hello());
    bench.handle(other, Uint8Array.of(3, 0xff, 0xff, 0xff));
    test.equal(bench.table.counters.dropMalformed, 65);
  },
);

t.test('too many packets or bytes are dropped; ten seconds of it end the session', async (test) => {
  const bench = new Bench({ packetsPerSecond: 100, bytesPerSecond: 10_000 });
  const { pipe } = bench.join();
  const other = bench.join();
  bench.wait(1000);
  let passed = 0;
  for (let k = 0; k < 1000; k += 1)
    if (bench.handle(pipe, packet()) === VERDICT.packet) passed += 1;
  test.equal(passed, 100);
  test.equal(bench.table.counters.dropRate, 900);
  test.equal(bench.handle(other.pipe, packet()), VERDICT.packet, 'others do not notice');
  bench.wait(1000);
  passed = 0;
  for (let k = 0; k < 20; k += 1)
    if (bench.handle(pipe, packet(1000)) === VERDICT.packet) passed += 1;
  test.equal(passed, 10, 'bytes count, too');
  let said: string[] = [];
  let ms = 0;
  for (; ms < 20_000 && said.length === 0; ms += 10) {
    for (let k = 0; k < 5; k += 1) bench.handle(pipe, packet());
    if (ms % 1000 === 0) bench.handle(other.pipe, packet());
    said = words(bench.wait(10));
  }
  test.same(said, [
    `left ${ERROR.E_RATE}`,
    `send ${pipe} goodbye ${ERROR.E_RATE}`,
    `close ${pipe} ${ERROR.E_RATE}`,
  ]);
  test.ok(ms >= 9000 && ms <= 11_500, `${ms} ms`);
});

t.test('short bursts over the limit with pauses never end a session', async (test) => {
  const bench = new Bench({ packetsPerSecond: 100 });
  const { pipe } = bench.join();
  for (let k = 0; k < 30; k += 1) {
    for (let n = 0; n < 300; n += 1) bench.handle(pipe, packet());
    test.same(bench.wait(2000), []);
  }
  test.ok(bench.table.counters.dropRate > 1000);
});

t.test('a handshake that does not end and a session that is silent time out', async (test) => {
  const bench = new Bench();
  const idle = bench.join();
  const mute = bench.open();
  const half = bench.open();
  bench.handle(half, hello());
  const unanswered = bench.open();
  bench.handle(unanswered, hello());
  bench.handle(unanswered, join());
  bench.poll();
  test.same(bench.wait(5000), []);
  test.same(words(bench.wait(1)), [
    `send ${mute} goodbye 17`,
    `close ${mute} 17`,
    `send ${half} goodbye 17`,
    `close ${half} 17`,
    'left 17',
    `send ${unanswered} goodbye 17`,
    `close ${unanswered} 17`,
  ]);
  bench.handle(idle.pipe, Uint8Array.of(0));
  test.same(bench.wait(10_000), [], 'anything that was heard counts');
  test.same(words(bench.wait(1)), [
    'left 17',
    `send ${idle.pipe} goodbye 17`,
    `close ${idle.pipe} 17`,
  ]);
  test.match(bench.table.counters, { idleTimeouts: 1, handshakeTimeouts: 3 });
  test.equal(bench.table.facts.held, 0);
});

t.test('a client that leaves, and a pipe that breaks, are told to the room once', async (test) => {
  const bench = new Bench();
  const leaver = bench.join();
  bench.handle(leaver.pipe, encodeGoodbye(ERROR.E_LEFT, 'bye'));
  bench.handle(leaver.pipe, encodeGoodbye(ERROR.E_LEFT, 'bye'));
  test.same(words(bench.poll()), [`left ${ERROR.E_LEFT}`, `close ${leaver.pipe} ${ERROR.E_LEFT}`]);
  bench.table.closed(leaver.pipe, bench.nowUs);
  const lost = bench.join();
  bench.table.closed(lost.pipe, bench.nowUs, ERROR.E_CLOSED);
  bench.table.closed(lost.pipe, bench.nowUs);
  test.same(words(bench.poll()), [`left ${ERROR.E_CLOSED}`]);
  const early = bench.open();
  bench.handle(early, hello());
  bench.handle(early, join());
  bench.table.closed(early, bench.nowUs);
  test.same(bench.poll(), [], 'a join that was not handed out is taken back');
  test.equal(bench.table.facts.held, 0);
});

t.test('a token opens one session: repeats on its pipe pass, and never another', async (test) => {
  const bench = new Bench({ guests: false });
  const request = token({ room: 'r9', userData: Uint8Array.of(4, 5) });
  const pipe = bench.open();
  bench.handle(pipe, hello(request));
  bench.handle(pipe, hello(request));
  bench.handle(pipe, join({ choice: { create: '{}' } }));
  const said = bench.poll();
  test.equal(said[0]?.kind, 'spend', 'it is used up before anything is said');
  test.same(words(said), [`send ${pipe} accept`, 'join']);
  test.match(said[2]?.join, { userId: 'ann', choice: { id: 'r9' } });
  test.same([...(said[2]?.join?.userData ?? [])], [4, 5]);
  bench.table.closed(pipe, bench.nowUs);
  bench.poll();
  const again = bench.open();
  bench.handle(again, hello(request));
  test.same(
    words(bench.poll()),
    [`send ${again} goodbye 5`, `close ${again} 5`],
    'not even after its session is over',
  );
  test.equal(bench.table.refused.E_TOKEN_REUSED, 1);
});

t.test('a token that the host cannot remember lets nobody in, nor stay', async (test) => {
  const bench = new Bench({ guests: false, resumeMs: 30_000 });
  const request = token();
  const opened = openTokenRequest(request.request, [KEY], UNIX_MS);
  if (typeof opened === 'number') throw new Error(`the token does not open: ${opened}`);
  const out = sessionOutput();
  const pipe = bench.open();
  bench.handle(pipe, hello(request));
  bench.handle(pipe, join());
  test.ok(bench.table.poll(out));
  test.match(out, { kind: 'spend', mac: opened.mac });
  bench.table.unspent(out.mac);
  const gone = [`send ${pipe} goodbye 42`, `close ${pipe} 42`];
  test.same(words(bench.poll()), gone, 'neither accepted nor seated');
  const proven = bench.open('192.0.2.9', { headers: null, permit: opened });
  bench.handle(proven, hello(undefined, 1, { pipe: 1 }));
  test.same(words(bench.poll()), [`send ${proven} goodbye 42`, `close ${proven} 42`]);
  // A second token of a live session: the pipe that it brought was told nothing yet, so all of the session goes.
  const [first, second] = [token({ session: 77n }), token({ session: 77n })];
  const live = bench.join(undefined, first);
  const later = bench.open();
  bench.handle(later, hello(second, 2, { intent: INTENT.attach }));
  test.ok(bench.table.poll(out));
  test.equal(out.kind, 'spend');
  bench.table.unspent(out.mac);
  const said = words(bench.poll());
  test.ok(said.includes('left 42') && said.includes(`close ${later} 42`), said.join());
  test.ok(
    said.includes(`close ${live.pipe} 42`) && !said.some((one) => / accept/.test(one)),
    said.join(),
  );
});

t.test('used tokens are kept until they expire, and no more than the limit', async (test) => {
  const bench = new Bench({ usedTokensMax: 2 });
  for (const userId of ['a', 'b'])
    bench.handle(bench.open(), hello(token({ userId, expireMs: 10_000 })));
  const third = bench.open();
  bench.handle(third, hello(token({ userId: 'c' })));
  test.equal(words(bench.poll()).at(-1), `close ${third} ${ERROR.E_SESSIONS_LIMIT}`);
  test.equal(bench.table.facts.usedTokens, 2);
  bench.wait(6000);
  test.equal(bench.table.facts.usedTokens, 0);
});

t.test('a newer session of the same player takes over', async (test) => {
  const bench = new Bench();
  const old = bench.join(undefined, token());
  const pipe = bench.open();
  bench.handle(pipe, hello(token()));
  bench.handle(pipe, join());
  test.same(words(bench.poll()), [
    `left ${ERROR.E_REPLACED}`,
    `send ${old.pipe} goodbye 21`,
    `close ${old.pipe} 21`,
    `send ${pipe} accept`,
    'join',
  ]);
  test.equal(bench.table.counters.replaced, 1);
});

t.test('a place that is used again carries nothing over', async (test) => {
  const bench = new Bench({ sessionsMax: 1, packetsPerSecond: 200 });
  const ann = bench.join(undefined, token());
  for (let k = 0; k < 63; k += 1) bench.handle(ann.pipe, Uint8Array.of(0));
  for (let k = 0; k < 200; k += 1) bench.handle(ann.pipe, packet());
  bench.table.closed(ann.pipe, bench.nowUs);
  bench.poll();
  const guest = bench.join();
  for (let k = 0; k < 63; k += 1) bench.handle(guest.pipe, Uint8Array.of(0));
  test.same(bench.poll(), [], 'neither the count of malformed datagrams');
  test.equal(bench.handle(guest.pipe, packet()), VERDICT.packet, 'nor the rate');
  test.equal(bench.table.facts.joined, 1);
});

t.test('a place has no next owner until its room can have heard of the end', async (test) => {
  const bench = new Bench({ sessionsMax: 1 });
  const first = bench.join();
  bench.table.closed(first.pipe, bench.nowUs, ERROR.E_CLOSED);
  const early = bench.open();
  bench.handle(early, hello());
  const said = bench.poll();
  test.same(words(said), [
    `left ${ERROR.E_CLOSED}`,
    `send ${early} goodbye ${ERROR.E_SESSIONS_LIMIT}`,
    `close ${early} ${ERROR.E_SESSIONS_LIMIT}`,
  ]);
  test.equal(said[0]?.sessionId, first.sessionId);
  const second = bench.join();
  test.not(second.sessionId, first.sessionId);
  test.equal(bench.table.packet(second.sessionId), second.pipe);
});

t.test('a player who comes back ends nobody who has taken the old slot meanwhile', async (test) => {
  const bench = new Bench({ sessionsMax: 2 });
  const ann = bench.join(undefined, token());
  bench.table.closed(ann.pipe, bench.nowUs);
  bench.poll();
  const guest = bench.join();
  test.equal((guest.sessionId >>> 14) & 0x3fff, (ann.sessionId >>> 14) & 0x3fff);
  const again = bench.join(undefined, token());
  test.equal(bench.table.packet(guest.sessionId), guest.pipe);
  test.equal(bench.table.packet(again.sessionId), again.pipe);
  test.equal(bench.table.counters.replaced, 0);
});

t.test('upper bits of the first byte belong to packets alone', async (test) => {
  const bench = new Bench();
  const pipe = bench.open();
  const marked = hello();
  marked[0] = 0x11;
  test.equal(bench.handle(pipe, marked), VERDICT.dropped);
  test.equal(bench.table.counters.dropMalformed, 1);
});

t.test('two keys are valid at a time, and can be changed while it runs', async (test) => {
  const bench = new Bench();
  const old = token({ userId: 'old' });
  const next = new Uint8Array(32).fill(8);
  bench.table.setTokenKeys([next]);
  const refused = bench.open();
  bench.handle(refused, hello(old));
  test.equal(words(bench.poll()).at(-1), `close ${refused} 3`);
  bench.table.setTokenKeys([next, Uint8Array.from({ length: 32 }, (_, k) => k + 1)]);
  test.not(bench.join(undefined, old).sessionId, 0);
  test.not(bench.join(undefined, token({ userId: 'new', key: next })).sessionId, 0);
});

t.test('a draining server greets nobody; ending all tells clients and rooms', async (test) => {
  const bench = new Bench();
  const one = bench.join();
  bench.table.draining = true;
  const late = bench.open();
  bench.handle(late, hello());
  test.same(words(bench.poll()), [`send ${late} goodbye 18`, `close ${late} 18`]);
  test.equal(bench.handle(one.pipe, packet()), VERDICT.packet);
  bench.table.endAll(ERROR.E_SHUTDOWN, 'back in a minute');
  const said = bench.poll();
  test.same(words(said), ['left 18', `send ${one.pipe} goodbye 18`, `close ${one.pipe} 18`]);
  test.equal(decodeGoodbye(said[1]?.bytes ?? new Uint8Array())?.text, 'back in a minute');
});

t.test('nobody polling: everything stays bounded', async (test) => {
  const bench = new Bench({ sessionsMax: 8 });
  for (let k = 0; k < 5000; k += 1) {
    const pipe = bench.open(`10.0.${k >> 8}.${k & 255}`);
    bench.handle(pipe, hello());
    bench.handle(pipe, join());
    if (k % 2 === 0) bench.table.closed(pipe, bench.nowUs);
  }
  test.ok(bench.table.facts.held <= 2 * 8 + 8);
  test.ok(bench.table.facts.addresses <= 16 + 16);
  test.ok(bench.poll().length <= 1024 + 24 * 6);
  test.ok(bench.table.counters.closesForgotten > 3000);
});

t.test('the path of a packet allocates nothing', async (test) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const bench = new Bench({ packetsPerSecond: 1e9, bytesPerSecond: 1e12 });
  const { pipe } = bench.join();
  const bytes = packet(40);
  const nowUs = bench.nowUs;
  const run = (count: number): void => {
    for (let k = 0; k < count; k += 1) bench.table.handle(pipe, bytes, nowUs);
  };
  run(200_000);
  // Compilers come when they like, and what they leave behind is none of ours: an object for one packet in a hundred would be
  // there in every round.
  let bytesLeast = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS_MAX && bytesLeast >= BYTES_MAX; round += 1) {
    collect();
    const before = process.memoryUsage().heapUsed;
    run(PACKETS);
    bytesLeast = Math.min(bytesLeast, process.memoryUsage().heapUsed - before);
  }
  test.ok(bytesLeast < BYTES_MAX, `${bytesLeast} bytes in ${PACKETS} packets`);
});

const PACKETS = 100_000;
const ROUNDS_MAX = 20;
/** Half of what one object of 16 bytes per 100 packets makes. */
const BYTES_MAX = (PACKETS / 100) * 8;
