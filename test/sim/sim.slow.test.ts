/**
 * The simulation in its short form: `FRAY_TEST_SEEDS=n` plays more of it, `npm run sim -- --seeds 2000` all that a change has to
 * stand. What fails names its seed.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { RoomDirectory } from '../../src/room/directory.ts';
import { SessionTable } from '../../src/session/server/table.ts';
import { loadModules } from './modules.ts';
import { play } from './scenario.ts';
import { draw, HEAL_MS, type Script } from './script.ts';
import { kindOf, shrink } from './shrink.ts';

const SEEDS = Number(process.env['FRAY_TEST_SEEDS'] ?? 40);
const RUN = fileURLToPath(new URL('start.mjs', import.meta.url));
const modules = await loadModules();

t.test(`${SEEDS} seeds hold all invariants`, { timeout: 600_000 }, async (t) => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [RUN, '--seeds', String(SEEDS), '--json', '--keep-going'],
    { encoding: 'utf8' },
  );
  const sums = JSON.parse(stdout) as {
    scenarios: number;
    failed: { seed: number }[];
    snapshots: number;
    lines: number;
    players: number;
    simulatedMs: number;
    replayedTicks: number;
    moved: number;
    continued: number;
  };
  t.same(
    sums.failed.map(({ seed }) => seed),
    [],
    stderr,
  );
  t.equal(sums.scenarios, SEEDS);
  t.ok(sums.simulatedMs >= 15_000 * SEEDS);
  t.ok(sums.snapshots > 500 * SEEDS, `${sums.snapshots} snapshots`);
  t.ok(sums.lines > 20 * SEEDS, `${sums.lines} lines said`);
  t.ok(sums.replayedTicks > 0, `${sums.replayedTicks} ticks of journals replayed`);
  t.ok(sums.moved > 0, `${sums.moved} rooms moved`);
  t.ok(sums.continued > 0, `${sums.continued} rooms went on from a disk`);
});

t.test('the same seed goes the same way, and another one another', async (t) => {
  const [first, again] = [await play(draw(8), modules), await play(draw(8), modules)];
  t.same(again, first);
  t.not((await play(draw(9), modules)).digest, first.digest);
});

t.test(
  'scripts are what the seed says: at least three kinds of fault in half of them',
  async (t) => {
    const scripts = Array.from({ length: 2000 }, (_, index) => draw(index + 1));
    const kinds = scripts.map(({ acts }) => new Set(acts.map(({ kind }) => kind)).size);
    t.ok(kinds.filter((count) => count >= 3).length > 1000);
    const mean = scripts.reduce((sum, { players }) => sum + players.length, 0) / scripts.length;
    t.ok(mean >= 5.8 && mean <= 6.2, `${mean.toFixed(2)} players`);
    t.ok(scripts.every(({ ms, acts }) => acts.every(({ atMs }) => atMs <= ms - HEAL_MS)));
  },
);

t.test('what breaks is seen, and its script is made shorter', { timeout: 300_000 }, async (t) => {
  const script = { ...draw(10), journals: false };
  t.ok(script.acts.some(({ kind }) => kind === 'rebind' || kind === 'slow'));
  const { leave } = RoomDirectory.prototype;
  t.teardown(() => {
    RoomDirectory.prototype.leave = leave;
  });
  RoomDirectory.prototype.leave = () => undefined;
  const outcome = await play(script, modules);
  t.match(outcome.troubles[0]?.text, /^I(6|9)/, 'whoever leaves stays');
  const shrunk = await shrink({ script, outcome }, modules, 20);
  t.equal(kindOf(shrunk.outcome), kindOf(outcome));
  t.ok(
    shrunk.script.acts.length < script.acts.length,
    `${shrunk.script.acts.length} faults are left`,
  );
});

t.test('where no room can be opened the server tries again in its own time', async (t) => {
  const clientsAlone = { core: modules.client, client: modules.client };
  const { troubles } = await play({ ...draw(10), acts: [] }, clientsAlone);
  t.match(troubles[0]?.text, /room not opened/, 'it is seen that none can');
  const atOnce = troubles.filter(({ atMs }) => atMs === 0);
  t.ok(atOnce.length <= 2, `${atOnce.length} tries before time went on`);
});

t.test('a packet that reaches another client than its own is seen', async (t) => {
  const { packet } = SessionTable.prototype;
  t.teardown(() => {
    SessionTable.prototype.packet = packet;
  });
  let before = -1;
  let sent = 0;
  SessionTable.prototype.packet = function (this: SessionTable, sessionId: never): number {
    const pipe = packet.call(this, sessionId);
    sent += 1;
    const other = before;
    before = pipe;
    return sent % 40 === 0 && other >= 0 ? other : pipe;
  };
  const quiet: Script = { ...draw(10), acts: [] };
  const { troubles } = await play(quiet, modules);
  t.match(troubles[0]?.text, /^I/, 'one in 40');
});
