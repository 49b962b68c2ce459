/** Sessions outlive their pipes: silence, loss, another pipe, a page that has lost its state, and the tokens for all that. */
import t from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { decodeAccept, decodeJoined, encodeGoodbye, INTENT } from '../../src/session/datagrams.ts';
import type { SessionOptions } from '../../src/session/server/table.ts';
import { VERDICT } from '../../src/session/server/table.ts';
import { openConnectToken, openTokenRequest } from '../../src/session/token.ts';
import type { Said } from './bench.ts';
import {
  Bench,
  hello,
  join,
  KEY,
  packet,
  reply,
  sessionToken,
  token,
  UNIX_MS,
  words,
} from './bench.ts';

/** As a server does by default, but for tokens of sessions. */
const WAITING: Partial<SessionOptions> = { dropMs: 1000, resumeMs: 30_000 };
const ATTACH = { intent: INTENT.attach };
const NONE = new Uint8Array(0);

t.test('a session outlives its pipe, and goes on over another one', async (test) => {
  const bench = new Bench(WAITING);
  const ann = token();
  const first = bench.join('1.1.1.1', ann);
  bench.table.closed(first.pipe, bench.nowUs);
  test.same(bench.poll(), [], 'nobody is told');
  test.equal(bench.table.packet(first.sessionId), -1);
  test.same(bench.wait(900), []);
  test.equal(bench.table.away, 0);
  test.same(words(bench.wait(200)), ['drop']);
  test.equal(bench.table.away, 1);
  test.same(bench.wait(9000), [], 'told once');
  const second = bench.open('2.2.2.2');
  bench.handle(second, hello(ann, 2, ATTACH));
  const said = bench.poll();
  test.same(words(said), [`send ${second} accept`, 'resume']);
  test.same(decodeAccept(said[0]?.bytes ?? NONE), {
    sessionId: first.sessionId,
    attached: true,
    anew: false,
  });
  test.equal(bench.table.packet(first.sessionId), second);
  test.equal(bench.handle(second, packet()), VERDICT.packet);
  test.equal(bench.table.sessionId, first.sessionId);
  test.equal(bench.table.away, 0);
  test.equal(bench.table.resumed(first.sessionId, null), true);
  test.equal(bench.table.resumed(first.sessionId, null), false, 'once');
  test.match(bench.table.counters, { accepted: 1, attached: 1, drops: 1, resumes: 1, left: 0 });
});

t.test('who stays away is out after resumeMs, and is told to the room once', async (test) => {
  const bench = new Bench(WAITING);
  const { pipe } = bench.join(undefined, token());
  bench.table.closed(pipe, bench.nowUs);
  test.same(words(bench.wait(1100)), ['drop']);
  test.same(bench.wait(30_000 - 100), []);
  test.equal(bench.table.away, 1);
  test.same(words(bench.wait(200)), [`left ${ERROR.E_TIMEOUT}`]);
  test.equal(bench.table.away, 0);
  test.match(bench.table.counters, { resumeTimeouts: 1, idleTimeouts: 0, left: 1 });
  test.match(bench.table.facts, { joined: 0, held: 0 });
});

t.test('nobody is waited for whose browser says that the page was left', async (test) => {
  const bench = new Bench(WAITING);
  const { pipe } = bench.join(undefined, token());
  bench.table.closed(pipe, bench.nowUs, ERROR.E_OK);
  test.same(words(bench.poll()), [`left ${ERROR.E_LEFT}`]);
  test.match(bench.table.facts, { joined: 0, held: 0 });
});

t.test('a silent pipe is closed after idleTimeoutMs, and its session waits on', async (test) => {
  const bench = new Bench(WAITING);
  const { pipe, sessionId } = bench.join(undefined, token());
  test.same(words(bench.wait(1100)), ['drop']);
  test.equal(bench.handle(pipe, packet()), VERDICT.packet, 'its next packet counts');
  test.same(words(bench.poll()), ['resume']);
  bench.table.resumed(sessionId, null);
  test.same(words(bench.wait(10_100)), ['drop', `close ${pipe} ${ERROR.E_TIMEOUT}`]);
  test.equal(bench.table.counters.idleTimeouts, 1);
  test.same(words(bench.wait(22_000)), [`left ${ERROR.E_TIMEOUT}`]);
});

