/**
 * Loaded into a server under test before its own code (`--expose-gc --require`), in each of its threads: when the test asks
 * over the channel of the child process, all threads collect their garbage and say what they still hold. CommonJS, because
 * only `--require` reaches threads that are made from a text. Question and answer are `MemoryRequest` and `Memory` of
 * processes.ts.
 */
const { BroadcastChannel, isMainThread, workerData } = require('node:worker_threads');

const channel = new BroadcastChannel('fray-test-memory');
channel.unref();

if (isMainThread && process.channel !== undefined) {
  process.on('message', ({ threads }) => void answer(threads));
  process.channel.unref();
  // A test that was killed ends nobody.
  process.on('disconnect', () => process.exit(1));
} else if (workerData?.bells !== undefined) {
  // A room worker, by what it is given; the loader's own threads are none of ours.
  channel.onmessage = ({ data }) => {
    if (data === 'ask') channel.postMessage(held());
  };
}

async function answer(threads) {
  let sum = held();
  let missing = threads - 1;
  await new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      sum += data;
      missing -= 1;
      if (missing === 0) resolve();
    };
    channel.postMessage('ask');
  });
  process.send({ rss: process.memoryUsage.rss(), held: sum });
}

/** Bytes. Two collections: what a finaliser lets go of falls to the second. */
function held() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
