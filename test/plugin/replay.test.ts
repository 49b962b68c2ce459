import t from 'tap';
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import { GameRuntime } from '../../src/plugin/runtime.ts';
import { Bench, core, replay } from './bench.ts';
import { brawl } from './games.ts';

const TICKS = 400;

t.test('a run replayed from its records without the plugin has the same hashes', (t) => {
  const bench = new Bench(brawl, { seed: 42n }).tick(TICKS);
  t.same(bench.errors, []);
  t.equal(bench.stat('commandsRefused'), 0, 'the core agreed with every command');
  t.equal(bench.stat('recordsRefused'), 0);
  t.ok(bench.stat('deaths') > 5, `${bench.stat('deaths')} deaths`);
  t.ok(bench.stat('hits') > 20, `${bench.stat('hits')} hits`);
  t.equal(new Set(bench.journal.hashes).size, TICKS + 1, 'every tick has a hash of its own');
  t.same(replay(bench.journal), bench.journal.hashes);
  t.end();
});

t.test('the same seed runs the same, another one does not', (t) => {
  const run = (seed: bigint): string[] => new Bench(brawl, { seed }).tick(120).journal.hashes;
  t.same(run(7n), run(7n));
  t.not(run(7n)[120], run(8n)[120]);
  t.end();
});

t.test(
  'a fresh runtime goes on from a restored region: nothing of the plugin lies elsewhere',
  (t) => {
    const bench = new Bench(brawl, { seed: 3n }).tick(200);
    const room = new RoomCore(core, bench.journal.config);
    room.restore(bench.core.region());
    const host = { hookFailed: () => t.fail('a hook threw'), log: () => {} };
    const runtime = new GameRuntime(brawl, room, { host, options: { roomId: 'r1', seed: 3n } });
    // What bots see is made at the end of each tick and is no state: give the copy the same eyes.
    room.visible.set(bench.core.visible);
    for (let n = 0; n < 100; n += 1) {
      const length = runtime.records(0);
      room.end(runtime.hooks(room.begin(length)));
      bench.tick();
      room.stateHash();
      bench.core.stateHash();
      if (room.stateHashLow !== bench.core.stateHashLow) {
        t.fail(`hashes differ at tick ${room.tick}`);
        break;
      }
    }
    t.equal(room.regionHash(), bench.core.regionHash());
    t.end();
  },
);
