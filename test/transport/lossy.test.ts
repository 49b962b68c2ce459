import fc from 'fast-check';
import t from 'tap';
import type { MemoryPipe } from '../../src/transport/client/memory.ts';
import { connectMemory } from '../../src/transport/client/memory.ts';
import type { LinkClock, LinkSettings, LossyPipe } from '../../src/transport/lossy.ts';
import {
  formatLink,
  lossyPipe,
  lossyServer,
  PERFECT_LINK,
  parseLink,
} from '../../src/transport/lossy.ts';
import { MemoryServer } from '../../src/transport/server/memory.ts';
import type { ClientPipe } from '../../src/transport/types.ts';
import { contract } from './contract.ts';

// A link that loses nothing is no more than its pipe.
contract({
  name: 'link before a client',
  async open() {
    const server = new MemoryServer();
    const inners = new Map<ClientPipe, MemoryPipe>();
    const of = (pipe: ClientPipe): MemoryPipe => inners.get(pipe) as MemoryPipe;
    return {
      server,
      async connect() {
        const own = connectMemory(server, 'peer-1');
        const pipe = lossyPipe(own, 'rtt=4');
        inners.set(pipe, own);
        return pipe;
      },
      pause: (pipe) => of(pipe).pause(),
      resume: (pipe) => of(pipe).resume(),
      vanish: (pipe) => of(pipe).vanish(),
      halfOpen: null,
      stop: () => server.stop(),
    };
  },
});

contract({
  name: 'links before a server',
  async open() {
    const inner = new MemoryServer();
    const server = lossyServer(inner, PERFECT_LINK);
    return {
      server,
      connect: async () => connectMemory(inner, 'peer-1'),
      // A slow reader is the network's affair: whoever sends over a link is not told.
      vanish: (pipe) => (pipe as MemoryPipe).vanish(),
      halfOpen: null,
      stop: () => server.stop(),
    };
  },
});

/** A clock that stands still until it is told to go on. */
class ManualClock implements LinkClock {
  #nowMs = 0;
  #timers: { dueMs: number; fn: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  advance(ms: number): void {
    const end = this.#nowMs + ms;
    for (;;) {
      const next = this.#timers
        .filter((one) => one.dueMs <= end)
        .sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#nowMs = next.dueMs;
      next.fn();
    }
    this.#nowMs = end;
  }
}

/** A pipe that keeps what is sent, with the time. */
class Probe implements ClientPipe {
  readonly kind = 'memory';
  readonly bufferedBytes = 0;
  readonly dropped = 0;
  readonly sent: { atMs: number; bytes: Uint8Array }[] = [];
  closedWith = -1;
  datagram: (bytes: Uint8Array) => void = () => {};
  end: (code: number) => void = () => {};
  readonly #clock: LinkClock;

  constructor(clock: LinkClock) {
    this.#clock = clock;
  }

