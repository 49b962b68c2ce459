import t from 'tap';
import type { DayWish } from '../../../src/cli/plan/day.ts';
import { chanceOf, demand, poisson, simulateDay } from '../../../src/cli/plan/day.ts';
import { dayChart, daySvg } from '../../../src/cli/plan/picture.ts';

const WISH: DayWish = {
  seed: 1,
  players: 1000,
  roomSize: 50,
  playersPerHost: 125,
  quietShare: 0.3,
  stayMinutes: 20,
  spikes: 2,
  spikeShare: 0.15,
  startMinutes: 3,
  headroomShare: 0.08,
  drainMinutesMax: 60,
};

t.test('the same seed is the same day, another one another', async (t) => {
  const day = JSON.stringify(simulateDay(WISH));
  t.ok(JSON.stringify(simulateDay(WISH)) === day);
  t.ok(JSON.stringify(simulateDay({ ...WISH, seed: 2 })) !== day);
});

t.test('no player is lost or made, whatever happens to hosts', async (t) => {
  const hard = [
    {},
    { drainMinutesMax: 2 },
    { headroomShare: 0, spikes: 6, spikeShare: 0.6, startMinutes: 15 },
    { playersPerHost: 73, roomSize: 7 },
    { quietShare: 0.05, drainMinutesMax: 1, stayMinutes: 200 },
  ];
  for (const [at, change] of hard.entries())
    for (const seed of [1, 2]) {
      const wish = { ...WISH, ...change, seed };
      const day = simulateDay(wish);
      const name = `${JSON.stringify(change)}, seed ${seed}`;
      t.equal(day.arrived, day.left + day.refused + day.lost + day.there, name);
      t.equal(day.minutes.length, 1440);
      for (const one of day.minutes)
        if (one.players > (one.hosts + one.draining) * wish.playersPerHost)
          t.fail(`${name}: more players than places`);
      t.ok(day.packing > 0.2 && day.packing <= 1, `${name}: packing ${day.packing}`);
      t.ok(day.roomPacking > 0.2 && day.roomPacking <= 1, `${name}: rooms ${day.roomPacking}`);
      t.ok(day.hostHours >= day.hostHoursLeast * 0.9, name);
      t.ok(
        day.drains.every((minutes) => minutes <= wish.drainMinutesMax),
        name,
      );
      if (at === 2) t.ok(day.refused > 0, 'a crowd that no host waits for is turned away');
    }
});

t.test(
  'hosts follow the day: few at night, more in the evening, and those drained close',
  async (t) => {
    const day = simulateDay({ ...WISH, spikes: 0 });
    const at = (hour: number) => day.minutes[hour * 60] as (typeof day.minutes)[number];
    t.ok(at(6).players < 0.5 * at(20).players, `${at(6).players}, ${at(20).players}`);
    t.ok(at(6).hosts < at(20).hosts);
    t.ok(Math.abs(day.playersMost / WISH.players - 1) < 0.12, `${day.playersMost}`);
    t.equal(day.refused, 0);
    t.ok(day.drains.length > 0);
    t.ok(demand(20 * 60, 0.3) > 0.999 && demand(8 * 60, 0.3) < 0.31);
  },
);

t.test('arrivals have the mean and spread of Poisson', async (t) => {
  const chance = chanceOf(7);
  for (const mean of [0.4, 8, 300]) {
    const all = Array.from({ length: 4000 }, () => poisson(mean, chance));
    const average = all.reduce((sum, one) => sum + one, 0) / all.length;
    const spread = all.reduce((sum, one) => sum + (one - average) ** 2, 0) / all.length;
    t.ok(Math.abs(average / mean - 1) < 0.06, `${average} of ${mean}`);
    t.ok(Math.abs(spread / mean - 1) < 0.12, `${spread} of ${mean}`);
  }
});

t.test('the day is shown', async (t) => {
  const day = simulateDay(WISH);
  const chart = dayChart(day).split('\n');
  t.equal(chart.length, 17);
  t.match(chart[0], day.playersMost.toLocaleString('en-US'));
  const svg = daySvg(day, 'A <day>');
  t.match(svg, /^<svg [^>]+>/);
  t.match(svg, 'A &lt;day>');
  t.equal(svg.match(/<path /g)?.length, 4);
  t.notMatch(svg, /NaN|undefined/);
});
