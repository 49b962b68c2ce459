import t from 'tap';
import type { MeasuredRow, PlanWish } from '../../../src/cli/plan/plan.ts';
import { ioShare, planFor, rowFor, usableRows } from '../../../src/cli/plan/plan.ts';
import { plansFor, planText } from '../../../src/cli/plan/text.ts';

const ROW: MeasuredRow = {
  server: 'Fray',
  transport: 'udp',
  game: 'arena',
  tickRateHz: 30,
  cores: 1,
  processes: 1,
  held: 1000,
  limit: 'server',
  cpuUs: 20,
  threads: [
    { name: 'I/O thread', cores: 0.45 },
    { name: 'worker 0', cores: 0.15 },
  ],
  bytesIn: 34,
  bytesOut: 59,
  memory: { baseBytes: 100e6, perPlayerBytes: 50_000 },
  shared: null,
};
const WISH: PlanWish = {
  players: 100_000,
  roomSize: 50,
  tickRateHz: 30,
  hostCores: 8,
  hostGb: 16,
  hostGbps: 10,
  spareShare: 0.2,
  prices: { coreHour: 0.04, gbHour: 0.005, egressGb: 0.02 },
};

t.test('cores, memory, network and hosts follow from what was measured', async (t) => {
  const plan = planFor(ROW, WISH);
  t.equal(plan.rooms, 2000);
  // 3 M player ticks a second x 20 us = 60 cores; at 80 % 75.
  t.equal(plan.cores, 75);
  // Three quarters of 20 us are the I/O thread's: 0.8 s / (30 x 15 us).
  t.equal(plan.ioUs, 15);
  t.equal(plan.playersPerProcess, 1777);
  t.equal(plan.processes, 57);
  t.ok(Math.abs(plan.memoryGb - (57 * 0.1 + 5)) < 1e-9);
  // (34 + 66) bytes x 3 M/s x 8 bits; 66 are Ethernet's, IP's and UDP's.
  t.ok(Math.abs(plan.inGbps - 2.4) < 1e-9);
  t.ok(Math.abs(plan.outGbps - 3) < 1e-9);
  t.equal(plan.packetsPerSecond, 6e6);
  t.equal(plan.hostsBy, 'cores');
  t.equal(plan.hosts, 10);
  t.equal(plan.hostsWithSpare, 12);
  t.equal(plan.playersPerHost, 10_000);
  t.ok(Math.abs((plan.perMonth.hosts ?? 0) - 12 * (8 * 0.04 + 16 * 0.005) * 730) < 1e-6);
  t.ok(Math.abs((plan.perMonth.egress ?? 0) - (3 / 8) * 3600 * 730 * 0.02) < 1e-6);
});

t.test('what is scarce counts the hosts', async (t) => {
  t.match(planFor({ ...ROW, memory: { baseBytes: 0, perPlayerBytes: 4e6 } }, WISH), {
    hostsBy: 'memory',
    hosts: 32,
  });
  t.match(planFor(ROW, { ...WISH, hostGbps: 0.1 }), { hostsBy: 'network', hosts: 60 });
});

t.test('a rate that was not measured is said to be extrapolated', async (t) => {
  const plan = planFor(ROW, { ...WISH, tickRateHz: 60 });
  t.equal(plan.cores, 150);
  t.match(plan.extrapolated.join('\n'), /from 30 to 60 Hz/);
  t.notMatch(planFor(ROW, WISH).extrapolated.join('\n'), / Hz/);
  const bound = planFor({ ...ROW, limit: 'generator', shared: 'there is no taskset here' }, WISH);
  t.match(bound.measured[0], /at least 1000 players .*generator-bound/);
  t.match(bound.extrapolated.join('\n'), /there is no taskset here/);
});

t.test('without prices there is no sum', async (t) => {
  const prices = { coreHour: null, gbHour: null, egressGb: null };
  t.same(planFor(ROW, { ...WISH, prices }).perMonth, { hosts: null, egress: null });
  t.equal(
    planFor(ROW, { ...WISH, prices: { ...prices, gbHour: 1 } }).perMonth.hosts,
    12 * 16 * 730,
  );
});

t.test('the row of the nearest rate is taken, of ours alone, the last of each', async (t) => {
  const rows = [
    ROW,
    { ...ROW, cpuUs: 21 },
    { ...ROW, tickRateHz: 60, cpuUs: 18 },
    { ...ROW, server: 'ws (ws 8.23.0)', cpuUs: 1 },
    { ...ROW, held: null, cpuUs: 2 },
    { ...ROW, processes: 2, cpuUs: 3 },
  ];
  const usable = usableRows(rows);
  t.same(
    usable.map(({ cpuUs }) => cpuUs),
    [21, 18],
  );
  t.equal(rowFor(usable, 'udp', 30)?.cpuUs, 21);
  t.equal(rowFor(usable, 'udp', 128)?.cpuUs, 18);
  t.equal(rowFor(usable, 'webrtc', 30), null);
  t.equal(ioShare({ threads: [] }), 1, 'nobody knows: all of it');
  const { tickRateHz: _, ...wish } = WISH;
  const text = planText(plansFor(rows, wish, [30, 60]), wish);
  t.match(text, /\| udp \| 30 \| 21\.0 \|/);
  t.match(text, /Measured .*Extrapolated/s);
});
