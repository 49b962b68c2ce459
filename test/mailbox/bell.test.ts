import { Worker } from 'node:worker_threads';
import { test } from 'tap';
import { Bell, createBell } from '../../src/mailbox/bell.ts';

test('a bell wakes once, and only a consumer that sleeps', (t) => {
  const memory = createBell();
  let woken = 0;
  const producer = new Bell(memory, () => {
    woken += 1;
  });
  const consumer = new Bell(memory);
  t.equal(producer.ring(), false, 'awake: nobody is woken');
  consumer.sleeping();
  t.equal(producer.ring(), true);
  t.equal(producer.ring(), false, 'woken already');
  t.equal(woken, 1);
  t.equal(consumer.wakes, 1);
  consumer.sleeping();
  consumer.awake();
  t.equal(producer.ring(), false, 'it went on by itself');
  t.end();
});

test('a consumer that was rung before it blocks does not block', async (t) => {
  const memory = createBell();
  const bell = new Bell(memory);
  bell.sleeping();
  bell.ring();
  const before = performance.now();
  bell.wait(2000);
  t.ok(performance.now() - before < 500);
  t.equal(bell.waitAsync(), undefined);
  bell.sleeping();
  const waiting = bell.waitAsync();
  t.ok(waiting instanceof Promise);
  bell.ring();
  await waiting;
});

test('pause ends with its time and not with a ring', (t) => {
  const bell = new Bell(createBell());
  bell.sleeping();
  bell.ring();
  const before = performance.now();
  bell.pause(30);
  t.ok(performance.now() - before >= 29);
  bell.pause(-5);
  t.end();
});

test('two threads: no wake is lost and none is given to one that is awake', async (t) => {
  const memory = createBell();
  const count = new Int32Array(new SharedArrayBuffer(8));
  const code = `
    const { workerData } = require('node:worker_threads');
    import('tsx/esm/api').then((tsx) => { tsx.register(); return import(workerData.bell); }).then(({ Bell }) => {
      const bell = new Bell(workerData.memory);
      for (let i = 0; i < 20000; i += 1) { Atomics.add(workerData.count, 0, 1); bell.ring(); if (i % 64 === 0) Atomics.wait(workerData.count, 1, 0, 0.05); }
    });`;
  const worker = new Worker(code, {
    eval: true,
    workerData: { memory, count, bell: new URL('../../src/mailbox/bell.ts', import.meta.url).href },
  });
  const bell = new Bell(memory);
  let seen = 0;
  let slept = 0;
  const deadline = performance.now() + 30_000;
  while (seen < 20_000 && performance.now() < deadline) {
    bell.sleeping();
    const now = Atomics.load(count, 0);
    if (now !== seen) {
      bell.awake();
      seen = now;
      continue;
    }
    const lost = new Promise((resolve) => setTimeout(resolve, 5000, 'lost').unref());
    const waiting = bell.waitAsync();
    if (waiting !== undefined) {
      slept += 1;
      t.not(await Promise.race([waiting, lost]), 'lost');
    }
  }
  t.equal(seen, 20_000);
  t.ok(bell.wakes <= 20_000 && bell.wakes >= slept, 'each sleep ended by one wake');
  await worker.terminate();
});
