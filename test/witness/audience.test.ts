/**
 * Who gets to know what, judged by the bytes themselves: two rooms that differ in one value send the same packets to
 * everybody whom that value is not for. On the real core, with clients that acknowledge.
 */
import { test } from 'tap';
import { Bench } from '../plugin/bench.ts';
import { type LedgerRoom, ledgerGame } from '../plugin/games.ts';

const TICKS = 40;
/** When the two rooms part. */
const TICK = 20;
const PLAYERS = 3;

/** Packets by slot, one after the other, of a room in which something is set to `value` in tick TICK. */
function packetsOf(set: (room: LedgerRoom, value: number) => unknown, value: number): string[] {
  const bench = new Bench(
    ledgerGame({
      onCreate(room) {
        room.spawn('crate', { x: -8, y: 0, content: 1 });
        room.spawn('target', { x: 25, y: 25 });
      },
      // The first two see each other; the third, 20 units away, sees nobody: the view radius is 10.
      onJoin: (room, p) => room.place(p, { x: [-5, 0, 20][p.slot] ?? 0, y: 0 }),
      onTick(room) {
        if (room.tick === TICK) set(room, value);
      },
    }),
  );
  for (let slot = 0; slot < PLAYERS; slot += 1) bench.join(slot);
  bench.tick();
  const clients = Array.from({ length: PLAYERS }, (_, slot) => bench.client(slot));
  const sent = clients.map(() => '');
  for (let n = 1; n < TICKS; n += 1) {
    for (const client of clients) client.post();
    bench.tick();
    const { core } = bench;
    for (let row = 0; row < bench.packets; row += 1) {
      const at = core.packetAddress(row);
      const bytes = core.u8.subarray(at, at + core.packetBytes(row));
      sent[core.packetSlot(row)] += `${Buffer.from(bytes).toString('hex')}\n`;
    }
    for (const client of clients) client.takePacket();
  }
  if (bench.errors.length > 0) throw new Error(bench.errors.join());
  return sent;
}

function first(room: LedgerRoom) {
  for (const p of room.players) if (p.slot === 0) return p;
  throw new Error('nobody is in the first slot');
}

const CASES: readonly (readonly [
  what: string,
  set: (room: LedgerRoom, value: number) => unknown,
  slots: readonly number[],
])[] = [
  ["a player's field to: 'none'", (room, v) => Object.assign(first(room), { secret: v }), []],
  ["a player's field to: 'owner'", (room, v) => Object.assign(first(room), { ammo: v }), [0]],
  ["a player's field to: 'room'", (room, v) => Object.assign(first(room), { kills: v }), [0, 1, 2]],
  ["a field of the room to: 'none'", (room, v) => Object.assign(room.state, { hidden: v }), []],
  [
    "a field of the room to: 'room'",
    (room, v) => Object.assign(room.state, { total: v }),
    [0, 1, 2],
  ],
  [
    'a field of a thing that one sees',
    (room, v) => {
      for (const crate of room.entities('crate')) crate.content = v;
    },
    [0, 1],
  ],
  [
    'a thing that nobody sees',
    (room, v) => {
      for (const target of room.entities('target')) target.worth = v;
    },
    [],
  ],
  ['the place of a player', (room, v) => room.place(first(room), { x: -5, y: v / 8 }), [0, 1]],
  ['the health of a player', (room, v) => Object.assign(first(room), { health: 50 + v }), [0, 1]],
  ["the plugin's draws", (room, v) => void Array.from({ length: v }, () => room.randomInt(9)), []],
];

for (const [what, set, slots] of CASES) {
  test(`${what} reaches those whom it is for, and changes no byte for others`, (t) => {
    const [one, other] = [packetsOf(set, 2), packetsOf(set, 5)];
    t.ok(
      one.every((packets) => packets.split('\n').length > TICKS - 5),
      'all are sent packets',
    );
    t.same(
      one.flatMap((packets, slot) => (packets === other[slot] ? [] : [slot])),
      slots,
    );
    t.end();
  });
}
