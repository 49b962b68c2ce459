/**
 * What every transport has to keep, whatever carries it. A transport brings a `Bench`, and runs the same suite.
 */

import type { Test } from 'tap';
import t from 'tap';
import { PACKET_BYTES_MAX } from '../../protocol/gen/tables.ts';
import type { ClientPipe, ServerTransport } from '../../src/transport/types.ts';
import { CLOSE } from '../../src/transport/types.ts';

/** One transport under test. */
export interface Bench {
  readonly name: string;
  /** False: a close tells the other end no code, it hears `CLOSE.normal`. Default true. */
  readonly tellsCodes?: boolean;
  /** False: the network may change the order of datagrams, and a slow reader loses them unseen. Default true. */
  readonly ordered?: boolean;
  /** Code for a peer that has vanished. Default `CLOSE.lost`. */
  readonly vanished?: number;
  /** Connects and disconnects in a row. Default 200. */
  readonly cycles?: number;
  /** `impatient`: with a silence limit of some 200 ms where its kind has one, otherwise with its default. */
  open(impatient: boolean): Promise<Stage>;
}

export interface Stage {
  readonly server: ServerTransport;
  connect(): Promise<ClientPipe>;
  /** Stops and restarts reading of a client, without closing it. Absent where a reader of this kind cannot be stopped. */
  pause?(pipe: ClientPipe): void;
  resume?(pipe: ClientPipe): void;
  /** The client's machine loses its power: no farewell. */
  vanish(pipe: ClientPipe): void;
  /** Opens a pipe whose peer never answers anything again; null where the kind cannot know that. */
  halfOpen: (() => Promise<void>) | null;
  stop(): Promise<void>;
}

/** What a server heard, by pipe. */
class Log {
  readonly opened: number[] = [];
  readonly addresses: string[] = [];
  readonly heard = new Map<number, Uint8Array[]>();
  readonly closed: { pipe: number; code: number }[] = [];

  constructor(server: ServerTransport, echo = false) {
    server.onOpen((pipe, address) => {
      this.opened.push(pipe);
      this.addresses.push(address);
      this.heard.set(pipe, []);
    });
    server.onDatagram((pipe, bytes) => {
      this.heard.get(pipe)?.push(bytes.slice());
      if (echo) server.send(pipe, bytes);
    });
    server.onClose((pipe, code) => this.closed.push({ pipe, code }));
  }
}