  send(bytes: Uint8Array): void {
    this.sent.push({ atMs: this.#clock.nowMs(), bytes: bytes.slice() });
  }

  close(code: number, last?: Uint8Array): void {
    if (last !== undefined) this.send(last);
    this.closedWith = code;
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.datagram = fn;
  }

  onClose(fn: (code: number) => void): void {
    this.end = fn;
  }
}

function make(link: string | LinkSettings): { clock: ManualClock; probe: Probe; pipe: LossyPipe } {
  const clock = new ManualClock();
  const probe = new Probe(clock);
  return { clock, probe, pipe: lossyPipe(probe, link, clock) };
}

function numbered(k: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, k);
  return bytes;
}

/** Sends `count` datagrams, one each `everyMs`, and gives the numbers that arrived. */
function run(
  link: string,
  count: number,
  everyMs = 10,
): { numbers: number[]; made: ReturnType<typeof make> } {
  const made = make(link);
  for (let k = 0; k < count; k += 1) {
    made.pipe.send(numbered(k));
    made.clock.advance(everyMs);
  }
  made.clock.advance(100_000);
  const numbers = made.probe.sent.map(({ bytes }) => new DataView(bytes.buffer).getUint32(0));
  return { numbers, made };
}

t.test('the same seed and clock give the same arrivals, another seed others', async (test) => {
  const link = 'rtt=60,jitter=40,loss=10,burst=3,reorder=5,duplicate=5,corrupt=5';
  const a = run(`${link},seed=7`, 2000).made.probe.sent;
  test.same(run(`${link},seed=7`, 2000).made.probe.sent, a);
  test.not(
    JSON.stringify(run(`${link},seed=8`, 2000).made.probe.sent.map((one) => one.atMs)),
    JSON.stringify(a.map((one) => one.atMs)),
  );
});

t.test('the k-th datagram meets the same chances whatever the others met', async (test) => {
  const clean = new Set(run('loss=20,seed=3', 3000).numbers);
  const busy = new Set(
    run('loss=20,seed=3,jitter=50,rtt=80,duplicate=30,reorder=30', 3000).numbers,
  );
  test.same(
    [...busy].sort((x, y) => x - y),
    [...clean],
  );
});

t.test('delay is half the round trip, varied by the jitter, in order', async (test) => {
  const { probe } = run('rtt=100,jitter=20,seed=5', 3000, 50).made;
  const delays = probe.sent.map(({ atMs }, k) => atMs - k * 50);
  test.equal(delays.length, 3000);
  test.ok(Math.min(...delays) >= 40 && Math.min(...delays) < 41);
  test.ok(Math.max(...delays) <= 60 && Math.max(...delays) > 59);
  const mean = delays.reduce((sum, one) => sum + one, 0) / delays.length;
  test.ok(Math.abs(mean - 50) < 0.5, `mean ${mean}`);
  const dense = run('rtt=100,jitter=100,seed=5', 3000, 1).numbers;
  test.same(
    dense,
    Array.from({ length: 3000 }, (_, k) => k),
  );
});

t.test('losses come as often as asked, alone or in bursts', async (test) => {
  const bursts = (numbers: number[], count: number): { share: number; mean: number } => {
    const arrived = new Set(numbers);
    let lost = 0;
    let runs = 0;
    for (let k = 0; k < count; k += 1) {
      if (arrived.has(k)) continue;
      lost += 1;
      if (k === 0 || arrived.has(k - 1)) runs += 1;
    }
    return { share: lost / count, mean: lost / runs };
  };
  const alone = bursts(run('loss=5,seed=11', 40_000, 0.01).numbers, 40_000);
  test.ok(Math.abs(alone.share - 0.05) < 0.005, `share ${alone.share}`);
  test.ok(Math.abs(alone.mean - 1 / 0.95) < 0.05, `mean ${alone.mean}`);
  const grouped = bursts(run('loss=20,burst=5,seed=11', 40_000, 0.01).numbers, 40_000);
  test.ok(Math.abs(grouped.share - 0.2) < 0.02, `share ${grouped.share}`);
  test.ok(Math.abs(grouped.mean - 5) < 0.4, `mean ${grouped.mean}`);
  test.same(run('loss=100', 100).numbers, []);
  test.equal(run('loss=0', 100).numbers.length, 100);
});

t.test('duplicates, reorder and corruption come as often as asked', async (test) => {
  const twice = run('duplicate=10,seed=2', 20_000, 0.01);
  test.ok(Math.abs(twice.numbers.length - 22_000) < 150, `${twice.numbers.length}`);
  test.equal(new Set(twice.numbers).size, 20_000);
  const mixed = run('reorder=10,seed=2', 5000, 20).numbers;
  const behind = mixed.filter((one, at) => at > 0 && one < (mixed[at - 1] ?? 0)).length;
  test.equal(mixed.length, 5000);
  test.ok(behind > 400 && behind < 600, `${behind}`);
  const { probe } = run('corrupt=10,seed=2', 10_000, 0.01).made;
  let worse = 0;
  const damaged = probe.sent.filter(({ bytes }, k) => {
    const want = numbered(k);
    const bits = bytes.reduce((sum, byte, at) => sum + popcount(byte ^ (want[at] ?? 0)), 0);
    if (bits > 1) worse += 1;
    return bits === 1;
  }).length;
  test.equal(worse, 0);
  test.ok(Math.abs(damaged - 1000) < 120, `${damaged}`);
});

t.test('cuts let nothing through in either direction, and can be repeated', async (test) => {
  const { clock, probe, pipe } = make('cut=100-200,cut=300-400');
  const down: number[] = [];
  pipe.onDatagram((bytes) => down.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)));
  for (let k = 0; k < 50; k += 1) {
    pipe.send(numbered(k));
    probe.datagram(numbered(k));
    clock.advance(10);
  }
  const open = [...Array(50).keys()].filter((k) => !(k >= 10 && k < 20) && !(k >= 30 && k < 40));
  test.same(
    probe.sent.map(({ bytes }) => bytes[3]),
    open,
  );
  test.same(down, open);
  test.equal(pipe.up.cut, 20);
  test.equal(pipe.down.cut, 20);
});

