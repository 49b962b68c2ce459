/** Frames make no garbage in a browser: the heap before and after 20,000 calls of `game.view` in a game with 20 bots. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import t from 'tap';
import { complaintsOf, openChromium, startServer } from './chromium.ts';
import type { Act, HeapReport } from './garbage-page.ts';

/** Of 200 frames each, between two frames of the browser. */
const BLOCKS = 100;
/** Until V8 has compiled everything for good, and each entity in sight has had its row. */
const WARM_BLOCKS = 200;
/**
 * Of 20,000 frames, in which about 50 commands leave: less than a number for each command. V8 itself takes some for what
 * it compiles late.
 */
const BYTES_MAX = 500;
const ROUNDS_MAX = 20;

t.test('20,000 frames make no garbage', { timeout: 180_000 }, async (t) => {
  const server = await startServer(['--bots', '20', '--logLevel', 'error']);
  t.teardown(() => server.stop());
  const browser = await openChromium(['--js-flags=--expose-gc', '--enable-precise-memory-info']);
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  const complaints = await complaintsOf(page);
  await openFrames(page, server.url);
  const measure = (act: Act, blocks: number) =>
    page.evaluate(([act, blocks]) => window.measureGarbage(act, blocks), [act, blocks] as const);

  await measure('draw', WARM_BLOCKS);
  const rounds: HeapReport[] = [];
  // The compiler may come late, and who comes into sight for the first time gets a row; garbage of ours is always there.
  while (rounds.length < ROUNDS_MAX && !rounds.some(({ bytes }) => bytes < BYTES_MAX))
    rounds.push(await measure('draw', BLOCKS));
  const all = rounds.map(({ bytes }) => bytes).join(', ');
  const { bytes: own, commands, players } = rounds.at(-1) as HeapReport;
  const figures = `${own} bytes in 20,000 frames and ${commands} commands, ${players} players in sight`;
  t.comment(`${figures}; rounds: ${all}`);
  t.ok(own < BYTES_MAX, `${figures}; rounds: ${all}`);
  t.ok(commands >= BLOCKS / 4, `${commands} commands left in the frames`);

  await measure('planted', WARM_BLOCKS);
  const { bytes, frames } = await measure('planted', BLOCKS);
  t.comment(`planted: ${bytes} bytes`);
  t.ok(bytes > frames * 8, `one object a frame is seen: ${bytes} bytes`);
  t.same(complaints, []);
});

/** The arena's page with the script of this test in place of its own, and in that the client that `dist/` ships. */
async function openFrames(page: Page, url: string): Promise<void> {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL('garbage-page.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  });
  const body = bundle.outputFiles[0]?.text ?? '';
  await page.route('**/main.js', (route) =>
    route.fulfill({ body, contentType: 'text/javascript' }),
  );
  const wrong = page.waitForEvent('pageerror').then((error) => Promise.reject(error));
  await page.goto(url);
  await Promise.race([page.waitForFunction(() => 'measureGarbage' in window), wrong]);
}