t.test('the game may shorten the wait, and never lengthen it', async (test) => {
  const bench = new Bench(WAITING);
  const { pipe, sessionId } = bench.join(undefined, token());
  bench.table.shorten(sessionId, 500);
  test.same(words(bench.wait(1100)), ['drop']);
  bench.table.shorten(sessionId, 3000);
  bench.table.shorten(sessionId, 60_000);
  test.same(bench.wait(2900), []);
  test.same(words(bench.wait(200)), [
    `left ${ERROR.E_TIMEOUT}`,
    `send ${pipe} goodbye 17`,
    `close ${pipe} 17`,
  ]);
});

t.test('a drop that the room has not heard of is taken back', async (test) => {
  const bench = new Bench(WAITING);
  const { pipe } = bench.join(undefined, token());
  bench.pass(1100);
  test.equal(bench.handle(pipe, packet()), VERDICT.packet);
  test.same(bench.poll(), []);
  test.same(words(bench.wait(1100)), ['drop'], 'and the next one is told');
});

t.test('until the room has answered a resume there is no other drop', async (test) => {
  const bench = new Bench(WAITING);
  const { pipe, sessionId } = bench.join(undefined, token());
  bench.wait(1100);
  bench.handle(pipe, packet());
  test.same(words(bench.poll()), ['resume']);
  test.same(bench.wait(5000), []);
  bench.table.resumed(sessionId, null);
  test.same(words(bench.wait(1100)), ['drop']);
  bench.handle(pipe, packet());
  bench.poll();
  const said = words(bench.wait(60_000));
  test.ok(said.includes(`left ${ERROR.E_TIMEOUT}`), 'a room that never answers holds nobody');
  test.equal(bench.table.facts.held, 0);
});

t.test('a goodbye is a deliberate leave: no drop, on whichever pipe', async (test) => {
  const bench = new Bench(WAITING);
  const ann = token();
  const { pipe } = bench.join(undefined, ann);
  const other = bench.open();
  bench.handle(other, hello(ann, 2, ATTACH));
  bench.poll();
  bench.handle(pipe, encodeGoodbye(ERROR.E_OK));
  test.same(words(bench.poll()), [`left ${ERROR.E_LEFT}`, `close ${pipe} 19`, `close ${other} 19`]);
  test.same(bench.wait(40_000), []);
  test.equal(bench.table.facts.held, 0);
});

t.test('a switch: both pipes are heard for a second, the newest carries', async (test) => {
  const { bench, pipe, sessionId, second } = onTwoPipes();
  test.same(words(bench.poll()), [`send ${second} accept`], 'the room hears nothing of it');
  test.equal(bench.table.packet(sessionId), second);
  for (const one of [pipe, second, pipe]) test.equal(bench.handle(one, packet()), VERDICT.packet);
  test.same(bench.wait(900), []);
  bench.handle(pipe, packet());
  test.same(words(bench.wait(200)), [`close ${pipe} 0`]);
  test.equal(bench.handle(pipe, packet()), VERDICT.dropped);
  test.equal(bench.table.packet(sessionId), second);
});

t.test('a switch back to the pipe that was left: it carries again, and stays', async (test) => {
  const { bench, ann, pipe, sessionId, second } = onTwoPipes();
  bench.poll();
  bench.handle(pipe, hello(ann, 2, ATTACH));
  bench.handle(pipe, hello(token(), 9, ATTACH));
  test.equal(
    bench.table.packet(sessionId),
    second,
    'not by a number that was shown, or a stranger',
  );
  bench.poll();
  bench.handle(pipe, hello(ann, 3, ATTACH));
  test.same(words(bench.poll()), [`send ${pipe} accept`]);
  test.equal(bench.table.packet(sessionId), pipe);
  const closed: string[] = [];
  for (let k = 0; k < 4; k += 1) {
    bench.handle(pipe, packet());
    closed.push(...words(bench.wait(900)));
  }
  test.same(closed, [`close ${second} 0`], 'the other one is closed after a second');
  test.equal(bench.table.packet(sessionId), pipe);
});

