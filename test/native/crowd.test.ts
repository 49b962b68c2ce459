/** The native crowd of `fray loadtest`: each client byte for byte the lean one in JavaScript, and many of them on a real server over UDP. */
import t from 'tap';
import { checkOf, LeanClient } from '../../bench/io/lean-client.ts';
import { loadCrowd } from '../../native/crowd.ts';
import { Crew } from '../../src/cli/loadtest/crew.ts';
import { grown, sumOf } from '../../src/cli/loadtest/metrics-page.ts';
import { startFray } from '../../src/cli/loadtest/servers.ts';
import { DEVELOPMENT_KEY } from '../../src/tokens.ts';
import { until } from '../server/fixture.ts';
import { CROWD, NOT_BUILT } from './module.ts';

if (CROWD === null) t.pass(NOT_BUILT);
else over(CROWD);

function over(native: string): void {
  const { Lean } = loadCrowd(native);

  t.test(
    'a client sends what the one in JavaScript sends, bit by bit, whatever comes',
    async (t) => {
      for (let seed = 1; seed <= 40; seed += 1) {
        const chance = random(seed);
        const place = {
          epoch: chance(2 ** 32),
          tick: chance(100_000),
          inputButtons: chance(17),
          inputPitch: chance(2),
          inputAux: chance(5),
        };
        const ours = new LeanClient(place, seed * 977);
        const { inputPitch, inputAux, ...rest } = place;
        const theirs = new Lean({ ...rest, zeros: inputPitch + inputAux, seed: seed * 977 });
        const bytes = new Uint8Array(1500);
        let sequence = 1 + chance(65_536);
        let tick = place.tick;
        for (let turn = 0; turn < 300; turn += 1) {
          const length = ours.packet(bytes, 0);
          const packet = theirs.packet();
          if (Buffer.compare(packet, bytes.subarray(0, length)) !== 0)
            return t.same(
              [...packet],
              [...bytes.subarray(0, length)],
              `seed ${seed}, turn ${turn}`,
            );
          tick += 1 + (chance(10) === 0 ? chance(20) : 0);
          sequence = (sequence + 1 + (chance(10) === 0 ? chance(60) : 0)) & 0xffff;
          const snapshot = snapshotOf({ chance, sequence, tick, epoch: place.epoch });
          const [late, broken] = [ours.late, ours.broken];
          ours.receive(snapshot);
          const taken = theirs.receive(snapshot);
          const expected = ours.late > late ? -1 : ours.broken > broken ? -2 : ours.tick;
          if (taken !== expected) return t.equal(taken, expected, `seed ${seed}, turn ${turn}`);
          if (taken >= 0) tick = taken;
        }
        t.ok(ours.received - ours.late - ours.broken > 100, `seed ${seed}: most are understood`);
      }
    },
  );

  t.test('clients play on a real server, some decode all of it, and go', async (t) => {
    const folder = process.cwd();
    const of = { transport: 'udp', game: 'arena', folder } as const;
    const server = await startFray({ ...of, cpus: null, flags: [] });
    t.teardown(() => server.stop());
    const tokenKey = Buffer.from(DEVELOPMENT_KEY).toString('hex');
    const play = { urls: [server.url], native, tokenKey, seed: 7, decodeShare: 0.1, verify: true };
    const peer = { peer: null, rateHz: 0, bytesOut: 0, guests: false };
    const crew = await Crew.start({ ...of, ...play, ...peer }, [null]);
    t.teardown(() => crew.stop());
    t.ok(crew.native);
    t.equal(await crew.become(30), null);
    await crew.begin();
    const before = await server.metrics();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const [figures] = await crew.end();
    const after = await server.metrics();
    t.match(figures, { clients: 30, decoders: 3, closed: 0, broken: 0, mismatches: 0 });
    t.ok((figures?.checks ?? 0) > 60, `${figures?.checks} hashes`);
    t.ok((figures?.received ?? 0) > 600, `${figures?.received} snapshots`);
    t.ok((figures?.sent ?? 0) > 600, `${figures?.sent} packets`);
    if (before === null || after === null) throw new Error('it tells nothing');
    // Each tick of each player that had no command: a machine that is busy has some.
    const missing = grown(before, after, 'fray_inputs_missing_total');
    t.ok(missing < 600, `${missing} commands were missing of some 1800`);
    t.equal(await crew.become(10), null);
    await crew.begin();
    await new Promise((resolve) => setTimeout(resolve, 300));
    t.match((await crew.end())[0], { clients: 10, closed: 0 });
    await until('the others have said so', async () => {
      const left = await server.metrics();
      return left !== null && sumOf(left, 'fray_players_away') === 20;
    });
  });
}

/** A packet of a server with what a lean client reads of it; now and then one that is damaged, or late. */
function snapshotOf(parts: {
  chance: (below: number) => number;
  sequence: number;
  tick: number;
  epoch: number;
}): Uint8Array {
  const { chance, tick, epoch } = parts;
  const sequence = chance(20) === 0 ? (parts.sequence - chance(40)) & 0xffff : parts.sequence;
  const bits: number[] = [];
  const put = (value: number, count: number): void => {
    for (let i = 0; i < count; i += 1) bits.push((value >>> i) & 1);
  };
  if (chance(4) === 0) {
    put(1, 1);
    const fragments = 1 + chance(3);
    put(fragments - 1, 3);
    put(chance(65_536), 16);
    for (let i = 0; i < fragments; i += 1) {
      const length = 1 + chance(40);
      put(chance(64), 6);
      put(length - 1, 8);
      put(chance(2), 1);
      for (let byte = 0; byte < length; byte += 1) put(chance(256), 8);
    }
  } else put(0, 1);
  if (chance(3) === 0) {
    put(0, 1);
    put(0, 8);
    put(tick, 16);
    put(tick >>> 16, 16);
  } else {
    put(1, 1);
    put(chance(8), 3);
    put(chance(2), 1);
    put(chance(256), 8);
  }
  for (let rest = chance(200); rest > 0; rest -= 1) put(chance(256), 8);
  const bytes = new Uint8Array(13 + Math.ceil(bits.length / 8));
  bits.forEach((bit, at) => {
    bytes[13 + (at >> 3)] = (bytes[13 + (at >> 3)] ?? 0) | (bit << (at & 7));
  });
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 6 | ((epoch & 15) << 4));
  view.setUint16(1, sequence, true);
  view.setUint16(3, chance(65_536), true);
  view.setUint32(5, chance(2 ** 32), true);
  view.setUint32(9, checkOf(bytes, bytes.length, epoch), true);
  const hit = 9 + chance(bytes.length - 9);
  if (chance(30) === 0) bytes[hit] = (bytes[hit] ?? 0) ^ (1 << chance(8));
  return chance(40) === 0 ? bytes.subarray(0, 14) : bytes;
}

/** xorshift; answers below what is asked. */
function random(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
