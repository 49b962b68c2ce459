import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { PacketLog } from '../../bench/packet-log.ts';
import type { ColyseusSchema } from '../../bench/peers.ts';
import { loadPeer } from '../../bench/peers.ts';
import type { Recording } from '../../bench/w1-recording.ts';
import { record } from '../../bench/w1-recording.ts';
import { replay } from '../../bench/w1-replay.ts';
import { SchemaPeer, verifyPeer } from '../../bench/w1-schema-peer.ts';
import { VALUE } from '../../bench/w1-world.ts';
import { compileCore } from '../../core-wasm/bindings/instantiate.ts';
import { checkShape, installPeers, ROOT, rowOf, runBench } from './command.ts';

const PEER = '@colyseus/schema';
const OPTIONS = {
  size: { players: 30, visible: 10 },
  seed: 7,
  warmTicks: 40,
  timedTicks: 60,
  world: true,
};
const core = await compileCore(readFileSync(join(ROOT, 'core-wasm', 'fray_core.wasm')));

t.before(() => installPeers([PEER]));

t.test('the short form decodes all streams and prints ours beside the peer', async (t) => {
  const { rows, progress } = await runBench('tick');
  for (const row of rows) checkShape(row);
  for (const name of ['tick/100x10', 'tick/300x20']) {
    t.match(rowOf(rows, name).peerName, /^@colyseus\/schema 5\./);
    t.ok(rowOf(rows, name).ours > 0);
    t.ok((rowOf(rows, `${name}/bytes`).ratio ?? 0) > 1, 'snapshots are smaller than patches');
    const parts = rowOf(rows, `${name}/body`).ours + rowOf(rows, `${name}/header`).ours;
    t.ok(Math.abs(parts - rowOf(rows, `${name}/bytes`).ours) < 1e-6);
    t.match(progress, `${name}: `);
  }
  t.ok(rowOf(rows, 'tick/100x10/body, turns at 60 m/s2').ours > 0);
  t.match(progress, /acks 3 to 6 ticks old/);
  t.equal(progress.match(/snapshots decoded and equal/g)?.length, 3);
  t.equal(progress.match(/patches of .* decoded and equal/g)?.length, 2);
});

t.test('a recording decodes, replays byte for byte, and repeats itself from its seed', (t) => {
  const recording = record(core, OPTIONS);
  const twin = record(core, OPTIONS);
  // A client that hears of nothing for a tick shows the tick before, which was compared.
  t.ok(recording.compared >= 0.98 * 30 * 60, `${recording.compared}`);
  t.strictSame(hashesOf(twin), hashesOf(recording));
  t.ok(replay(core, recording) > 0);
  t.end();
});

t.test('a replay whose input is not the recorded one is noticed', (t) => {
  const recording = record(core, OPTIONS);
  const inputs = new PacketLog();
  const copy = record(core, { ...OPTIONS, seed: 8 });
  t.throws(() => replay(core, { ...recording, inputs: copy.inputs }), /differs|more packets/);
  for (let tick = 0; tick < recording.inputs.ticks; tick += 1) inputs.endTick();
  t.throws(() => replay(core, { ...recording, inputs }), /differs|more packets/);
  t.end();
});

t.test(
  "the peer's clients show what the recording says, and a difference is noticed",
  async (t) => {
    const recording = record(core, OPTIONS);
    const peer = await loadPeer<ColyseusSchema>(PEER);
    if (typeof peer === 'string') throw new Error(peer);
    const sent = verifyPeer(peer.module, recording, 30);
    t.equal(sent.compared, 30 * (recording.ticks.filter(({ world }) => world).length - 1));
    const again = new SchemaPeer(peer.module, recording);
    while (again.left > 0) again.run();
    t.same(again.sent, { bytes: sent.bytes, hash: sent.hash }, 'and a second run sends the same');
    const wrong = { ...recording, ticks: recording.ticks.map(lateHealth) };
    t.throws(() => verifyPeer(peer.module, wrong, 30), /health of \d+ is \d+, was \d+/);
    t.end();
  },
);

t.test('a peer that is not installed is named with the command that installs it', async (t) => {
  t.match(await loadPeer('not-a-peer'), /not-a-peer did not run: .* npm ci --prefix bench/);
});

/** Values that change when they are read a second time: the peer is fed with the first, compared with the second. */
function lateHealth(tick: Recording['ticks'][number]): Recording['ticks'][number] {
  const { world } = tick;
  if (world === undefined) return tick;
  const values = world.values.slice();
  values[VALUE.health] = ((values[VALUE.health] ?? 0) + 1) & 0xff;
  let reads = 0;
  return {
    ...tick,
    world: {
      enters: world.enters,
      leaves: world.leaves,
      get values() {
        reads += 1;
        return reads === 1 ? world.values : values;
      },
    },
  };
}

function hashesOf(recording: Recording): number[] {
  return recording.ticks.map(({ outHash }) => outHash);
}