t.test('the same over UDP, whose hello has a number and no proof', async (test) => {
  const bench = new Bench(WAITING);
  const ann = token();
  const permit = openTokenRequest(ann.request, [KEY], UNIX_MS);
  if (typeof permit === 'number') throw new Error(`The token does not open: ${permit}`);
  bench.table.tokens.claim(permit.mac, permit);
  const udp = bench.open('1.1.1.1', { headers: null, permit });
  bench.handle(udp, hello(undefined, 1, { pipe: 1 }));
  bench.handle(udp, join());
  const { sessionId = 0 } = bench.poll().find((one) => one.kind === 'join') ?? {};
  bench.table.joined(sessionId, reply());
  const web = bench.open('1.1.1.1');
  bench.handle(web, hello(ann, 2, ATTACH));
  bench.poll();
  test.equal(bench.table.packet(sessionId), web);
  for (const number of [0, 1, 2]) {
    bench.handle(udp, hello(undefined, 1, { pipe: number, ...ATTACH }));
    test.same(words(bench.poll()), [`send ${udp} accept`], 'a repeat, or one that came late');
    test.equal(bench.table.packet(sessionId), web);
  }
  bench.handle(udp, hello(undefined, 1, { pipe: 3, ...ATTACH }));
  test.same(words(bench.poll()), [`send ${udp} accept`]);
  test.equal(bench.table.packet(sessionId), udp);
  for (let k = 0; k < 2; k += 1) {
    bench.handle(udp, packet());
    bench.wait(900);
  }
  test.equal(bench.table.packet(sessionId), udp, 'and stays');
  const late = bench.open('1.1.1.1');
  bench.handle(late, hello(ann, 3, ATTACH));
  test.equal(bench.table.refused.E_ATTACH_REPLAY, 1, 'its number is that of the session');
});

t.test('a pipe stays with its session, whoever else shows a token on it', async (test) => {
  const { bench, pipe, sessionId, second } = onTwoPipes();
  bench.poll();
  const ben = token({ userId: 'ben' });
  const other = bench.join('2.2.2.2', ben);
  bench.handle(pipe, hello(ben, 9, ATTACH));
  test.equal(bench.table.refused.E_TOKEN_INVALID, 1);
  test.equal(bench.table.packet(sessionId), second);
  test.equal(bench.table.packet(other.sessionId), other.pipe);
});

t.test('where the newer pipe is lost, the older one carries again', async (test) => {
  const { bench, pipe, sessionId, second } = onTwoPipes();
  bench.poll();
  bench.table.closed(second, bench.nowUs);
  test.equal(bench.table.packet(sessionId), pipe);
  for (let k = 0; k < 4; k += 1) {
    bench.handle(pipe, packet());
    test.same(bench.wait(900), []);
  }
});

t.test('of three pipes the oldest is closed at once', async (test) => {
  const bench = new Bench(WAITING);
  const ann = token();
  const { pipe, sessionId } = bench.join('1.1.1.1', ann);
  const [second, third] = [bench.open(), bench.open()];
  bench.handle(second, hello(ann, 2, ATTACH));
  bench.handle(third, hello(ann, 3, ATTACH));
  test.same(words(bench.poll()), [
    `send ${second} accept`,
    `close ${pipe} 0`,
    `send ${third} accept`,
  ]);
  test.equal(bench.table.packet(sessionId), third);
});

t.test('repeats of an attach on its own pipe pass, and change nothing', async (test) => {
  const bench = new Bench(WAITING);
  const ann = token();
  const { pipe } = bench.join(undefined, ann);
  const second = bench.open();
  for (let k = 0; k < 3; k += 1) bench.handle(second, hello(ann, 2, ATTACH));
  test.same(words(bench.poll()), [`send ${second} accept`]);
  bench.handle(pipe, hello(ann, 1));
  test.same(words(bench.poll()), [`send ${pipe} accept`]);
  test.equal(bench.table.counters.attached, 1);
});

