/** Which pipes are carried past the I/O thread, and until when. */
import t from 'tap';
import { Carrying, type CarryingParts } from '../../src/carrying.ts';
import { createRoutes, linkFor, slotOf } from '../../src/mailbox/messages.ts';

/** Session in slot `slot` of I/O thread 0. */
const session = (slot: number): number => (slot << 14) | 1;
/** Pipe of the transport in place 1, and one of a transport that carries nothing. */
const UDP = (1 << 28) | 7;
const OTHER = (1 << 28) | 8;
const WEBSOCKET = 5;

function bench() {
  const told: string[] = [];
  const routes = createRoutes();
  const workers = new Map([
    [session(3), 2],
    [session(4), 0],
  ]);
  let carried: (pipe: number, packets: number, refused: number) => void = () => {};
  const udp = {
    index: 1,
    carryIn: (pipe: number, whose: number, worker: number) =>
      void told.push(`in ${pipe & 15} ${slotOf(whose)} ${worker}`),
    carryOut: (pipe: number, whose: number) => {
      told.push(`out ${pipe & 15} ${slotOf(whose)}`);
      return 2;
    },
    uncarry: (pipe: number) => void told.push(`end ${pipe & 15}`),
    onCarried: (fn: typeof carried) => {
      carried = fn;
    },
    roomsSince: () => ({ inboxFull: 1, replaced: 2, packetsGone: 3 }),
  };
  const counters = { inboxFull: 10, replaced: 20, packetsGone: 30 };
  const parts = {
    transports: [{ index: 0 }, udp],
    sessions: {
      carried: (pipe: number, { packets, refused }: { packets: number; refused: number }) =>
        void told.push(`carried ${pipe & 15} ${packets} ${refused}`),
    },
    directory: { workerOf: (whose: number) => workers.get(whose) ?? -1, counters },
    clock: { nowUs: () => 0 },
    routes,
  };
  const carrying = new Carrying(parts as unknown as CarryingParts);
  const taken = (): string[] => told.splice(0);
  const route = (slot: number): number => linkFor(session(slot), new Uint8Array(routes));
  return {
    carrying,
    taken,
    route,
    counters,
    carry: (...of: [number, number, number]) => carried(...of),
  };
}

t.test(
  'a packet that has gone the long way begins it, what is said of the session ends it',
  async (t) => {
    const { carrying, taken, route } = bench();
    carrying.heard(UDP, session(3));
    carrying.sent(UDP, session(3));
    t.same(taken(), ['in 7 3 2', 'out 7 3']);
    t.same(
      [route(3), route(4)],
      [2, 0],
      'its snapshots leave by that thread, those of others do not',
    );
    carrying.end(session(4));
    t.same(taken(), []);
    carrying.end(session(3));
    t.same(taken(), ['end 7']);
    t.equal(route(3), 0);
    carrying.end(session(3));
    t.same(taken(), [], 'once');
  },
);

t.test('nothing is carried without a seat, or by a transport that cannot', async (t) => {
  const { carrying, taken, route } = bench();
  carrying.heard(UDP, session(9));
  carrying.heard(WEBSOCKET, session(3));
  carrying.sent(WEBSOCKET, session(3));
  carrying.closed(WEBSOCKET);
  t.same(taken(), []);
  t.equal(route(3), 0);
});

t.test('a pipe that closes ends it for all pipes of its session', async (t) => {
  const { carrying, taken, route } = bench();
  carrying.heard(UDP, session(3));
  carrying.heard(OTHER, session(3));
  carrying.sent(OTHER, session(3));
  taken();
  carrying.closed(UDP);
  t.same(taken(), ['end 7', 'end 8']);
  t.equal(route(3), 0);
  carrying.closed(OTHER);
  t.same(taken(), []);
});

t.test('a room that moves takes along what is carried', async (t) => {
  const { carrying, taken } = bench();
  carrying.heard(UDP, session(3));
  taken();
  carrying.moved([session(3), session(4)], 1);
  t.same(taken(), ['in 7 3 1']);
});

t.test('what was carried is told, and what became of it is counted', async (t) => {
  const { carrying, taken, counters, carry } = bench();
  carry(UDP, 12, 1);
  t.same(taken(), ['carried 7 12 1']);
  carrying.count();
  t.same(counters, { inboxFull: 11, replaced: 22, packetsGone: 33 });
});