t.test('the link changes while it runs; what is on its way keeps its time', async (test) => {
  const { clock, probe, pipe } = make('rtt=200');
  pipe.send(numbered(0));
  pipe.setLink('rtt=20');
  pipe.send(numbered(1));
  pipe.setLink('');
  clock.advance(99);
  test.equal(probe.sent.length, 0, 'order is kept');
  clock.advance(1);
  test.same(
    probe.sent.map(({ bytes }) => bytes[3]),
    [0, 1],
  );
  clock.advance(1);
  pipe.send(numbered(2));
  test.equal(probe.sent.length, 3, 'a perfect link delivers at once');
  test.same(pipe.settings, PERFECT_LINK);
});

t.test('a close comes after what was sent before, and is told once', async (test) => {
  const { clock, probe, pipe } = make('rtt=100,loss=0');
  const codes: number[] = [];
  pipe.onClose((code) => codes.push(code));
  pipe.send(numbered(0));
  pipe.close(19);
  pipe.send(numbered(1));
  clock.advance(49);
  test.equal(probe.closedWith, -1);
  clock.advance(1);
  test.equal(probe.sent.length, 1);
  test.equal(probe.closedWith, 19);
  probe.end(19);
  clock.advance(1000);
  await Promise.resolve();
  test.same(codes, [19]);
  const other = make('rtt=100');
  const heard: unknown[] = [];
  other.pipe.onDatagram((bytes) => heard.push(bytes[3]));
  other.pipe.onClose((code) => heard.push(`closed ${code}`));
  other.probe.datagram(numbered(5));
  other.probe.end(7);
  other.clock.advance(50);
  await Promise.resolve();
  test.same(heard, [5, 'closed 7']);
});

t.test(
  'a last datagram goes past the link at once: timers of a page that is left do not run',
  async (test) => {
    const clock = new ManualClock();
    const inner = new Probe(clock);
    const pipe = lossyPipe(inner, { ...PERFECT_LINK, rttMs: 100, lossPercent: 100 }, clock);
    pipe.send(Uint8Array.of(1));
    pipe.close(19, Uint8Array.of(2));
    test.same([inner.sent.map(({ bytes }) => bytes[0]), inner.closedWith], [[2], 19]);
    clock.advance(1000);
    test.equal(inner.sent.length, 1, 'and nothing comes after it');
  },
);

t.test('what waits is a copy: the caller may write over its bytes at once', async (test) => {
  const { clock, probe, pipe } = make('rtt=100');
  const scratch = new Uint8Array(8);
  for (let k = 0; k < 3; k += 1) {
    scratch.fill(k);
    pipe.send(scratch);
  }
  clock.advance(50);
  test.same(
    probe.sent.map(({ bytes }) => bytes[7]),
    [0, 1, 2],
  );
});

t.test('a flood onto a slow link is bounded', async (test) => {
  const { pipe } = make('rtt=10000');
  for (let k = 0; k < 10_000; k += 1) pipe.send(numbered(k));
  test.equal(pipe.up.waiting, 4096);
  test.equal(pipe.up.overflowed, 5904);
});

t.test('a server behind a link: its own chances for each pipe, both ways', async (test) => {
  const clock = new ManualClock();
  const memory = new MemoryServer();
  const server = lossyServer(memory, 'rtt=40,loss=50,seed=9', clock);
  const heard = new Map<number, number>();
  server.onOpen((pipe) => heard.set(pipe, 0));
  server.onDatagram((pipe, bytes) => {
    heard.set(pipe, (heard.get(pipe) ?? 0) + 1);
    server.send(pipe, bytes);
  });
  const closed: number[] = [];
  server.onClose((_pipe, code) => closed.push(code));
  const back = [0, 0];
  const pipes = [memory.connect(), memory.connect()];
  for (const [k, pipe] of pipes.entries()) pipe.onDatagram(() => (back[k] = (back[k] ?? 0) + 1));
  for (let k = 0; k < 200; k += 1) {
    for (const pipe of pipes) pipe.send(numbered(k));
    for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
    clock.advance(10);
  }
  clock.advance(100);
  for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
  test.equal(server.pipes, 2);
  const [a = 0, b = 0] = [...heard.values()];
  test.ok(a > 60 && a < 140 && b > 60 && b < 140 && a !== b, `${a} and ${b} of 200`);
  test.ok((back[0] ?? 0) < a && (back[0] ?? 0) > 20);
  for (const pipe of heard.keys()) server.close(pipe, 18);
  clock.advance(20);
  for (let k = 0; k < 10; k += 1) await Promise.resolve();
  test.same(closed, [18, 18]);
  test.equal(server.pipes, 0);
});