t.test('a page that has lost its state: same session, a new channel, one page', async (test) => {
  const bench = new Bench(WAITING);
  const ann = token();
  const { pipe, sessionId } = bench.join('1.1.1.1', ann);
  const second = bench.open('1.1.1.1');
  bench.handle(second, hello(ann, 2));
  bench.handle(second, join({ verify: true }));
  const said = bench.poll();
  test.same(words(said), [
    `send ${second} accept`,
    `send ${pipe} goodbye ${ERROR.E_REPLACED}`,
    `close ${pipe} ${ERROR.E_REPLACED}`,
    'resume fresh',
  ]);
  test.equal(said.at(-1)?.verify, true);
  bench.handle(second, join({ verify: true }));
  test.same(bench.poll(), [], 'the old reply is not for it');
  test.equal(bench.table.resumed(sessionId, reply({ epoch: 77 })), true);
  const [joined] = bench.poll();
  test.equal(decodeJoined(joined?.bytes ?? NONE)?.epoch, 77);
  bench.handle(second, join());
  test.equal(decodeJoined(bench.poll()[0]?.bytes ?? NONE)?.epoch, 77, 'again for a repeat');
  test.match(bench.table.counters, { joins: 1, joined: 1, freshResumes: 1, left: 0 });
});

t.test('a page that is lost again before its answer came begins anew once more', async (test) => {
  const bench = new Bench(WAITING);
  const ann = token();
  const { sessionId } = bench.join('1.1.1.1', ann);
  const open = (attach: number): number => {
    const pipe = bench.open('1.1.1.1');
    bench.handle(pipe, hello(ann, attach));
    bench.handle(pipe, join());
    return pipe;
  };
  const second = open(2);
  bench.poll();
  bench.table.closed(second, bench.nowUs);
  const third = open(3);
  test.same(words(bench.poll()), [`send ${third} accept`], 'one resume is under way at a time');
  bench.table.resumed(sessionId, reply({ epoch: 2 }));
  test.same(words(bench.poll()), ['resume fresh']);
  bench.table.resumed(sessionId, reply({ epoch: 3 }));
  test.equal(decodeJoined(bench.poll()[0]?.bytes ?? NONE)?.epoch, 3);
});

t.test('a pipe lost during the handshake is come back to with the same token', async (test) => {
  const bench = new Bench(WAITING);
  const ann = token();
  const first = bench.open();
  bench.handle(first, hello(ann, 1));
  bench.handle(first, join());
  const sessionId = bench.poll().find((one) => one.kind === 'join')?.sessionId ?? 0;
  bench.table.closed(first, bench.nowUs);
  bench.table.joined(sessionId, reply());
  test.same(bench.poll(), []);
  const second = bench.open();
  bench.handle(second, hello(ann, 2));
  bench.handle(second, join());
  test.same(words(bench.poll()), [`send ${second} accept`, 'resume fresh']);
  const guest = bench.open();
  bench.handle(guest, hello());
  bench.poll();
  bench.table.closed(guest, bench.nowUs);
  test.equal(bench.table.facts.joined, 1);
  test.equal(bench.table.facts.held, 2, 'a guest without a place has nothing to come back with');
});

t.test(
  'session tokens: told when joined, renewed at half life, good for attaching',
  async (test) => {
    const bench = new Bench({ ...WAITING, sessionTokenMs: 60_000 });
    const { pipe, sessionId } = bench.join('1.1.1.1');
    const heard = (ms: number): Said[] => {
      const said: Said[] = [];
      for (let k = 0; k < ms / 500; k += 1) {
        bench.handle(pipe, packet());
        said.push(...bench.wait(500));
      }
      return said;
    };
    const [told, ...rest] = heard(1000);
    test.equal(told?.kind, 'tell');
    test.equal(rest.length, 0);
    bench.table.untold(sessionId);
    const again = heard(1000);
    test.same(words(again), ['tell'], 'tried again');
    const guest = sessionToken(again[0]);
    const facts = openConnectToken(guest.bytes, { keys: [KEY], nowMs: UNIX_MS + 8000 });
    test.match(facts.userId, /^guest-/);
    test.equal(facts.room, 'r1');
    test.same(words(heard(29_000)), []);
    test.same(words(heard(2000)), ['tell'], 'at half of its life');
    bench.table.closed(pipe, bench.nowUs);
    bench.wait(1100);
    const back = bench.open('9.9.9.9');
    bench.handle(back, hello(guest.held, 1, ATTACH));
    const said = bench.poll();
    test.equal(said[0]?.kind, 'spend');
    test.same(words(said), [`send ${back} accept`, 'resume']);
    test.equal(bench.table.packet(sessionId), back);
  },
);

