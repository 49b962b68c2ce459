/** The producer of the two-thread test: writes `count` records as fast as the ring takes them, answers with its refusals. */
import { parentPort, workerData } from 'node:worker_threads';
import { Ring } from '../../src/mailbox/ring.ts';

const { buffer, count } = workerData as { buffer: SharedArrayBuffer; count: number };
const writer = new Ring(buffer, 'write');
const source = new Uint8Array(512);
const words = new Int32Array(source.buffer);
/** Nobody changes it: to wait on when the ring is full, so that the reader gets the processor. */
const idle = new Int32Array(new SharedArrayBuffer(4));
let refused = 0;
for (let n = 0; n < count; n += 1) {
  const length = n % 255;
  for (let i = 0; i < length; i += 1) source[4 + i] = n + i;
  const kind = 1 + (n % 255);
  const write = (): boolean =>
    n % 2 === 0
      ? writer.tryWrite(kind, n, n ^ 0x55, source, 4, length)
      : writer.tryWriteWords(kind, n, n ^ 0x55, words, 1, length);
  while (!write()) {
    refused += 1;
    Atomics.wait(idle, 0, 0, 0.05);
  }
}
parentPort?.postMessage(refused);
