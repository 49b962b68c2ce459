/** Cores that a spare makes in advance: how many, and that a room in one of them is the room. */
import { test } from 'tap';
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import { compileConfig, configAgain } from '../../src/schema/compile.ts';
import { STOCK_BYTES_MAX, Stock } from '../../workers/stock.ts';
import { testCore } from '../room/bench.ts';
import { duel } from '../server/games/schema.ts';

const module = await testCore();
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function settled(stock: Stock): Promise<number> {
  for (let count = -1; count !== stock.count; await turn()) count = stock.count;
  return stock.count;
}

function fakeCore(bytes: number): RoomCore {
  return { u8: { length: bytes } } as unknown as RoomCore;
}

test('it makes what is wanted, one at each turn, and gives back what is not', async (t) => {
  let made = 0;
  const stock = new Stock(() => {
    made += 1;
    return fakeCore(1000);
  });
  stock.want(3);
  t.equal(made, 0, 'whoever posts something waits for none of them');
  await turn();
  t.equal(made, 1);
  t.equal(await settled(stock), 3);
  t.ok(stock.take());
  t.equal(await settled(stock), 2, 'one that was taken is not made again');
  t.same([made, stock.taken], [3, 1]);
  stock.want(5);
  t.equal(await settled(stock), 5);
  stock.clear();
  t.equal(await settled(stock), 0);
  t.equal(stock.take(), undefined);
  t.equal(stock.taken, 1);
});

test('it takes no more memory than it may', async (t) => {
  const stock = new Stock(() => fakeCore(STOCK_BYTES_MAX / 4 + 1));
  stock.want(100);
  t.equal(await settled(stock), 3);
});

test('a room that is put into a core of the stock goes on as in its own, and traps are recovered from as there', async (t) => {
  const base = compileConfig(duel, { playersMax: 4 });
  const config = configAgain(base, { seed: 7n, epoch: 3 });
  const own = new RoomCore(module, config);
  const play = (core: RoomCore, ticks: number): void => {
    for (let tick = 0; tick < ticks; tick += 1) {
      core.begin(0);
      core.end(0);
    }
  };
  own.end(0);
  play(own, 5);
  const stock = new Stock(() => new RoomCore(module, base));
  stock.want(1);
  await settled(stock);
  const other = stock.take() as RoomCore;
  other.become(config);
  other.restore(own.region());
  play(own, 5);
  play(other, 5);
  t.equal(other.tick, own.tick);
  t.equal(other.regionHash(), own.regionHash());
  other.revive();
  t.equal(
    other.regionHash(),
    new RoomCore(module, config).regionHash(),
    'made anew as it was made',
  );
});
