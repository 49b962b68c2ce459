import { test } from 'tap';
import type { WorkerBoot } from '../../workers/boot.ts';
import { loadGame } from '../../workers/open-room.ts';
import { warmUp } from '../../workers/warm-up.ts';
import { testCore } from '../room/bench.ts';

const GAME = new URL('../plugin/games/server.ts', import.meta.url).href;

async function load(playersMax: number): Promise<Parameters<typeof warmUp>> {
  const boot = { core: await testCore(), game: GAME, playersMax, emptyCloseMs: 0 } as WorkerBoot;
  return [boot, await loadGame(boot), () => 0];
}

test('the scratch room plays the whole way, and runs nothing of the author', async (t) => {
  const [boot, loaded, still] = await load(0);
  let called = 0;
  const onTick = (): void => {
    called += 1;
  };
  const hooks = { onCreate: onTick, onJoin: onTick, onTick, botInput: onTick };
  const game = { ...loaded.game, hooks };
  const { ticks, snapshots } = warmUp(boot, { ...loaded, game }, still);
  t.equal(ticks, 300);
  t.ok(snapshots > 2500, `${snapshots} snapshots of 10 clients were decoded`);
  t.equal(called, 0);
});

test('it ends with its time, and plays in a room of one as well', async (t) => {
  const [boot, loaded] = await load(1);
  let nowUs = 0;
  const { ticks, snapshots } = warmUp(boot, loaded, () => {
    nowUs += 10_000;
    return nowUs;
  });
  t.ok(ticks >= 40 && ticks <= 51, `${ticks} ticks of 10 ms`);
  t.ok(snapshots > 5, `${snapshots} snapshots`);
});
