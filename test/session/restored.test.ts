/** Sessions whose room goes on, after the death of its server, as of a moment before. */
import t from 'tap';
import { decodeAccept, decodeJoined, INTENT } from '../../src/session/datagrams.ts';
import type { SessionOptions } from '../../src/session/server/table.ts';
import { VERDICT } from '../../src/session/server/table.ts';
import { Bench, hello, join, packet, reply, token, words } from './bench.ts';

const WAITING: Partial<SessionOptions> = { dropMs: 1000, resumeMs: 30_000 };
const ATTACH = { intent: INTENT.attach };
const NONE = new Uint8Array(0);

/** A host that has come back, with the session of one client. */
function restored(): { bench: Bench; ann: ReturnType<typeof token>; sessionId: number } {
  const [before, bench] = [new Bench(WAITING), new Bench(WAITING)];
  const ann = token();
  const { sessionId } = before.join('1.1.1.1', ann);
  const { kept } = before;
  if (kept === null || !bench.table.restore(kept, bench.nowUs)) throw new Error('nothing is kept');
  return { bench, ann, sessionId };
}

t.test(
  'of a client whose room lost its last moments nothing counts before its join is answered (seed 4281)',
  async (test) => {
    const { bench, ann, sessionId } = restored();
    // Said once, and said again by somebody who has heard it: the disk did not take down its number in time.
    const heard = bench.open('6.6.6.6');
    bench.handle(heard, hello(ann, 2, ATTACH));
    bench.handle(heard, join({ known: { messagesRead: 7, tick: 90 } }));
    test.equal(bench.handle(heard, packet()), VERDICT.dropped, 'of the room as it was');
    test.ok(words(bench.poll()).includes('resume fresh'));
    bench.table.resumed(sessionId, reply({ epoch: 2 }));
    bench.poll();
    const pipe = bench.open('1.1.1.1');
    bench.handle(pipe, hello(ann, 3, ATTACH));
    const accept = bench.poll().map(({ bytes }) => decodeAccept(bytes));
    test.match(accept, [{ anew: true }], 'whose session it is hears of that, and joins');
    bench.handle(pipe, join({ known: { messagesRead: 9, tick: 123 } }));
    test.equal(bench.handle(pipe, packet()), VERDICT.packet);
  },
);

t.test(
  'a client that comes back over two pipes at once, to a room that lost its last moments, begins anew once',
  async (test) => {
    const { bench, ann, sessionId } = restored();
    const known = { messagesRead: 7, tick: 90 };
    const comes = (attach: number, knows = known): number => {
      const pipe = bench.open('1.1.1.1');
      bench.handle(pipe, hello(ann, attach, ATTACH));
      bench.handle(pipe, join({ known: knows }));
      return pipe;
    };
    const first = comes(2);
    test.ok(words(bench.poll()).includes('resume fresh'), `${first}`);
    bench.table.resumed(sessionId, reply({ epoch: 2 }));
    test.equal(decodeJoined(bench.poll()[0]?.bytes ?? NONE)?.epoch, 2);
    const second = comes(3);
    const said = bench.poll();
    test.notOk(words(said).includes('resume fresh'), 'its channel is the one that has begun');
    const replies = said.map(({ bytes }) => decodeJoined(bytes)?.epoch).filter(Boolean);
    test.same(replies, [2], 'and the second pipe is told of it');
    // Its address changes before a packet of it has come.
    comes(4, { messagesRead: 9, tick: 123 });
    test.notOk(words(bench.poll()).includes('resume fresh'), 'nor as it has heard of later ticks');
    test.equal(bench.handle(second, packet()), VERDICT.packet);
    const third = comes(5);
    test.notOk(words(bench.poll()).includes('resume fresh'), `nor for ${third}, late`);
  },
);
