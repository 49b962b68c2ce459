/**
 * Test files one after another in this process: `node --import=tsx tools/test/together.mjs FILE...`. Start-up and the
 * modules that many files share are paid for once. After each file come comments of TAP: its own counts, and its end.
 */
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';

let before = { ...t.counts };
for (const file of process.argv.slice(2)) {
  const startedMs = performance.now();
  await import(pathToFileURL(resolve(file)).href).catch((cause) => t.fail(file, cause));
  while (!t.idle) await once(t, 'idle');
  // TAP counts a result when the next one comes; this one is the next file's, and is taken off there.
  t.pass(file);
  const after = { ...t.counts };
  const counts = ['pass', 'fail', 'skip', 'todo'].map(
    (key) => `${key}: ${after[key] - before[key]}`,
  );
  t.comment(`{ ${counts.join(', ')} }`);
  t.comment(`end of ${file} ${Math.round(performance.now() - startedMs)}`);
  before = { ...after, pass: after.pass + 1 };
}
