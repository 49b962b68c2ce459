import t from 'tap';
import { viewRadius, W1_SIZES, W1Controls, w1Schema, worldEdge } from '../../bench/w1.ts';
import { median, ownRow, ratioRow, rowCells } from '../../src/cli/bench-report.ts';

t.test(
  'the view radius makes as many visible as the workload says, borders counted in',
  async (t) => {
    for (const size of W1_SIZES) {
      const radius = viewRadius(size);
      const worlds = Math.ceil(3000 / size.players);
      let near = 0;
      for (let seed = 0; seed < worlds; seed += 1) {
        const controls = new W1Controls(size, seed);
        const places = Array.from({ length: size.players }, () => controls.place());
        for (const a of places)
          for (const b of places)
            if (a !== b && Math.hypot(a.x - b.x, a.y - b.y) < radius) near += 1;
      }
      const mean = near / worlds / size.players;
      t.ok(Math.abs(mean / size.visible - 1) < 0.05, `${size.players}/${size.visible}: ${mean}`);
      t.equal(Math.round(worldEdge(size.players) ** 2 / size.players), 100);
      t.ok(
        w1Schema(size).config({ playersMax: size.players, entitiesMax: size.players }).length > 0,
      );
    }
  },
);

t.test(
  'headings change on 6 % of ticks, health on 2 %, speed is 4 to 8 m/s, and a seed repeats itself',
  async (t) => {
    const size = { players: 1000, visible: 10 };
    const [controls, twin] = [new W1Controls(size, 3), new W1Controls(size, 3)];
    let [turns, hurts] = [0, 0];
    for (let tick = 0; tick < 100; tick += 1) {
      const before = controls.aim.slice();
      controls.next(
        () => 0,
        () => 0,
      );
      twin.next(
        () => 0,
        () => 0,
      );
      for (let player = 0; player < size.players; player += 1) {
        if (before[player] !== controls.aim[player]) turns += 1;
        if (controls.health[player] !== 0) hurts += 1;
        const speed = Math.hypot(controls.moveX[player] ?? 0, controls.moveY[player] ?? 0) / 127;
        if (speed < 0.48 || speed > 1) t.fail(`speed ${speed}`);
      }
    }
    t.ok(Math.abs(turns / 100_000 - 0.06) < 0.005, `${turns}`);
    t.ok(Math.abs(hurts / 100_000 - 0.02) < 0.003, `${hurts}`);
    t.strictSame(controls.moveX, twin.moveX);
  },
);

t.test('a row without a peer says so', async (t) => {
  const row = ownRow({ name: 'tick/100', unit: 'ns', ours: 261.4 });
  t.strictSame(Object.keys(row).sort(), [
    'goal',
    'goalId',
    'met',
    'more',
    'name',
    'ours',
    'peer',
    'peerName',
    'ratio',
    'ratioMax',
    'ratioMin',
    'rounds',
    'unit',
  ]);
  t.strictSame(rowCells(row), ['tick/100', '261', 'ns', '-', '-', '-', '-', '-']);
  t.equal(median([3, 1, 2]), 2);
  t.equal(median([4, 1, 2, 3]), 2.5);
});

t.test(
  'a ratio is of one round, with median, least and most; without a peer nobody knows if a goal is met',
  async (t) => {
    const row = { name: 'tick/100', unit: 'ns', goal: { text: '>= 6x', ratioMin: 6 } };
    const rounds = [
      { ours: 100, peer: 700 },
      { ours: 200, peer: 1000 },
      { ours: 110, peer: 990 },
    ];
    t.match(ratioRow({ ...row, rounds, peerName: 'peer 1.0' }), {
      ours: 110,
      peer: 990,
      peerName: 'peer 1.0',
      ratio: 7,
      ratioMin: 5,
      ratioMax: 9,
      goal: '>= 6x',
      met: true,
    });
    const slow = rounds.map(({ ours, peer }) => ({ ours: ours * 2, peer }));
    t.equal(ratioRow({ ...row, rounds: slow, peerName: 'peer 1.0' }).met, false);
    const alone = rounds.map(({ ours }) => ({ ours, peer: null }));
    t.match(ratioRow({ ...row, rounds: alone, peerName: null }), {
      ours: 110,
      peer: null,
      peerName: null,
      ratio: null,
      goal: '>= 6x',
      met: null,
    });
  },
);