t.test(
  'a link with a rate passes so much each way; what would wait too long is lost',
  async (test) => {
    const clock = new ManualClock();
    const server = new MemoryServer();
    let took = 0;
    server.onDatagram((_pipe, bytes) => {
      took += bytes.length + 28;
    });
    const pipe = lossyPipe(connectMemory(server, 'peer-1'), 'rate=64', clock);
    for (let k = 0; k < 10; k += 1) await Promise.resolve();
    // 64 kbit/s are 8,000 bytes a second; 5 s of twice as much, so that the queue of two seconds is full after two.
    const datagram = new Uint8Array(372);
    for (let ms = 0; ms < 5000; ms += 25) {
      pipe.send(datagram);
      clock.advance(25);
      await Promise.resolve();
      if (ms === 1000) test.equal(pipe.up.overflowed, 0, 'they wait');
    }
    test.ok(took > 0.98 * 5 * 8000 && took <= 5 * 8000, `${took} bytes in 5 s`);
    test.ok(pipe.up.overflowed > 50, `${pipe.up.overflowed} were lost`);
    test.ok(pipe.up.waiting * 400 <= 2 * 8000, `${pipe.up.waiting} wait`);
    clock.advance(2000);
    test.equal(pipe.up.waiting, 0);
    test.equal(pipe.up.delivered + pipe.up.overflowed, 200);
    // One kilobyte at 1 kbit/s takes eight seconds, and comes; the one behind it would wait too long.
    pipe.setLink('rate=1');
    const before = pipe.up.overflowed;
    for (let k = 0; k < 2; k += 1) pipe.send(new Uint8Array(1000));
    test.same([pipe.up.waiting, pipe.up.overflowed - before], [1, 1]);
    clock.advance(9000);
    test.equal(pipe.up.waiting, 0);
  },
);

t.test(
  'text and settings go into each other; wrong text is refused with a reason',
  async (test) => {
    test.same(parseLink(''), PERFECT_LINK);
    test.same(
      parseLink(
        ' rtt=60, jitter=10 ,loss=5,seed=1,burst=3,reorder=1,duplicate=0.5,corrupt=0,rate=64,cut=5000-8000,cut=1-2',
      ),
      {
        rttMs: 60,
        jitterMs: 10,
        lossPercent: 5,
        seed: 1,
        burst: 3,
        reorderPercent: 1,
        duplicatePercent: 0.5,
        corruptPercent: 0,
        rateKbps: 64,
        cuts: [
          { fromMs: 5000, toMs: 8000 },
          { fromMs: 1, toMs: 2 },
        ],
      },
    );
    const wrong: [string, RegExp][] = [
      ['rtt', /key=value/],
      ['rtt=', /key=value/],
      ['rtt=1=2', /key=value/],
      ['ping=3', /keys are rtt/],
      ['loss=101', /0 to 100/],
      ['loss=-1', /0 to 100/],
      ['loss=x', /0 to 100/],
      ['seed=1.5', /whole number/],
      ['rtt=1,rtt=2', /twice/],
      ['cut=5', /from-to/],
      ['cut=5-5', /from-to/],
      ['cut=9-5', /from-to/],
      ['rtt=1e3', /number/],
      ['toString=1', /keys are/],
      ['__proto__=1', /keys are/],
    ];
    for (const [text, reason] of wrong)
      test.throws(() => parseLink(text), { code: 'E_CONFIG', message: reason }, text);
    const whole = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
    const cut = fc
      .tuple(whole(10_000), fc.integer({ min: 1, max: 10_000 }))
      .map(([fromMs, more]) => ({ fromMs, toMs: fromMs + more }));
    fc.assert(
      fc.property(
        fc.record(
          {
            rttMs: whole(60_000),
            jitterMs: whole(100),
            lossPercent: whole(100),
            burst: whole(1000),
            reorderPercent: whole(100),
            duplicatePercent: whole(100),
            corruptPercent: whole(100),
            rateKbps: whole(10_000_000),
            seed: whole(0xffff_ffff),
            cuts: fc.array(cut, { maxLength: 3 }),
          },
          { noNullPrototype: true },
        ),
        (link) =>
          JSON.stringify(sorted(parseLink(formatLink(link)))) === JSON.stringify(sorted(link)),
      ),
      { numRuns: 50 },
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseLink(text);
        } catch (error) {
          return (error as { code?: string }).code === 'E_CONFIG';
        }
        return true;
      }),
    );
  },
);

function sorted(link: LinkSettings): unknown {
  return Object.entries(link).sort(([a], [b]) => (a < b ? -1 : 1));
}

function popcount(byte: number): number {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}
