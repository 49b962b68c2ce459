/** Parts of the plugin runtime by themselves. */
import fc from 'fast-check';
import t from 'tap';
import type { RoomCore } from '../../core-wasm/bindings/room.ts';
import { CommandWriter } from '../../src/plugin/commands.ts';
import { Overlay } from '../../src/plugin/overlay.ts';
import { PluginRandom } from '../../src/plugin/random.ts';
import { Bench } from './bench.ts';
import { ledgerGame } from './games.ts';

/** xoshiro128** as its authors write it, on BigInt. */
function* reference(state: readonly number[]): Generator<number> {
  const mask = 0xffffffffn;
  const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & mask;
  let [a, b, c, d] = state.map(BigInt) as [bigint, bigint, bigint, bigint];
  for (;;) {
    yield Number((rotate((b * 5n) & mask, 7n) * 9n) & mask);
    const shifted = (b << 9n) & mask;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11n);
  }
}

t.test('the generator is xoshiro128**', (t) => {
  const golden = new PluginRandom(Uint32Array.of(1, 2, 3, 4));
  t.same(
    [1, 2, 3].map(() => golden.below(2 ** 32)),
    [11520, 0, 5927040],
  );
  const word = fc.nat(0xffffffff);
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), (state) => {
      if (state.every((part) => part === 0)) return;
      const ours = new PluginRandom(Uint32Array.from(state));
      const theirs = reference(state);
      for (let n = 0; n < 20; n += 1) t.equal(ours.below(2 ** 32), theirs.next().value);
    }),
    { numRuns: 30 },
  );
  t.end();
});

t.test('an overlay forgets all that was written, texts too', (t) => {
  const columns = Int32Array.of(1, 2, 3, 4);
  const overlay = new Overlay({
    columns,
    entitiesMax: 2,
    roomFields: Int32Array.of(9),
  } as unknown as RoomCore);
  overlay.write(1, 0, 30);
  overlay.writeRoom(0, 90);
  overlay.writeText(5, 0, 'x');
  t.same([overlay.read(1, 0), overlay.readRoom(0), overlay.readText(5, 0)], [30, 90, 'x']);
  overlay.forget();
  t.same([overlay.read(1, 0), overlay.readRoom(0), overlay.readText(5, 0)], [3, 9, undefined]);
  t.same([...columns], [1, 2, 3, 4], 'the memory of the room was never written');
  t.end();
});

t.test('equal commands are equal bytes, whatever stood in the buffer before', (t) => {
  const written = [0, 0xff].map((before) => {
    const u8 = new Uint8Array(4096).fill(before);
    const writer = new CommandWriter({
      u8,
      view: new DataView(u8.buffer),
      input: 16,
      inputBytes: 2048,
    } as unknown as RoomCore);
    for (let bytes = 0; bytes < 9; bytes += 1) {
      writer.setText(7, 0, new Uint8Array(bytes).fill(65));
      writer.send(1, 0xffff, new Uint8Array(bytes + 1).fill(66));
    }
    writer.setField(1, 2, -3);
    return [...u8.subarray(16, 16 + writer.length)];
  });
  t.same(written[1], written[0]);
  t.end();
});

t.test('a bot never takes the slot that a person takes in the same tick', (t) => {
  const game = ledgerGame({
    onCreate(room) {
      room.addBot({ name: 'bot' });
    },
  });
  const b = new Bench(game);
  b.join(0, 'ann');
  b.tick();
  t.equal(b.stat('recordsRefused'), 0);
  t.equal(b.stat('players'), 2);
  t.end();
});
