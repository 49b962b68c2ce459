/** 1,000 clients that come and go, half of them sent away, over a transport of any kind: what they must not leave behind. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import type { ClientPipe, ServerTransport } from '../../src/transport/types.ts';
import { bytesOf, text, until } from './contract.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const CYCLES = 1000;
/** At once. */
const LANES = 10;

export interface Stage {
  readonly server: ServerTransport;
  connect(): Promise<ClientPipe>;
  stop(): Promise<void>;
  /** What else may have grown, in bytes. */
  bytes?(): Promise<number>;
  /** After all have gone. */
  settled?(test: Test): void;
}

interface Limits {
  /** That the second half of the cycles may add to the heap. */
  readonly heapBytesMax?: number;
  /** And to `Stage.bytes`. */
  readonly bytesMax?: number;
}

interface Bytes {
  readonly heap: number;
  readonly other: number;
}

export function cycles(name: string, open: () => Promise<Stage>, limits: Limits = {}): void {
  t.test(`${name}: 1,000 come and go, and leave nothing behind`, async (test) => {
    const stage = await open();
    test.teardown(() => stage.stop());
    const { server } = stage;
    const opened: number[] = [];
    const closed = new Set<number>();
    /** Pipe by what its client says. */
    const pipes = new Map<string, number>();
    server.onOpen((pipe) => opened.push(pipe));
    server.onDatagram((pipe, bytes) => {
      pipes.set(text(bytes), pipe);
      server.send(pipe, bytes);
    });
    server.onClose((pipe) => closed.add(pipe));
    const one = async (k: number): Promise<void> => {
      const word = `client ${k}`;
      const pipe = await stage.connect();
      let back = 0;
      pipe.onDatagram(() => (back += 1));
      // Some kinds may lose one.
      for (let tries = 0; back === 0 && tries < 20; tries += 1) {
        pipe.send(bytesOf(word));
        await until(() => back > 0, 1000).catch(() => {});
      }
      const number = pipes.get(word) ?? -1;
      if (k % 2 === 0) pipe.close(0);
      else server.close(number, 0);
      await until(() => closed.has(number), 20_000);
      pipes.delete(word);
    };
    const half = async (from: number): Promise<Bytes> => {
      let next = from;
      const lane = async (): Promise<void> => {
        while (next < from + CYCLES / 2) await one(next++);
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      return settled(stage);
    };
    const before = await half(0);
    const after = await half(CYCLES / 2);
    test.equal(new Set(opened).size, CYCLES, 'no number comes twice soon');
    test.equal(closed.size, CYCLES);
    test.equal(server.pipes, 0);
    test.equal(server.counters.opened, CYCLES);
    test.equal(server.counters.closed, CYCLES);
    stage.settled?.(test);
    let heapBytes = after.heap - before.heap;
    let otherBytes = after.other - before.other;
    const heapMost = limits.heapBytesMax ?? 1_000_000;
    if (heapBytes >= heapMost) {
      // V8 throws code away and makes it anew now and then, some 2 MB; what leaks grows each time.
      const again = await half(CYCLES);
      heapBytes = Math.min(heapBytes, again.heap - after.heap);
      otherBytes = Math.min(otherBytes, again.other - after.other);
    }
    test.comment(`${heapBytes} bytes of heap, ${otherBytes} others for the second half`);
    test.ok(heapBytes < heapMost, `${heapBytes} bytes of heap`);
    test.ok(otherBytes <= (limits.bytesMax ?? 0), `${otherBytes} bytes`);
  });
}

async function settled(stage: Stage): Promise<Bytes> {
  // What closes takes a moment to be let go.
  await new Promise((resolve) => setTimeout(resolve, 200));
  collect();
  return { heap: process.memoryUsage().heapUsed, other: (await stage.bytes?.()) ?? 0 };
}