t.test(
  'who has come back over UDP, which takes a token once, is told another at once',
  async (test) => {
    const bench = new Bench({ ...WAITING, sessionTokenMs: 300_000 });
    const { pipe } = bench.join('1.1.1.1', token());
    const told = bench.wait(200).find((one) => one.kind === 'tell');
    const permit = openTokenRequest(sessionToken(told).held.request, [KEY], UNIX_MS);
    if (typeof permit === 'number') return test.fail(`${permit}`);
    bench.handle(pipe, packet());
    const udp = bench.open('2.2.2.2', { headers: null, permit });
    bench.handle(udp, hello(undefined, 1, { pipe: 1, ...ATTACH }));
    test.same(words(bench.poll()), [`send ${udp} accept`]);
    bench.handle(udp, packet());
    test.same(words(bench.wait(200)), ['tell'], 'and not after half of the life of the first');
    bench.handle(udp, packet());
    test.same(words(bench.wait(900)), [`close ${pipe} 0`], 'once');
  },
);

t.test('a session token opens its session again after a restart, once', async (test) => {
  const bench = new Bench({ ...WAITING, sessionTokenMs: 60_000 });
  bench.join('1.1.1.1', token({ userId: 'zoe' }));
  const told = bench.wait(200).find((one) => one.kind === 'tell');
  const { held: zoe } = sessionToken(told);
  const next = new Bench({ ...WAITING, guests: false });
  const pipe = next.open();
  next.handle(pipe, hello(zoe, 5, ATTACH));
  test.same(words(next.poll()), [`send ${pipe} goodbye 48`, `close ${pipe} 48`], 'none is live');
  const play = next.open();
  next.handle(play, hello(zoe, 6));
  next.handle(play, join());
  const said = next.poll();
  test.same(words(said), [`send ${play} accept`, 'join']);
  test.equal(said.at(-1)?.join?.userId, 'zoe');
  const spent = said.filter((one) => one.kind === 'spend');
  test.equal(spent.length, 1);
  const third = new Bench({ ...WAITING, used: spent });
  const late = third.open();
  third.handle(late, hello(zoe, 7));
  test.same(words(third.poll()), [`send ${late} goodbye 5`, `close ${late} 5`]);
});

t.test('a draining server lets live sessions change pipes', async (test) => {
  const bench = new Bench(WAITING);
  const ann = token();
  const { sessionId } = bench.join(undefined, ann);
  bench.table.draining = true;
  const second = bench.open();
  bench.handle(second, hello(ann, 2, ATTACH));
  test.equal(bench.table.packet(sessionId), second);
});

t.test(
  'with resumeMs 0 a lost pipe ends its session at once; the silent one is out',
  async (test) => {
    const bench = new Bench({ dropMs: 1000, resumeMs: 0 });
    const lost = bench.join(undefined, token());
    bench.table.closed(lost.pipe, bench.nowUs);
    test.same(words(bench.poll()), [`left ${ERROR.E_LEFT}`]);
    const silent = bench.join();
    test.same(words(bench.wait(1100)), ['drop']);
    test.same(words(bench.wait(9100)), [
      `left ${ERROR.E_TIMEOUT}`,
      `send ${silent.pipe} goodbye 17`,
      `close ${silent.pipe} 17`,
    ]);
  },
);

t.test('a peer that breaks the rules of its transport is not waited for', async (test) => {
  const bench = new Bench(WAITING);
  const { pipe } = bench.join(undefined, token());
  bench.table.closed(pipe, bench.nowUs, ERROR.E_OVERSIZE);
  test.same(words(bench.poll()), [`left ${ERROR.E_OVERSIZE}`]);
});

/** Ann has joined on one pipe and shows her token on a second; not polled yet. */
function onTwoPipes() {
  const bench = new Bench(WAITING);
  const ann = token();
  const { pipe, sessionId } = bench.join('1.1.1.1', ann);
  const second = bench.open('1.1.1.1');
  bench.handle(second, hello(ann, 2, ATTACH));
  return { bench, ann, pipe, sessionId, second };
}