export function contract(bench: Bench): void {
  /** What the other end hears of a code. */
  const told = (code: number): number => (bench.tellsCodes === false ? CLOSE.normal : code);
  /** As it came, where order is promised. */
  const inOrder = <T>(all: T[], compare?: (a: T, b: T) => number): T[] =>
    bench.ordered === false ? all.sort(compare) : all;
  const stage = (name: string, run: (test: Test, stage: Stage) => Promise<void>): void => {
    t.test(`${bench.name}: ${name}`, async (test) => {
      const held = await bench.open(name.includes('half-open'));
      test.teardown(() => held.stop());
      await run(test, held);
    });
  };

  stage(
    'opens with an address and carries datagrams both ways',
    async (test, { server, connect }) => {
      const log = new Log(server, true);
      const pipe = await connect();
      const back: string[] = [];
      pipe.onDatagram((bytes) => back.push(text(bytes)));
      pipe.send(bytesOf('one'));
      pipe.send(bytesOf('two'));
      await until(() => back.length === 2);
      test.same(inOrder(back), ['one', 'two']);
      test.equal(server.pipes, 1);
      test.ok((log.addresses[0] ?? '').length > 0);
      test.equal(server.counters.datagramsIn, 2);
      test.equal(server.counters.bytesOut, 6);
    },
  );

  stage(
    'carries every size from 1 to the limit, and nothing else',
    async (test, { server, connect }) => {
      const log = new Log(server, true);
      const pipe = await connect();
      const sizes: number[] = [];
      let wrong = 0;
      pipe.onDatagram((bytes) => {
        sizes.push(bytes.length);
        if (!bytes.every((byte, at) => byte === (bytes.length * 31 + at) % 256)) wrong += 1;
      });
      for (let size = 1; size <= PACKET_BYTES_MAX; size += 1) {
        pipe.send(Uint8Array.from({ length: size }, (_, at) => (size * 31 + at) % 256));
        if (size % 20 === 0) await until(() => sizes.length === size);
      }
      test.same(
        inOrder(sizes, (a, b) => a - b),
        Array.from({ length: PACKET_BYTES_MAX }, (_, at) => at + 1),
      );
      test.equal(wrong, 0);
      const number = log.opened[0] ?? -1;
      test.equal(server.send(number, new Uint8Array(PACKET_BYTES_MAX + 1)), false);
      test.equal(server.send(number, new Uint8Array(0)), false);
      pipe.send(new Uint8Array(PACKET_BYTES_MAX + 1));
      pipe.send(new Uint8Array(0));
      test.equal(pipe.dropped, 2);
      test.equal(server.counters.droppedOut, 2);
    },
  );

  stage(
    'sends copies: the caller may write over its bytes at once',
    async (test, { server, connect }) => {
      const log = new Log(server);
      const pipe = await connect();
      const back: number[] = [];
      pipe.onDatagram((bytes) => back.push(bytes[0] ?? -1));
      await until(() => log.opened.length === 1);
      const scratch = new Uint8Array(200);
      for (let k = 0; k < 4; k += 1) {
        scratch.fill(k);
        server.send(log.opened[0] ?? -1, scratch);
        pipe.send(scratch);
      }
      scratch.fill(99);
      await until(() => back.length === 4 && log.heard.get(log.opened[0] ?? -1)?.length === 4);
      test.same(inOrder(back), [0, 1, 2, 3]);
      test.same(
        inOrder((log.heard.get(log.opened[0] ?? -1) ?? []).map((bytes) => bytes[199])),
        [0, 1, 2, 3],
      );
    },
  );

  stage('carries a burst in order', async (test, { server, connect }) => {
    const log = new Log(server);
    const pipe = await connect();
    for (let k = 0; k < 50; k += 1) pipe.send(Uint8Array.of(k, 1, 2, 3));
    const heard = (): Uint8Array[] => log.heard.get(log.opened[0] ?? -1) ?? [];
    await until(() => heard().length === 50);
    test.same(
      inOrder(
        heard().map((bytes) => bytes[0] ?? -1),
        (a, b) => a - b,
      ),
      Array.from({ length: 50 }, (_, k) => k),
    );
  });

  stage('drops behind a slow reader, tells, and goes on after', async (test, held) => {
    const { server, connect } = held;
    if (held.pause === undefined || held.resume === undefined) {
      test.pass('a reader of this kind cannot be stopped');
      return;
    }
    const log = new Log(server);
    const slow = await connect();
    const quick = await connect();
    let seen = 0;
    let last = -1;
    slow.onDatagram((bytes) => {
      seen += 1;
      last = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    });
    let quickSeen = 0;
    quick.onDatagram(() => (quickSeen += 1));
    await until(() => log.opened.length === 2);
    held.pause(slow);
    const bytes = new Uint8Array(1000);
    let refused = 0;
    let sent = 0;
    const bursts = bench.ordered === false ? 2000 : 20_000;
    for (let k = 0; k < bursts; k += 1) {
      new DataView(bytes.buffer).setUint32(0, k);
      if (server.send(log.opened[0] ?? -1, bytes)) sent += 1;
      else refused += 1;
      if (k % 500 === 0) await sleep(1);
    }
    if (bench.ordered !== false) test.ok(refused > 0, 'something is dropped');
    test.equal(server.counters.droppedSlow, refused);
    server.send(log.opened[1] ?? -1, bytes);
    await until(() => quickSeen === 1);
    held.resume(slow);
    if (bench.ordered === false) test.ok(seen < sent, 'lost on the way, and nobody can tell');
    else await until(() => seen === sent);
    new DataView(bytes.buffer).setUint32(0, 77_777);
    test.equal(server.send(log.opened[0] ?? -1, bytes), true);
    await until(() => last === 77_777);
    test.equal(log.closed.length, 0);
  });

  stage("closes from the server with the caller's code", async (test, { server, connect }) => {
    const log = new Log(server);
    const pipe = await connect();
    const codes: number[] = [];
    const before: string[] = [];
    pipe.onDatagram((bytes) => before.push(text(bytes)));
    pipe.onClose((code) => codes.push(code));
    await until(() => log.opened.length === 1);
    const number = log.opened[0] ?? -1;
    server.send(number, bytesOf('last words'));
    server.close(number, 16, 'too many');
    server.close(number, 17);
    await until(() => codes.length > 0 && log.closed.length > 0);
    test.same(before, ['last words']);
    test.same(codes, [told(16)]);
    test.same(log.closed, [{ pipe: number, code: 16 }]);
    test.equal(server.send(number, bytesOf('x')), false);
    server.close(number, 1);
    pipe.send(bytesOf('x'));
    test.equal(server.pipes, 0);
  });

  stage(
    "closes from the client with the caller's code, once",
    async (test, { server, connect }) => {
      const log = new Log(server);
      const pipe = await connect();
      const codes: number[] = [];
      pipe.onClose((code) => codes.push(code));
      await until(() => log.opened.length === 1);
      pipe.send(bytesOf('bye'));
      pipe.close(19);
      pipe.close(20);
      await until(() => codes.length > 0 && log.closed.length > 0);
      await sleep(5);
      test.same(log.heard.get(log.opened[0] ?? -1)?.map(text), ['bye']);
      test.same(codes, [19]);
      test.same(log.closed, [{ pipe: log.opened[0], code: told(19) }]);
    },
  );

  stage('closes with a last datagram, which arrives before', async (test, { server, connect }) => {
    const log = new Log(server);
    const pipe = await connect();
    await until(() => log.opened.length === 1);
    const number = log.opened[0] ?? -1;
    const heard: string[] = [];
    server.onDatagram((one, bytes) => heard.push(`${one} ${text(bytes)} ${log.closed.length}`));
    pipe.close(0, bytesOf('goodbye'));
    pipe.close(0, bytesOf('and again'));
    await until(() => log.closed.length === 1);
    test.same(heard, [`${number} goodbye 0`]);
    test.same(log.closed, [{ pipe: number, code: CLOSE.normal }]);
    test.equal(server.pipes, 0);
  });

  stage('tells that a peer has vanished', async (test, held) => {
    const log = new Log(held.server);
    const pipe = await held.connect();
    await until(() => log.opened.length === 1);
    held.vanish(pipe);
    await until(() => log.closed.length === 1);
    test.equal(log.closed[0]?.code, bench.vanished ?? CLOSE.lost);
    test.equal(held.server.pipes, 0);
  });

  stage('closes a half-open pipe after the silence, and spares the living', async (test, held) => {
    if (held.halfOpen === null) {
      test.pass('a pipe of this kind cannot be half open');
      return;
    }
    const log = new Log(held.server);
    await held.connect();
    await held.halfOpen();
    await until(() => log.opened.length === 2);
    await until(() => log.closed.length === 1, 3000);
    await sleep(300);
    test.same(log.closed, [{ pipe: log.opened[1], code: CLOSE.silent }]);
    test.equal(held.server.counters.silent, 1);
    test.equal(held.server.pipes, 1);
  });

  stage('connects and disconnects leave nothing behind', async (test, { server, connect }) => {
    const log = new Log(server, true);
    const cycles = bench.cycles ?? 200;
    for (let k = 0; k < cycles; k += 1) {
      const pipe = await connect();
      let back = 0;
      pipe.onDatagram(() => (back += 1));
      pipe.send(bytesOf('x'));
      await until(() => back === 1);
      if (k % 2 === 0) pipe.close(0);
      else server.close(log.opened[k] ?? -1, 0);
      await until(() => log.closed.length === k + 1);
    }
    test.equal(server.pipes, 0);
    test.equal(server.counters.opened, cycles);
    test.equal(server.counters.closed, cycles);
    test.equal(new Set(log.opened).size, cycles, 'no number comes twice soon');
    test.ok(log.opened.every((pipe) => pipe > 0 && pipe < 2 ** 31));
  });

  stage('stop closes all pipes and lets nobody in', async (test, held) => {
    const log = new Log(held.server);
    const pipes = await Promise.all([held.connect(), held.connect(), held.connect()]);
    const codes: number[] = [];
    for (const pipe of pipes) pipe.onClose((code) => codes.push(code));
    await until(() => log.opened.length === 3);
    await held.server.stop();
    await until(() => codes.length === 3);
    test.same(codes, [CLOSE.away, CLOSE.away, CLOSE.away].map(told));
    test.equal(log.closed.length, 3);
    const late = await held.connect().then(
      (pipe) => new Promise<number>((resolve) => pipe.onClose(resolve)),
      () => CLOSE.lost,
    );
    test.equal(late, CLOSE.lost);
  });
}

/** Waits until something holds; fails the test with a rejection after `timeoutMs`. */
export async function until(holds: () => boolean, timeoutMs = 5000): Promise<void> {
  const started = performance.now();
  while (!holds()) {
    if (performance.now() - started > timeoutMs)
      throw new Error(`not within ${timeoutMs} ms: ${holds.toString()}`);
    await sleep(1);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function bytesOf(words: string): Uint8Array {
  return new TextEncoder().encode(words);
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
